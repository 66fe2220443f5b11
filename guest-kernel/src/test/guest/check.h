/*
 * Assertions for guest test programs.
 *
 * A program must pass on Linux first; the kernel under test has to give the same answers. A failing check prints where it is and what came instead and the
 * program goes on; check_report() prints the sum as its last line, `NAME: N passed, M failed`.
 */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static const char *check_name;
static unsigned check_passed, check_failed;
static char check_scratch[64];
static int check_parent_fd = -1;

/* The processor is emulated by QEMU, which never raises what SSE instructions should. */
static bool check_emulated;

/* Counts one assertion; the value and errno are what the expression left behind. */
static inline bool check_result(bool ok, const char *file, int line, const char *expression,
                                const char *wanted, long value, int error) {
  if (ok) {
    check_passed++;
    return true;
  }
  check_failed++;
  printf("%s:%d: %s: wanted %s, got %ld (0x%lx), errno %d (%s)\n", file, line, expression, wanted,
         value, (unsigned long)value, error, strerror(error));
  fflush(stdout);
  return false;
}

/* The condition holds. */
#define CHECK(condition)                                                                 \
  ({                                                                                     \
    bool check_ok = (condition);                                                         \
    check_result(check_ok, __FILE__, __LINE__, #condition, "true", check_ok, errno);     \
  })

/* The expression, an integer, equals the wanted value. */
#define CHECK_EQ(expression, wanted)                                                     \
  ({                                                                                     \
    long check_value = (long)(expression);                                               \
    int check_errno = errno;                                                             \
    char check_text[32];                                                                 \
    long check_wanted = (long)(wanted);                                                  \
    snprintf(check_text, sizeof check_text, "%ld", check_wanted);                        \
    check_result(check_value == check_wanted, __FILE__, __LINE__, #expression,           \
                 check_text, check_value, check_errno);                                  \
  })

/* The call succeeds, that is, does not return -1. Gives its result. */
#define CHECK_OK(expression)                                                             \
  ({                                                                                     \
    errno = 0;                                                                           \
    long check_value = (long)(expression);                                               \
    check_result(check_value != -1, __FILE__, __LINE__, #expression, "success",          \
                 check_value, errno);                                                    \
    check_value;                                                                         \
  })

/* The call returns -1 and sets this errno. */
#define CHECK_ERRNO(expression, wanted)                                                  \
  ({                                                                                     \
    errno = 0;                                                                           \
    long check_value = (long)(expression);                                               \
    int check_errno = errno;                                                             \
    check_result(check_value == -1 && check_errno == (wanted), __FILE__, __LINE__,       \
                 #expression, "-1 with " #wanted, check_value, check_errno);             \
  })

/* The call returns -1 and sets one of two errnos: Linux itself differs between file systems. */
#define CHECK_EITHER(expression, one, two)                                               \
  ({                                                                                     \
    errno = 0;                                                                           \
    long check_value = (long)(expression);                                               \
    int check_errno = errno;                                                             \
    check_result(check_value == -1 && (check_errno == (one) || check_errno == (two)),    \
                 __FILE__, __LINE__, #expression, "-1 with " #one " or " #two,           \
                 check_value, check_errno);                                              \
  })

/* A system call by its bare number, for arguments that the C library's prototypes would refuse. */
#define RAW(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

/* Says on a line of its own what could not be tested here. */
static inline void check_skip(const char *what) { printf("%s: skipped: %s\n", check_name, what); }

/* Removes everything beneath an open directory and closes it. Errors show as a failed rmdir. */
static inline void check_remove_beneath(int directory_fd) {
  fchmod(directory_fd, 0700);
  DIR *directory = fdopendir(directory_fd);
  if (!directory) return;
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    if (unlinkat(directory_fd, entry->d_name, 0) == 0) continue;
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    int child = openat(directory_fd, entry->d_name, flags);
    if (child < 0 && fchmodat(directory_fd, entry->d_name, 0700, 0) == 0)
      child = openat(directory_fd, entry->d_name, flags);
    if (child >= 0) check_remove_beneath(child);
    unlinkat(directory_fd, entry->d_name, AT_REMOVEDIR);
  }
  closedir(directory);
}

/* Starts a program: makes a directory of its own beneath argv[1] (default ".") and enters it. */
static inline void check_start(const char *name, int argc, char **argv) {
  check_name = name;
  close_range(3, ~0U, 0); /* what a careless parent left open must not change the numbers here */
  check_emulated = argc > 2 && !strcmp(argv[2], "emulated");
  if (getpgrp() == 0) setsid(); /* the first process of a bare machine has no group */
  const char *parent = argc > 1 ? argv[1] : ".";
  check_parent_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  snprintf(check_scratch, sizeof check_scratch, "check-%s-%d", name, (int)getpid());
  if (check_parent_fd < 0 || mkdirat(check_parent_fd, check_scratch, 0755) || fchdir(check_parent_fd)
      || chdir(check_scratch)) {
    printf("%s: cannot work in %s: %s\n", name, parent, strerror(errno));
    exit(1);
  }
  umask(022);
}

/* Removes the directory, prints the sum and gives the exit code. */
static inline int check_report(void) {
  int scratch = openat(check_parent_fd, check_scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (scratch >= 0) check_remove_beneath(scratch);
  if (unlinkat(check_parent_fd, check_scratch, AT_REMOVEDIR)) {
    printf("%s: cannot remove %s: %s\n", check_name, check_scratch, strerror(errno));
    check_failed++;
  }
  printf("%s: %u passed, %u failed\n", check_name, check_passed, check_failed);
  fflush(stdout);
  return check_failed != 0;
}

/* Makes a file with this content; a failure is a failed check. */
static inline void write_file(const char *path, const void *content, size_t length) {
  int fd = (int)CHECK_OK(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  CHECK_EQ(write(fd, content, length), length);
  CHECK_EQ(close(fd), 0);
}

/* Reads a whole small file as a string; returns its length or -1. */
static inline ssize_t read_text(const char *path, char *buffer, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  size_t length = 0;
  for (ssize_t n; length < size - 1 && (n = read(fd, buffer + length, size - 1 - length)) > 0;)
    length += (size_t)n;
  buffer[length] = 0;
  close(fd);
  return (ssize_t)length;
}

#endif

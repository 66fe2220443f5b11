/*
 * For tests of the machine: takes all there is of one thing, for tests of what is left to others.
 *
 *   hog KIND          takes until it is refused; says so; gives it back and exits with 0
 *
 * The kinds are in the table at the end. What ends one is the errno that Linux has for it, or, for memory, the death of a process: nothing here may be run
 * natively without a limit on the memory and the processes of its user.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* Says what came of it and how often it was done before; the exit code says whether that is one of the ends that are allowed. */
static int end(const char *kind, long count, int one, int other) {
  int error = errno;
  printf("%s: %ld, then %s\n", kind, count, strerrorname_np(error));
  fflush(stdout);
  return error == one || error == other ? 0 : 1;
}

/* Processes that do nothing, until there is no room for one more. */
static int processes(const char *kind) {
  long made = 0;
  while (1) {
    pid_t child = fork();
    if (child == 0) {
      pause();
      _exit(0);
    }
    if (child < 0) break;
    made++;
  }
  int result = end(kind, made, EAGAIN, ENOMEM);
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  while (waitpid(-1, NULL, 0) > 0) continue;
  return result;
}

/* Every process of a user makes more, as many as he may have, for a second; when the parent of them all is back they are gone. */
static int bomb(const char *kind) {
  pid_t first = fork();
  if (first == 0) {
    struct rlimit few = {300, 300};
    if (setpgid(0, 0) || setrlimit(RLIMIT_NPROC, &few) || setgid(1000) || setuid(1000)) _exit(1);
    alarm(1); /* the children have none */
    for (;;) fork();
  }
  int status;
  waitpid(first, &status, 0);
  long rounds = 0;
  while (kill(-first, SIGKILL) == 0 || errno != ESRCH) {
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    rounds++;
  }
  while (waitpid(-1, NULL, 0) > 0) continue;
  printf("%s: ended after %s\n", kind, rounds > 0 ? "being killed" : "nothing");
  return rounds == 0;
}

/* Touches pages for as long as it lives. */
static int memory(const char *kind) {
  for (long mebibytes = 0;; mebibytes++) {
    char *area = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) return end(kind, mebibytes, ENOMEM, ENOMEM);
    for (int at = 0; at < 1 << 20; at += PAGE) area[at] = 1;
  }
}

/* Ten processes do; this one sees each of them end. */
static int crowd(const char *kind) {
  enum { MANY = 10 };
  int bad = 0, status;
  for (int i = 0; i < MANY; i++) {
    pid_t child = fork();
    if (child == 0) _exit(memory(kind));
    if (child < 0) return end(kind, i, EAGAIN, ENOMEM);
  }
  long killed = 0;
  while (wait(&status) > 0) {
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) killed++;
    else bad++;
  }
  printf("%s: %ld killed\n", kind, killed);
  return bad != 0;
}

/* Shared memory, which no process has to itself. */
static int shared(const char *kind) {
  size_t bytes = (size_t)1 << 40;
  char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) return end(kind, 0, ENOMEM, ENOMEM);
  for (size_t at = 0; at < bytes; at += PAGE) area[at] = 1;
  return 1;
}

/* One page in each of many places: page tables take as much again. */
static int tables(const char *kind) {
  size_t apart = 2 << 20, places = 100000;
  char *area = mmap(NULL, places * apart, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) return end(kind, 0, ENOMEM, ENOMEM);
  for (size_t i = 0; i < places; i++) area[i * apart] = 1;
  printf("%s: %zu places\n", kind, places);
  return munmap(area, places * apart) != 0;
}

/* Writes until it is refused; the errno is left there. */
static long fill(int fd) {
  static char block[1 << 16];
  memset(block, 7, sizeof block);
  long blocks = 0;
  while (write(fd, block, sizeof block) == sizeof block) blocks++;
  if (errno == 0) { /* a part was written: the rest has no room */
    while (write(fd, block, PAGE) > 0) continue;
  }
  return blocks;
}

static int file(const char *kind) {
  int fd = open("hog", O_CREAT | O_RDWR, 0644);
  errno = 0;
  long blocks = fill(fd);
  int result = end(kind, blocks, ENOSPC, ENOSPC);
  return result | close(fd) | unlink("hog");
}

static int memfd(const char *kind) {
  int fd = memfd_create("hog", 0);
  errno = 0;
  long blocks = fill(fd);
  return end(kind, blocks, ENOSPC, ENOMEM) | close(fd);
}

/* Files without contents, and their names. */
static int names(const char *kind) {
  char name[32];
  long made = 0;
  for (;; made++) {
    snprintf(name, sizeof name, "hog%ld", made);
    if (mknod(name, S_IFREG | 0600, 0)) break;
  }
  int result = end(kind, made, ENOSPC, ENOMEM);
  while (--made >= 0) {
    snprintf(name, sizeof name, "hog%ld", made);
    result |= unlink(name);
  }
  return result;
}

/* Allows for more descriptors than the usual 1024. */
static void many_descriptors(rlim_t limit) {
  struct rlimit many = {limit, limit};
  setrlimit(RLIMIT_NOFILE, &many);
}

static int pipes(const char *kind) {
  many_descriptors(1 << 18);
  static char block[1 << 16];
  int ends[2];
  long made = 0;
  while (pipe2(ends, O_NONBLOCK) == 0 && write(ends[1], block, sizeof block) > 0) made++;
  return end(kind, made, EMFILE, ENOMEM); /* closed with the process */
}

static int sockets(const char *kind) {
  many_descriptors(1 << 18);
  static char block[1 << 16];
  int ends[2];
  long made = 0;
  while (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0 && write(ends[0], block, sizeof block) > 0) made++;
  return end(kind, made, EMFILE, errno == ENOBUFS ? ENOBUFS : ENOMEM);
}

/* Epolls that watch one pipe, each by itself. */
static int epolls(const char *kind) {
  many_descriptors(20000);
  int ends[2];
  if (pipe(ends)) return 1;
  struct epoll_event event = {.events = EPOLLIN};
  long made = 0;
  for (int fd; (fd = epoll_create1(0)) >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, ends[0], &event) == 0;) made++;
  return end(kind, made, EMFILE, ENOSPC);
}

/* Copies of a descriptor until there may be no more of them, with the usual limit and then with a
 * higher one; then as many files. */
static int descriptors(const char *kind) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit)) return 1;
  limit.rlim_cur = 256;
  if (setrlimit(RLIMIT_NOFILE, &limit)) return 1;
  long copies = 0;
  while (dup(2) >= 0) copies++;
  if (end(kind, copies, EMFILE, EMFILE)) return 1;
  limit.rlim_cur = limit.rlim_max < 1 << 18 ? limit.rlim_max : 1 << 18;
  if (setrlimit(RLIMIT_NOFILE, &limit)) return 1;
  while (dup(2) >= 0) copies++;
  int result = end(kind, copies, EMFILE, ENOMEM);
  result |= close_range(3, ~0U, 0);
  long files = 0;
  while (open("/dev/null", O_RDONLY) >= 0) files++;
  return result | end(kind, files, EMFILE, errno == ENFILE ? ENFILE : ENOMEM);
}

/* Mappings of a page each that cannot become one, in this process and in a child. */
static int mappings(const char *kind) {
  enum { MANY = 100000 };
  size_t bytes = (size_t)MANY * PAGE;
  char *area = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) return end(kind, 0, ENOMEM, ENOMEM);
  long made = 0;
  for (; made < MANY; made++)
    if (mmap(area + made * PAGE, PAGE, made % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
      break;
  int result = made < MANY ? end(kind, made, ENOMEM, ENOMEM) : 0;
  if (made == MANY) printf("%s: all\n", kind);
  area[0] = 1;
  pid_t child = fork();
  if (child == 0) _exit(area[0] != 1);
  int status = 0;
  if (child > 0 && (waitpid(child, &status, 0) != child || status)) result = 1;
  return result | munmap(area, bytes);
}

static const struct {
  const char *name;
  int (*run)(const char *);
} KINDS[] = {
    {"processes", processes}, {"bomb", bomb},   {"memory", memory}, {"crowd", crowd},
    {"shared", shared},       {"tables", tables}, {"file", file},     {"memfd", memfd},
    {"names", names},         {"pipes", pipes},   {"sockets", sockets}, {"epolls", epolls},
    {"descriptors", descriptors}, {"mappings", mappings},
};

int main(int argc, char **argv) {
  setpgid(0, 0); /* as a shell with job control does for every command */
  for (size_t i = 0; argc == 2 && i < sizeof KINDS / sizeof *KINDS; i++)
    if (!strcmp(argv[1], KINDS[i].name)) return KINDS[i].run(argv[1]);
  fprintf(stderr, "usage: hog KIND\n");
  return 2;
}

/*
 * Copy bandwidth between a program's buffer and a file: write, overwrite and read in one call each.
 *
 *   copyfile [DIR=.] [MAX_BYTES=67108864]
 *   copyfile bytes=N rounds=N write_mb_s=X overwrite_mb_s=X read_mb_s=X
 *
 * Sizes go from 64 KiB in steps of four. `write` fills a new file, so it includes getting the
 * file's pages; `overwrite` and `read` find them there. Best of the rounds, in 10^6 bytes a second.
 * What is read back is compared with what was written.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SIZE_MIN = 64 << 10, SIZE_MAX_DEFAULT = 64 << 20 };
static const char *const NAME = "copyfile.data";

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void fail(const char *call) {
  fprintf(stderr, "copyfile: %s: %s\n", call, strerror(errno));
  unlink(NAME);
  exit(1);
}

static void transfer(int fd, char *buffer, size_t bytes, int writing) {
  if (lseek(fd, 0, SEEK_SET)) fail("lseek");
  for (size_t done = 0; done < bytes;) {
    ssize_t n = writing ? write(fd, buffer + done, bytes - done) : read(fd, buffer + done, bytes - done);
    if (n < 0) fail(writing ? "write" : "read");
    if (n == 0) {
      errno = EIO;
      fail("short transfer");
    }
    done += (size_t)n;
  }
}

static uint64_t timed(int fd, char *buffer, size_t bytes, int writing) {
  uint64_t start = now_ns();
  transfer(fd, buffer, bytes, writing);
  uint64_t spent = now_ns() - start;
  return spent ? spent : 1;
}

static char *allocate(size_t bytes) {
  char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) fail("mmap");
  return p;
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

static void measure(size_t bytes, char *out, char *in) {
  int rounds = bytes <= 4 << 20 ? 20 : 5;
  uint64_t best_write = UINT64_MAX, best_overwrite = UINT64_MAX, best_read = UINT64_MAX;
  for (int round = 0; round < rounds; round++) {
    for (size_t i = 0; i < bytes; i += 512) out[i] = (char)(i / 512 + (size_t)round);
    int fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) fail("open");
    best_write = least(best_write, timed(fd, out, bytes, 1));
    best_overwrite = least(best_overwrite, timed(fd, out, bytes, 1));
    memset(in, 0xff, bytes);
    best_read = least(best_read, timed(fd, in, bytes, 0));
    close(fd);
    if (memcmp(in, out, bytes)) {
      errno = EILSEQ;
      fail("read back something else than was written");
    }
  }
  double mega = (double)bytes * 1000;
  printf("copyfile bytes=%zu rounds=%d write_mb_s=%.1f overwrite_mb_s=%.1f read_mb_s=%.1f\n", bytes,
         rounds, mega / (double)best_write, mega / (double)best_overwrite, mega / (double)best_read);
  fflush(stdout);
}

int main(int argc, char **argv) {
  long maximum = argc > 2 ? atol(argv[2]) : SIZE_MAX_DEFAULT;
  if (argc > 3 || maximum < SIZE_MIN) {
    fprintf(stderr, "usage: copyfile [DIR] [MAX_BYTES, at least 65536]\n");
    return 2;
  }
  if (chdir(argc > 1 ? argv[1] : ".")) fail("chdir");
  char *out = allocate((size_t)maximum), *in = allocate((size_t)maximum);
  for (long bytes = SIZE_MIN; bytes <= maximum; bytes *= 4) measure((size_t)bytes, out, in);
  if (unlink(NAME)) fail("unlink");
  return 0;
}

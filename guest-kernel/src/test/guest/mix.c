/*
 * A checksum over the results of many system calls, the same on every run: what a program computes
 * while others do what they like.
 *
 *   mix ROUNDS SEED FILE
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 512, BLOCKS = 64 };

static uint64_t sum;

static void add(uint64_t value) { sum = (sum ^ value) * 0x100000001b3UL + (sum >> 29); }

static void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  unsigned long rounds = strtoul(argv[1], NULL, 0);
  uint64_t x = strtoul(argv[2], NULL, 0) * 0x9e3779b97f4a7c15UL + 1;
  char block[BLOCK], back[BLOCK];
  int fd = open(argv[3], O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) fail("open");
  long pid = syscall(SYS_getpid);
  struct timespec before, now, shortly = {0, 20000};
  clock_gettime(CLOCK_MONOTONIC, &before);
  for (unsigned long i = 0; i < rounds; i++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    off_t at = (off_t)(x % BLOCKS) * BLOCK;
    for (int j = 0; j < BLOCK; j++) block[j] = (char)(x >> (j % 57));
    add((uint64_t)pwrite(fd, block, BLOCK, at));
    memset(back, 0, BLOCK);
    add((uint64_t)pread(fd, back, BLOCK, at));
    if (memcmp(block, back, BLOCK)) fail("another block came back");
    for (int j = 0; j < BLOCK; j += 8) add((uint64_t)back[j]);
    add(syscall(SYS_getpid) == pid);
    if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now)) fail("clock_gettime");
    if (now.tv_sec < before.tv_sec ||
        (now.tv_sec == before.tv_sec && now.tv_nsec < before.tv_nsec))
      fail("time went back");
    before = now;
    add((uint64_t)lseek(fd, (off_t)(x % 1000), SEEK_SET));
    add((uint64_t)syscall(SYS_close, 0x3ffffff0));
    if (i % 64 == 63) {
      struct stat status;
      if (fstat(fd, &status)) fail("fstat");
      add((uint64_t)status.st_size);
      nanosleep(&shortly, NULL);
    }
  }
  close(fd);
  if (unlink(argv[3])) fail("unlink");
  printf("%016lx\n", sum);
  return 0;
}

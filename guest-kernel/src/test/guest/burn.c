/*
 * For tests of the machine: work of a known result, memory, or sleep.
 *
 *   burn spin ROUNDS      says "spinning", then a checksum over integer and vector registers
 *   burn touch MIB       writes to that much memory, page by page; says so; exits with 0
 *   burn sleep MILLIS     says "asleep", sleeps, says "awake"
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

typedef uint64_t lanes __attribute__((vector_size(64)));

/* Four registers of vectors and one of integers stay live for all of the loop. */
static void spin(unsigned long rounds) {
  puts("spinning");
  fflush(stdout);
  lanes a = {1, 2, 3, 4, 5, 6, 7, 8}, b = a * 3, c = a * 5, d = a * 7;
  uint64_t x = 88172645463325252;
  for (unsigned long i = 0; i < rounds; i++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    a += b ^ x, b ^= a << 7, c += d ^ a, d ^= c >> 9;
  }
  lanes all = a + b + c + d;
  for (int i = 0; i < 8; i++) x = x * 31 + all[i];
  printf("%016lx\n", x);
}

static int touch(unsigned long mebibytes) {
  size_t bytes = mebibytes << 20;
  unsigned char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) {
    perror("burn: mmap");
    return errno == ENOMEM ? 12 : 1;
  }
  for (size_t i = 0; i < bytes; i += 4096) p[i] = (unsigned char)(i >> 12) | 1;
  for (size_t i = 0; i < bytes; i += 4096)
    if (p[i] != ((unsigned char)(i >> 12) | 1)) {
      printf("byte %zu is wrong\n", i);
      return 1;
    }
  printf("touched %lu MiB\n", mebibytes);
  return 0;
}

static int doze(unsigned long millis) {
  struct timespec left = {(time_t)(millis / 1000), (long)(millis % 1000) * 1000000};
  puts("asleep");
  fflush(stdout);
  if (nanosleep(&left, NULL)) return 1;
  puts("awake");
  return 0;
}

int main(int argc, char **argv) {
  unsigned long n = argc == 3 ? strtoul(argv[2], NULL, 0) : 0;
  if (argc == 3 && !strcmp(argv[1], "spin")) return spin(n), 0;
  if (argc == 3 && !strcmp(argv[1], "touch")) return touch(n);
  if (argc == 3 && !strcmp(argv[1], "sleep")) return doze(n);
  fprintf(stderr, "usage: burn spin ROUNDS | touch MIB | sleep MILLIS\n");
  return 2;
}

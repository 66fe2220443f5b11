/*
 * The parallel fork of Cutler et al., section 4.3: a large process forks, the child exits at once.
 *
 *   bigfork MEBIBYTES FORKS [touch]
 *
 * Touches that much memory, a page at a time, and prints a line for each fork, in nanoseconds: the
 * fork call in the parent, and fork, exit and wait together. With "touch" the parent then writes a
 * word of each page again, and a third figure is the time of that.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

enum { PAGE = 4096 };

static void touch(char *memory, size_t size, uint64_t value) {
  for (size_t i = 0; i < size; i += PAGE) *(volatile uint64_t *)(memory + i) = value + i;
}

static void check(const char *memory, size_t size, uint64_t value) {
  for (size_t i = 0; i < size; i += PAGE) {
    if (*(const uint64_t *)(memory + i) != value + i) {
      fprintf(stderr, "bigfork: wrong contents at %zu\n", i);
      exit(1);
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 3 || atol(argv[1]) < 1 || atol(argv[2]) < 1) {
    fprintf(stderr, "usage: bigfork MEBIBYTES FORKS [touch]\n");
    return 2;
  }
  size_t size = (size_t)atol(argv[1]) << 20;
  int again = argc > 3 && !strcmp(argv[3], "touch");
  char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  if (madvise(memory, size, MADV_NOHUGEPAGE) && errno != EINVAL) fail("madvise");
  touch(memory, size, 0);
  setvbuf(stdout, NULL, _IOLBF, 0);
  long forks = atol(argv[2]);
  for (long i = 1; i <= forks; i++) {
    int64_t start = now_ns();
    pid_t child = fork();
    if (child == 0) _exit(0);
    int64_t forked = now_ns();
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || status) fail("fork");
    int64_t waited = now_ns();
    printf("%ld %ld", (long)(forked - start), (long)(waited - start));
    if (again) {
      touch(memory, size, (uint64_t)i);
      printf(" %ld", (long)(now_ns() - waited));
    }
    printf("\n");
  }
  check(memory, size, again ? (uint64_t)forks : 0);
  return 0;
}

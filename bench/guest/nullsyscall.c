/*
 * The cost of a system call that does nothing: N times getppid by the bare instruction.
 *
 *   nullsyscall [N=1000000]
 *   nullsyscall calls=N total_ns=N ns_per_call=X cycles_per_call=X
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <x86intrin.h>

static inline long getppid_bare(void) {
  long result;
  __asm__ volatile("mov %1, %%eax\n syscall"
                   : "=&a"(result)
                   : "i"(SYS_getppid)
                   : "rcx", "r11", "memory");
  return result;
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv) {
  long calls = argc > 1 ? atol(argv[1]) : 1000000;
  if (calls < 1) {
    fprintf(stderr, "usage: nullsyscall [N]\n");
    return 2;
  }
  long parent = getppid_bare(), different = 0;
  uint64_t start = now_ns(), start_cycles = __rdtsc();
  for (long i = 0; i < calls; i++) different += getppid_bare() != parent;
  uint64_t cycles = __rdtsc() - start_cycles, ns = now_ns() - start;
  printf("nullsyscall calls=%ld total_ns=%lu ns_per_call=%.1f cycles_per_call=%.1f\n", calls, ns,
         (double)ns / (double)calls, (double)cycles / (double)calls);
  if (different) {
    fprintf(stderr, "nullsyscall: getppid changed its answer %ld times\n", different);
    return 1;
  }
  return 0;
}

/*
 * The garbage collector's benchmark of Cutler et al., section 4.2: forks while the kernel's heap is
 * full of live objects. Runs on Biscotti only, with --research-calls.
 *
 *   bmgc OBJECTS FORKS COLLECTIONS BYTES KEEP SECONDS
 *
 * Has the kernel keep OBJECTS objects in a hash table, then forks a program that exits, FORKS times
 * and until the whole heap has been collected COLLECTIONS times meanwhile, but for SECONDS at most.
 * Each fork is followed by a call that makes the kernel allocate BYTES in small objects,
 * which live for KEEP forks: they stand for what the kernel of the paper allocates for a fork. A
 * collection mostly begins in that call, so it counts as part of the fork. Prints one line:
 *
 *   forks collections mean_ns median_ns worst_ns cycles_per_fork begin end bare_ns
 *
 * begin and end are nanoseconds of CLOCK_REALTIME; bare_ns is the mean of fork, exit and wait
 * without the call that allocates.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "measure.h"

enum { FILL = 2000, ALLOCATE, COLLECTIONS, WARM_UP = 2000, FORKS_MAX = 1 << 23 };

static long research(long number, long first, long second) {
  long result = syscall(number, first, second);
  if (result < 0) fail("research call (run with --research-calls, and a larger --kernel-heap)");
  return result;
}

static void fork_once(void) {
  pid_t child = fork();
  int status;
  if (child == 0) _exit(0);
  if (child < 0 || waitpid(child, &status, 0) != child || status) fail("fork");
}

int main(int argc, char **argv) {
  if (argc < 7) {
    fprintf(stderr, "usage: bmgc OBJECTS FORKS COLLECTIONS BYTES KEEP SECONDS\n");
    return 2;
  }
  long objects = atol(argv[1]), least = atol(argv[2]), wanted = atol(argv[3]);
  long bytes = atol(argv[4]), keep = atol(argv[5]);
  int64_t limit_ns = atol(argv[6]) * 1000000000L;
  /* Shared, so that a fork does not copy it. */
  int64_t *times = mmap(NULL, (size_t)FORKS_MAX * sizeof *times, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (least < 1 || least > FORKS_MAX || times == MAP_FAILED) fail("mmap");
  if (research(FILL, objects, 0) != objects) fail("fill");
  for (int i = 0; i < WARM_UP; i++) {
    fork_once();
    research(ALLOCATE, bytes, keep);
  }
  long before = research(COLLECTIONS, 0, 0), collections = 0, forks = 0;
  int64_t begin = time_ns(CLOCK_REALTIME), sum = 0, bare = 0;
  uint64_t cycles = 0;
  while (forks < least ||
         (collections < wanted && forks < FORKS_MAX && time_ns(CLOCK_REALTIME) - begin < limit_ns)) {
    int64_t start = now_ns();
    uint64_t tsc = __rdtsc();
    fork_once();
    bare += now_ns() - start;
    research(ALLOCATE, bytes, keep);
    cycles += __rdtsc() - tsc;
    times[forks] = now_ns() - start;
    sum += times[forks++];
    if (forks % 16 == 0) collections = research(COLLECTIONS, 0, 0) - before;
  }
  collections = research(COLLECTIONS, 0, 0) - before;
  int64_t end = time_ns(CLOCK_REALTIME);
  qsort(times, (size_t)forks, sizeof *times, by_value);
  printf("%ld %ld %ld %ld %ld %ld %ld %ld %ld\n", forks, collections, (long)(sum / forks),
         (long)times[forks / 2], (long)times[forks - 1], (long)(cycles / (uint64_t)forks),
         (long)begin, (long)end, (long)(bare / forks));
  return 0;
}

/*
 * Large reads of a cached file (Cutler et al., figure 2), and what bounds them.
 *
 *   parread read DIR SIZE...      one read of SIZE bytes at a time, over and over
 *   parread write DIR SIZE...     overwrites likewise
 *   parread copy THREADS SIZE...  memcpy of SIZE bytes, in equal parts by so many threads
 *
 * With POLICIES in the environment, a number of them, reads and writes are made under each policy of
 * Biscotti's research_parallelism (--research-calls), in turns, so that all meet the same JVM.
 *
 * Prints a line for each size, and policy: bytes, rounds, the median, the 25th and the 75th
 * percentile of a round in nanoseconds, and the policy's number. Buffers and file have their pages
 * before time counts.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "measure.h"

enum { TURNS = 8, WARM_UP_TURNS = 6, ROUNDS_MAX = 500, ROUNDS_MIN = 2 }; /* rounds of a turn */
enum { PARALLELISM = 2003, POLICIES_MAX = 8, THREADS_MAX = 64 };
static const int64_t TURN_NS = 50000000;

static pthread_barrier_t barrier;
static char *from, *to;
static size_t part;
static long copiers;
static int ended;
static int policies; /* 0: only what there is */

static char *memory(size_t size) {
  char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) fail("mmap");
  for (size_t i = 0; i < size; i += 4096) p[i] = (char)(i >> 12);
  return p;
}

static void *copier(void *argument) {
  long index = (long)argument;
  for (;;) {
    pthread_barrier_wait(&barrier);
    if (ended) return NULL;
    memcpy(to + (size_t)index * part, from + (size_t)index * part, part);
    pthread_barrier_wait(&barrier);
  }
}

static void once(char what, int fd, size_t size) {
  if (what == 'c') {
    pthread_barrier_wait(&barrier);
    memcpy(to, from, part);
    pthread_barrier_wait(&barrier);
    return;
  }
  ssize_t moved = what == 'r' ? pread(fd, to, size, 0) : pwrite(fd, to, size, 0);
  if (moved != (ssize_t)size) fail(what == 'r' ? "pread" : "pwrite");
}

static void use(int policy) {
  if (policies && syscall(PARALLELISM, policy)) fail("research call (run with --research-calls)");
}

static void measure(char what, int fd, size_t size) {
  static int64_t times[POLICIES_MAX][TURNS * ROUNDS_MAX];
  int rounds[POLICIES_MAX] = {0}, subjects = policies ? policies : 1;
  part = size / (size_t)copiers;
  for (int turn = -WARM_UP_TURNS; turn < TURNS; turn++) {
    for (int policy = 0; policy < subjects; policy++) {
      use(policy);
      int64_t start = now_ns(), now = start;
      for (int made = 0; made < ROUNDS_MIN || now - start < TURN_NS; made++) {
        if (turn >= 0 && made == ROUNDS_MAX) break;
        once(what, fd, size);
        int64_t end = now_ns();
        if (turn >= 0) times[policy][rounds[policy]++] = end - now;
        now = end;
      }
    }
  }
  for (int policy = 0; policy < subjects; policy++) {
    int64_t *of = times[policy];
    int count = rounds[policy];
    qsort(of, (size_t)count, sizeof *of, by_value);
    printf("%zu %d %ld %ld %ld %d\n", size, count, (long)of[count / 2], (long)of[count / 4],
           (long)of[count * 3 / 4], policy);
  }
}

int main(int argc, char **argv) {
  char what = argc > 3 ? argv[1][0] : 0;
  if (what != 'r' && what != 'w' && what != 'c') {
    fprintf(stderr, "usage: parread read|write DIR SIZE... | parread copy THREADS SIZE...\n");
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  size_t most = 0;
  for (int i = 3; i < argc; i++) {
    size_t size = (size_t)atol(argv[i]);
    if (size > most) most = size;
  }
  const char *wanted = getenv("POLICIES");
  policies = wanted ? atoi(wanted) : 0;
  if (policies < 0 || policies > POLICIES_MAX) fail("POLICIES");
  to = memory(most);
  copiers = 1;
  int fd = -1;
  pthread_t threads[THREADS_MAX];
  if (what == 'c') {
    from = memory(most);
    copiers = atol(argv[2]);
    if (copiers < 1 || copiers > THREADS_MAX) fail("threads");
    if (pthread_barrier_init(&barrier, NULL, (unsigned)copiers)) fail("barrier");
    for (long i = 1; i < copiers; i++)
      if (pthread_create(&threads[i], NULL, copier, (void *)i)) fail("thread");
  } else {
    char path[4096];
    snprintf(path, sizeof path, "%s/parread-%d", argv[2], getpid());
    fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0) fail(path);
    unlink(path);
    for (size_t done = 0; done < most;) {
      ssize_t written = write(fd, to + done, most - done);
      if (written <= 0) fail("write");
      done += (size_t)written;
    }
  }
  for (int i = 3; i < argc; i++) measure(what, fd, (size_t)atol(argv[i]));
  if (what == 'c') {
    ended = 1;
    pthread_barrier_wait(&barrier);
    for (long i = 1; i < copiers; i++) pthread_join(threads[i], NULL);
  }
  return 0;
}

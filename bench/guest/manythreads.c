/*
 * How threads and switches between them scale: manythreads COUNT... starts so many threads, each of
 * which waits for its turn in a ring and passes it on, and joins them. Prints a line for each COUNT:
 * threads, and nanoseconds to create one, for one switch, and to join one.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STACK_BYTES = 32 << 10, SWITCHES_MIN = 20000, LINE = 64 };

static struct turn {
  _Alignas(LINE) atomic_int word; /* how often this thread has been given the turn */
} * turns;
static long count;
static int rounds;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void __attribute__((noreturn)) fail(const char *what, int error) {
  fprintf(stderr, "manythreads: %s: %s\n", what, strerror(error));
  exit(1);
}

static void give(long index) {
  atomic_fetch_add(&turns[index].word, 1);
  syscall(SYS_futex, &turns[index].word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await(long index, int turn) {
  for (int seen; (seen = atomic_load(&turns[index].word)) < turn;)
    syscall(SYS_futex, &turns[index].word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

/* The last of the ring gives the turn to the one behind it, which is the main thread. */
static void *member(void *argument) {
  long index = (long)argument;
  for (int i = 1; i <= rounds; i++) {
    await(index, i);
    give(index + 1);
  }
  return NULL;
}

static void measure(void) {
  rounds = count < SWITCHES_MIN ? (int)(SWITCHES_MIN / count) : 1;
  pthread_t *threads = calloc((size_t)count, sizeof *threads);
  turns = aligned_alloc(LINE, (size_t)(count + 1) * sizeof *turns);
  if (!threads || !turns) fail("memory", ENOMEM);
  memset(turns, 0, (size_t)(count + 1) * sizeof *turns);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, STACK_BYTES);
  int64_t start = now_ns();
  for (long i = 0; i < count; i++) {
    int error = pthread_create(&threads[i], &small, member, (void *)i);
    if (error) fail("thread", error);
  }
  int64_t created = now_ns();
  for (int i = 1; i <= rounds; i++) {
    give(0);
    await(count, i);
  }
  int64_t switched = now_ns();
  for (long i = 0; i < count; i++) pthread_join(threads[i], NULL);
  int64_t joined = now_ns();
  printf("%ld %ld %ld %ld\n", count, (long)((created - start) / count),
         (long)((switched - created) / ((count + 1) * rounds)), (long)((joined - switched) / count));
  free(threads);
  free(turns);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: manythreads COUNT...\n");
    return 2;
  }
  for (int i = 1; i < argc; i++) {
    count = atol(argv[i]);
    if (count < 1) fail(argv[i], EINVAL);
    measure();
  }
  return 0;
}

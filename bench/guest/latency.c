/*
 * Latency of a system call that is due every so often while the kernel's heap is allocated from.
 * Runs on Biscotti only, with --research-calls.
 *
 *   latency SECONDS PERIOD_US BYTES PAUSE_US KEEP OBJECTS
 *
 * Has the kernel keep OBJECTS objects. One thread makes getppid every PERIOD_US and notes how long
 * after it was due the call had returned, so that a pause counts for every call that it made late.
 * Another makes the kernel allocate BYTES at a time, which live for KEEP such calls, and sleeps
 * PAUSE_US in between. After three seconds of warm-up, prints a line for each latency that occurred: nanoseconds, in steps of less than a
 * per cent, and how often.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "measure.h"

enum { FILL = 2000, ALLOCATE, SUB_BITS = 7, SUB = 1 << SUB_BITS, BUCKETS = (64 - SUB_BITS) * SUB };

static atomic_int ended;
static long bytes, keep, rest;

static void *allocator(void *argument) {
  while (!atomic_load(&ended)) {
    if (syscall(ALLOCATE, bytes, keep) < 0) fail("research call (run with --research-calls)");
    usleep((useconds_t)rest);
  }
  return argument;
}

static int bucket(uint64_t ns) {
  if (ns < SUB) return (int)ns;
  int shift = 63 - __builtin_clzll(ns) - SUB_BITS;
  return (shift + 1) * SUB + (int)((ns >> shift) & (SUB - 1));
}

static uint64_t value(int bucket) {
  if (bucket < SUB) return (uint64_t)bucket;
  int shift = bucket / SUB - 1;
  return ((uint64_t)SUB + (uint64_t)(bucket % SUB)) << shift;
}

int main(int argc, char **argv) {
  if (argc < 7) {
    fprintf(stderr, "usage: latency SECONDS PERIOD_US BYTES PAUSE_US KEEP OBJECTS\n");
    return 2;
  }
  static uint64_t counts[BUCKETS];
  int64_t length = (int64_t)(atof(argv[1]) * 1e9), period = atol(argv[2]) * 1000;
  bytes = atol(argv[3]);
  rest = atol(argv[4]);
  keep = atol(argv[5]);
  if (syscall(FILL, atol(argv[6])) < 0) fail("research call (run with --research-calls)");
  pthread_t thread;
  if (pthread_create(&thread, NULL, allocator, NULL)) fail("thread");
  int64_t begin = now_ns() + 3000000000, due = now_ns();
  while (due < begin + length) {
    while (now_ns() < due) {
    }
    syscall(SYS_getppid);
    int64_t late = now_ns() - due;
    if (due >= begin) counts[bucket((uint64_t)(late > 0 ? late : 0))]++;
    due += period;
  }
  atomic_store(&ended, 1);
  pthread_join(thread, NULL);
  for (int i = 0; i < BUCKETS; i++)
    if (counts[i]) printf("%lu %lu\n", (unsigned long)value(i), (unsigned long)counts[i]);
  return 0;
}

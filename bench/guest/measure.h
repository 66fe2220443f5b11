/* What programs need that measure, and print nanoseconds. */
#ifndef BISCOTTI_BENCH_MEASURE_H
#define BISCOTTI_BENCH_MEASURE_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline int64_t time_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static inline int64_t now_ns(void) { return time_ns(CLOCK_MONOTONIC); }

static inline void __attribute__((noreturn)) fail(const char *what) {
  fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
  exit(1);
}

/* Order of int64_t, for qsort. */
static inline int by_value(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

#endif

/*
 * What a signal to oneself costs with a handler installed: the call that sends it, the frame, the
 * handler and rt_sigreturn. Prints nanoseconds per signal, and those of the call alone.
 *
 *   selfsignal [COUNT]
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long handled;

static void handler(int signal) {
  (void)signal;
  handled++;
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static double per_round(unsigned long count, long signal) {
  long process = getpid(), thread = gettid();
  int64_t start = now_ns();
  for (unsigned long i = 0; i < count; i++) syscall(SYS_tgkill, process, thread, signal);
  return (double)(now_ns() - start) / (double)count;
}

int main(int argc, char **argv) {
  unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 10000;
  signal(SIGUSR1, handler);
  per_round(count, SIGUSR1); /* warm */
  handled = 0;
  double with = per_round(count, SIGUSR1), without = per_round(count, 0);
  printf("signal to self: %.0f ns, tgkill that sends nothing: %.0f ns\n", with, without);
  return handled == count ? 0 : 1;
}

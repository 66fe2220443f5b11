/*
 * The commands that a benchmark gives to the program it measures, and the answer; README.md, "The
 * protocol". Everything is little-endian and goes through standard input and output.
 */
#ifndef BISCOTTI_BENCH_COMMAND_H
#define BISCOTTI_BENCH_COMMAND_H

#include <stdint.h>
#include <time.h>
#include <unistd.h>

enum {
  COMMAND_EXIT,
  COMMAND_NULL,
  COMMAND_READ,
  COMMAND_WRITE,
  COMMAND_OPEN_CLOSE,
  COMMAND_STAT,
  COMMAND_SMALLFILE,
  COMMAND_PHASE,
  COMMAND_THREADS
};

struct command {
  uint64_t operation, count, size;
};

/* Waits for the next command; 0 when there will be none. */
static int next_command(struct command *command) {
  for (size_t done = 0; done < sizeof *command;) {
    ssize_t n = read(STDIN_FILENO, (char *)command + done, sizeof *command - done);
    if (n <= 0) return 0;
    done += (size_t)n;
  }
  return command->operation != COMMAND_EXIT;
}

/* Says how long a command took; 0 if nobody wants to know. */
static int answer(uint64_t nanoseconds) {
  return write(STDOUT_FILENO, &nanoseconds, sizeof nanoseconds) == sizeof nanoseconds;
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

#endif

/*
 * The smallfile microbenchmark of Cutler et al., section 4.1: create, read and unlink many files of
 * one byte in a few directories.
 *
 *   smallfile [--files 100] [--dirs 4] [--size 1] [--repeat 20] [--root .]
 *
 * Every repetition makes the directories, then times three phases over all files, then removes the
 * directories. One line per repetition, all times in nanoseconds and time-stamp counter cycles of
 * the whole phase:
 *
 *   smallfile rep=0 files=100 create_ns=N create_cycles=N read_ns=N ... total_ns=N total_cycles=N
 *
 * Repetition 0 is the cold one. A call that fails is named on standard error; the exit code is 1.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <time.h>
#include <x86intrin.h>
#include "phases.h"

enum { FILES_MAX = 1000000, SIZE_MAX_BYTES = 1 << 20, REPEAT_MAX = 1000000 };

static long files = 100, dirs = 4, size = 1, repeat = 20;
static const char *root = ".";

struct instant {
  uint64_t ns, cycles;
};

static struct instant now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (struct instant){(uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec, __rdtsc()};
}

static struct instant since(struct instant start) {
  struct instant end = now();
  return (struct instant){end.ns - start.ns, end.cycles - start.cycles};
}

static void run(long rep) {
  struct instant spent[PHASES], total = {0, 0};
  make_directories();
  for (int phase = 0; phase < PHASES; phase++) {
    struct instant start = now();
    PHASE_RUNS[phase]();
    spent[phase] = since(start);
    total.ns += spent[phase].ns;
    total.cycles += spent[phase].cycles;
  }
  remove_directories();
  printf("smallfile rep=%ld files=%ld", rep, files);
  for (int phase = 0; phase < PHASES; phase++)
    printf(" %s_ns=%lu %s_cycles=%lu", PHASE_NAMES[phase], spent[phase].ns, PHASE_NAMES[phase],
           spent[phase].cycles);
  printf(" total_ns=%lu total_cycles=%lu\n", total.ns, total.cycles);
  fflush(stdout);
}

static long number(const char *option, const char *text, long minimum, long maximum) {
  char *end;
  errno = 0;
  long value = strtol(text, &end, 10);
  if (errno || end == text || *end || value < minimum || value > maximum) {
    fprintf(stderr, "smallfile: %s takes a number from %ld to %ld\n", option, minimum, maximum);
    exit(2);
  }
  return value;
}

static void parse(int argc, char **argv) {
  for (int i = 1; i < argc; i += 2) {
    const char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
    if (!strcmp(option, "--files")) files = number(option, value, 1, FILES_MAX);
    else if (!strcmp(option, "--dirs")) dirs = number(option, value, 1, FILES_MAX);
    else if (!strcmp(option, "--size")) size = number(option, value, 1, SIZE_MAX_BYTES);
    else if (!strcmp(option, "--repeat")) repeat = number(option, value, 1, REPEAT_MAX);
    else if (!strcmp(option, "--root") && *value) root = value;
    else {
      fprintf(stderr, "usage: smallfile [--files N] [--dirs N] [--size BYTES] [--repeat N] [--root DIR]\n");
      exit(2);
    }
  }
}

int main(int argc, char **argv) {
  parse(argc, argv);
  if (chdir(root)) phase_failed("chdir", root);
  phases_prepare(files, dirs, size);
  for (long rep = 0; rep < repeat; rep++) run(rep);
  return 0;
}

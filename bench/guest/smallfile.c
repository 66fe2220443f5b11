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
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

enum { PATH_SIZE = 64, FILES_MAX = 1000000, SIZE_MAX_BYTES = 1 << 20, REPEAT_MAX = 1000000 };

static long files = 100, dirs = 4, size = 1, repeat = 20;
static const char *root = ".";
static char (*paths)[PATH_SIZE];
static char *buffer;

struct instant {
  uint64_t ns, cycles;
};

static struct instant now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (struct instant){(uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec, __rdtsc()};
}

static void fail(const char *call, const char *path) {
  fprintf(stderr, "smallfile: %s %s: %s\n", call, path, strerror(errno));
  exit(1);
}

static void create_files(void) {
  for (long i = 0; i < files; i++) {
    int fd = open(paths[i], O_CREAT | O_WRONLY, 0644);
    if (fd < 0) fail("create", paths[i]);
    if (write(fd, buffer, (size_t)size) != size) fail("write", paths[i]);
    if (close(fd)) fail("close", paths[i]);
  }
}

static void read_files(void) {
  for (long i = 0; i < files; i++) {
    int fd = open(paths[i], O_RDONLY);
    if (fd < 0) fail("open", paths[i]);
    if (read(fd, buffer, (size_t)size) != size) fail("read", paths[i]);
    if (close(fd)) fail("close", paths[i]);
  }
}

static void unlink_files(void) {
  for (long i = 0; i < files; i++)
    if (unlink(paths[i])) fail("unlink", paths[i]);
}

static void each_directory(int (*act)(const char *), const char *call) {
  char path[PATH_SIZE];
  for (long i = 0; i < dirs; i++) {
    snprintf(path, sizeof path, "smallfile-%ld", i);
    if (act(path)) fail(call, path);
  }
}

static int make_directory(const char *path) { return mkdir(path, 0755); }

static struct instant since(struct instant start) {
  struct instant end = now();
  return (struct instant){end.ns - start.ns, end.cycles - start.cycles};
}

static void run(long rep) {
  static void (*const phases[])(void) = {create_files, read_files, unlink_files};
  static const char *const names[] = {"create", "read", "unlink"};
  struct instant spent[3], total = {0, 0};
  each_directory(make_directory, "mkdir");
  for (int phase = 0; phase < 3; phase++) {
    struct instant start = now();
    phases[phase]();
    spent[phase] = since(start);
    total.ns += spent[phase].ns;
    total.cycles += spent[phase].cycles;
  }
  each_directory(rmdir, "rmdir");
  printf("smallfile rep=%ld files=%ld", rep, files);
  for (int phase = 0; phase < 3; phase++)
    printf(" %s_ns=%lu %s_cycles=%lu", names[phase], spent[phase].ns, names[phase],
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
  if (chdir(root)) fail("chdir", root);
  paths = calloc((size_t)files, PATH_SIZE);
  buffer = malloc((size_t)size);
  if (!paths || !buffer) fail("malloc", "");
  memset(buffer, 'b', (size_t)size);
  for (long i = 0; i < files; i++)
    snprintf(paths[i], PATH_SIZE, "smallfile-%ld/file-%ld", i % dirs, i);
  for (long rep = 0; rep < repeat; rep++) run(rep);
  return 0;
}

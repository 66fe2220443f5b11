/*
 * The three phases of the smallfile microbenchmark of Cutler et al., section 4.1: create, read and
 * unlink many small files in a few directories.
 */
#ifndef BISCOTTI_BENCH_PHASES_H
#define BISCOTTI_BENCH_PHASES_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PHASES = 3, PATH_SIZE = 64 };

static const char *const PHASE_NAMES[PHASES] = {"create", "read", "unlink"};

static char (*phase_paths)[PATH_SIZE];
static char *phase_buffer;
static long phase_files, phase_dirs, phase_size;

static void __attribute__((noreturn)) phase_failed(const char *call, const char *path) {
  fprintf(stderr, "smallfile: %s %s: %s\n", call, path, strerror(errno));
  exit(1);
}

/* Says how many files of how many bytes there are to be, in how many directories. */
static void phases_prepare(long files, long dirs, long size) {
  phase_files = files;
  phase_dirs = dirs;
  phase_size = size;
  phase_paths = calloc((size_t)files, PATH_SIZE);
  phase_buffer = malloc((size_t)size);
  if (!phase_paths || !phase_buffer) phase_failed("malloc", "");
  memset(phase_buffer, 'b', (size_t)size);
  for (long i = 0; i < files; i++)
    snprintf(phase_paths[i], PATH_SIZE, "smallfile-%ld/file-%ld", i % dirs, i);
}

static void create_files(void) {
  for (long i = 0; i < phase_files; i++) {
    int fd = open(phase_paths[i], O_CREAT | O_WRONLY, 0644);
    if (fd < 0) phase_failed("create", phase_paths[i]);
    if (write(fd, phase_buffer, (size_t)phase_size) != phase_size)
      phase_failed("write", phase_paths[i]);
    if (close(fd)) phase_failed("close", phase_paths[i]);
  }
}

static void read_files(void) {
  for (long i = 0; i < phase_files; i++) {
    int fd = open(phase_paths[i], O_RDONLY);
    if (fd < 0) phase_failed("open", phase_paths[i]);
    if (read(fd, phase_buffer, (size_t)phase_size) != phase_size)
      phase_failed("read", phase_paths[i]);
    if (close(fd)) phase_failed("close", phase_paths[i]);
  }
}

static void unlink_files(void) {
  for (long i = 0; i < phase_files; i++)
    if (unlink(phase_paths[i])) phase_failed("unlink", phase_paths[i]);
}

static void (*const PHASE_RUNS[PHASES])(void) = {create_files, read_files, unlink_files};

static void each_directory(int (*act)(const char *), const char *call) {
  char path[PATH_SIZE];
  for (long i = 0; i < phase_dirs; i++) {
    snprintf(path, sizeof path, "smallfile-%ld", i);
    if (act(path)) phase_failed(call, path);
  }
}

static int make_directory(const char *path) { return mkdir(path, 0755); }

static void make_directories(void) { each_directory(make_directory, "mkdir"); }

static void remove_directories(void) { each_directory(rmdir, "rmdir"); }

#endif

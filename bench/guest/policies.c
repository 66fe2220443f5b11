/*
 * What a system call costs under each policy of Biscotti's --syscalls, which take turns in one kernel
 * (research_syscalls, --research-calls), so that all meet the same JVM and the same compiled code.
 *
 *   policies DIR POLICIES TURNS idle|computing|calling
 *
 * POLICIES is how many there are, TURNS how often each has its turn, of 10 ms, a third as many more
 * before time counts. With "idle" nothing else runs; else a second program computes, or makes calls,
 * all the time. Files are made in DIR. Prints a line for each operation and policy: the operation's
 * number, as in the list below, the policy's, turns, the median of what one operation takes in a
 * turn, and the 25th and the 75th percentile, in nanoseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

enum { SYSCALLS = 2004, POLICIES_MAX = 8, TURNS_MAX = 1000 };
enum { BATCH = 16, LARGE = 1 << 20 };
static const int64_t TURN_NS = 10000000, SETTLE_NS = 1000000;

static char page[4096], large[LARGE];
static char file[4096], other[4096];
static int fd, to_partner[2], from_partner[2];

static void require(int holds, const char *what) {
  if (!holds) fail(what);
}

static void null_call(void) { syscall(SYS_getppid); }

static void open_close(void) {
  int opened = open(file, O_RDONLY);
  require(opened >= 0 && close(opened) == 0, "open");
}

static void stat_file(void) {
  struct stat st;
  require(stat(file, &st) == 0, "stat");
}

static void read_byte(void) { require(pread(fd, page, 1, 0) == 1, "pread"); }

static void read_page(void) { require(pread(fd, page, sizeof page, 0) == sizeof page, "pread"); }

static void read_large(void) { require(pread(fd, large, LARGE, 0) == LARGE, "pread"); }

static void write_byte(void) { require(pwrite(fd, page, 1, 0) == 1, "pwrite"); }

static void small_file(void) {
  int made = open(other, O_CREAT | O_EXCL | O_WRONLY, 0644);
  require(made >= 0 && write(made, page, 1) == 1 && close(made) == 0, "create");
  int opened = open(other, O_RDONLY);
  require(opened >= 0 && read(opened, page, 1) == 1 && close(opened) == 0, "read");
  require(unlink(other) == 0, "unlink");
}

static void round_trip(void) {
  require(write(to_partner[1], page, 1) == 1 && read(from_partner[0], page, 1) == 1, "pipe");
}

static void *partner(void *unused) {
  char byte;
  while (read(to_partner[0], &byte, 1) == 1) require(write(from_partner[1], &byte, 1) == 1, "pipe");
  return unused;
}

static void (*const operations[])(void) = {null_call, open_close, stat_file,  read_byte, read_page,
                                           write_byte, read_large, small_file, round_trip};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static int by_time(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* What one operation takes, on average over a turn that begins when the policy has settled. */
static double turn(void (*operation)(void)) {
  int64_t begin = now_ns(), start = 0, now = begin, made = 0;
  while (!start || now - start < TURN_NS) {
    for (int i = 0; i < BATCH; i++) operation();
    now = now_ns();
    if (start)
      made += BATCH;
    else if (now - begin >= SETTLE_NS)
      start = now;
  }
  return (double)(now - start) / (double)made;
}

static void measure(int number, int policies, int turns) {
  static double times[POLICIES_MAX][TURNS_MAX];
  int warm_up = turns / 3 + 4;
  for (int i = -warm_up; i < turns; i++) {
    for (int j = 0; j < policies; j++) {
      int policy = (i + warm_up + j) % policies; /* so that none always comes first */
      if (syscall(SYSCALLS, policy)) fail("research call (run with --research-calls)");
      double time = turn(operations[number]);
      if (i >= 0) times[policy][i] = time;
    }
  }
  for (int policy = 0; policy < policies; policy++) {
    double *of = times[policy];
    qsort(of, (size_t)turns, sizeof *of, by_time);
    printf("%d %d %d %.1f %.1f %.1f\n", number, policy, turns, of[turns / 2], of[turns / 4],
           of[turns * 3 / 4]);
  }
}

/* A program beside this one, until this one ends. */
static pid_t load(int calls) {
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (volatile unsigned i = 0;; i++)
    if (calls) null_call();
}

int main(int argc, char **argv) {
  int policies = argc == 5 ? atoi(argv[2]) : 0, turns = argc == 5 ? atoi(argv[3]) : 0;
  if (policies < 1 || policies > POLICIES_MAX || turns < 1 || turns > TURNS_MAX) {
    fprintf(stderr, "usage: policies DIR POLICIES TURNS idle|computing|calling\n");
    return 2;
  }
  snprintf(file, sizeof file, "%s/policies.large", argv[1]);
  snprintf(other, sizeof other, "%s/policies.small", argv[1]);
  fd = open(file, O_CREAT | O_TRUNC | O_RDWR, 0644);
  if (fd < 0 || write(fd, large, LARGE) != LARGE) fail(file);
  pthread_t thread;
  if (pipe(to_partner) || pipe(from_partner)) fail("pipe");
  if (pthread_create(&thread, NULL, partner, NULL)) fail("thread");
  pid_t beside = strcmp(argv[4], "idle") ? load(!strcmp(argv[4], "calling")) : 0;
  for (int i = 0; i < OPERATIONS; i++) measure(i, policies, turns);
  if (beside) {
    kill(beside, SIGKILL);
    waitpid(beside, NULL, 0);
  }
  unlink(file);
  return 0;
}

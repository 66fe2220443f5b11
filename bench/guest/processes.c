/*
 * What processes, threads and signals cost: processes OPERATION [COUNT [ROUNDS]] prints, for each
 * round, the mean time of one operation.
 *
 *   fork    fork, exit of the child, wait
 *   exec    the same, the child executing this program, which exits
 *   vfork   the same by vfork
 *   thread  create and join a thread
 *   signal  a signal to itself, handled
 *   futex   a round trip between two threads through two futexes
 *   pipe    a round trip of one byte between two processes through two pipes
 *   switch  sched_yield between two processes
 *   fault   first touch of a page, 64 MiB in order
 *   cow     a copy-on-write fault, 4096 pages in order, after a fork
 *   cowsingle  the same of every 64th page only, so that none has a neighbour
 * Of the last three COUNT is how often all of those pages are touched.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *self;
static atomic_int words[2];
static volatile int handled;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "processes: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void await(pid_t child) {
  int status;
  if (child < 0 || waitpid(child, &status, 0) != child || status) fail("child");
}

static void forks(int count) {
  while (count--) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    await(child);
  }
}

static void execs(int count, int shares) {
  char *argv[] = {(char *)self, (char *)"exit", NULL}, *envp[] = {NULL};
  while (count--) {
    pid_t child = shares ? vfork() : fork();
    if (child == 0) {
      execve(self, argv, envp);
      _exit(127);
    }
    await(child);
  }
}

static void *nothing(void *argument) { return argument; }

static void threads(int count) {
  while (count--) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL)) fail("thread");
    pthread_join(thread, NULL);
  }
}

static void handle(int signal) { handled += signal; }

static void signals(int count) {
  signal(SIGUSR1, handle);
  while (count--) raise(SIGUSR1);
}

static void sleep_while(atomic_int *word, int value) {
  while (atomic_load(word) == value)
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(atomic_int *word, int value) {
  atomic_store(word, value);
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *partner(void *argument) {
  int count = *(int *)argument;
  for (int i = 0; i < count; i++) {
    sleep_while(&words[0], i);
    wake(&words[1], i + 1);
  }
  return NULL;
}

static void futexes(int count) {
  pthread_t thread;
  words[0] = words[1] = 0;
  if (pthread_create(&thread, NULL, partner, &count)) fail("thread");
  for (int i = 0; i < count; i++) {
    wake(&words[0], i + 1);
    sleep_while(&words[1], i);
  }
  pthread_join(thread, NULL);
}

static void pipes(int count) {
  int there[2], back[2];
  char byte = 0;
  if (pipe(there) || pipe(back)) fail("pipe");
  pid_t child = fork();
  if (child == 0) {
    close(there[1]), close(back[0]);
    while (read(there[0], &byte, 1) == 1)
      if (write(back[1], &byte, 1) != 1) _exit(1);
    _exit(0);
  }
  close(there[0]), close(back[1]);
  while (count--)
    if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) fail("pipe");
  close(there[1]), close(back[0]);
  await(child);
}

static void switches(int count) {
  pid_t child = fork();
  if (child == 0) {
    while (count--) sched_yield();
    _exit(0);
  }
  for (int i = 0; i < count; i++) sched_yield();
  await(child);
}

enum { PAGE = 4096, FAULT_PAGES = 16384, COW_PAGES = 4096, ALONE = 64, CHILD_SETTLES_US = 2000 };

static char *map(int pages) {
  char *memory = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  return memory;
}

/* Nanoseconds of one fault. */
static double faults(void) {
  char *memory = map(FAULT_PAGES);
  int64_t start = now_ns();
  for (int i = 0; i < FAULT_PAGES; i++) memory[(size_t)i * PAGE] = 1;
  int64_t used = now_ns() - start;
  munmap(memory, (size_t)FAULT_PAGES * PAGE);
  return (double)used / FAULT_PAGES;
}

/* Nanoseconds of one copy, of pages so far apart. */
static double copies(int step) {
  char *memory = map(COW_PAGES);
  for (int i = 0; i < COW_PAGES; i++) memory[(size_t)i * PAGE] = 1;
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  usleep(CHILD_SETTLES_US);  // its own start is none of this
  int64_t start = now_ns();
  for (int i = 0; i < COW_PAGES; i += step) memory[(size_t)i * PAGE] = 2;
  int64_t used = now_ns() - start;
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  munmap(memory, (size_t)COW_PAGES * PAGE);
  return (double)used * step / COW_PAGES;
}

static double copies_in_order(void) { return copies(1); }

static double copies_alone(void) { return copies(ALONE); }

static double mean(double (*pass)(void), int count) {
  double sum = 0;
  for (int i = 0; i < count; i++) sum += pass();
  return sum / count;
}

static double round_of(const char *what, int count) {
  if (!strcmp(what, "fault")) return mean(faults, count);
  if (!strcmp(what, "cow")) return mean(copies_in_order, count);
  if (!strcmp(what, "cowsingle")) return mean(copies_alone, count);
  int64_t start = now_ns();
  if (!strcmp(what, "fork")) forks(count);
  else if (!strcmp(what, "exec")) execs(count, 0);
  else if (!strcmp(what, "vfork")) execs(count, 1);
  else if (!strcmp(what, "thread")) threads(count);
  else if (!strcmp(what, "signal")) signals(count);
  else if (!strcmp(what, "futex")) futexes(count);
  else if (!strcmp(what, "pipe")) pipes(count);
  else if (!strcmp(what, "switch")) switches(count);
  else {
    fprintf(stderr, "processes: no such operation: %s\n", what);
    exit(2);
  }
  return (double)(now_ns() - start) / count;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: processes OPERATION [COUNT [ROUNDS]]\n");
    return 2;
  }
  if (!strcmp(argv[1], "exit")) return 0;
  self = argv[0];
  int count = argc > 2 ? atoi(argv[2]) : 100;
  int rounds = argc > 3 ? atoi(argv[3]) : 10;
  for (int i = 0; i < rounds; i++)
    printf("%s round=%d ns=%.0f\n", argv[1], i, round_of(argv[1], count));
  return 0;
}

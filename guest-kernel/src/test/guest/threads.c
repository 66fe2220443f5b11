/*
 * Threads: creation and end, what they share, futexes in all forms, robust locks, signals to one
 * thread, clocks of threads, exec and exit with others about.
 */
#include "check.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

static char self[PATH_MAX];
static atomic_int word, word2, count, go;

static long futex(atomic_int *address, int operation, long value, const void *timeout, void *address2,
                  long value3) {
  return syscall(SYS_futex, address, operation, value, timeout, address2, value3);
}

static pthread_t start(void *(*body)(void *), void *argument) {
  pthread_t thread;
  CHECK_EQ(pthread_create(&thread, NULL, body, argument), 0);
  return thread;
}

static void *join(pthread_t thread) {
  void *result = NULL;
  CHECK_EQ(pthread_join(thread, &result), 0);
  return result;
}

static void nap(long micros) { nanosleep(&(struct timespec){0, micros * 1000}, NULL); }

/* Sees a thread that has called futex; there is no better sign of it than time. */
static void settle(void) { nap(20000); }

struct identity {
  pid_t pid, tid, ppid;
  pthread_t thread;
};

static void *identify(void *argument) {
  struct identity *identity = argument;
  *identity = (struct identity){getpid(), (pid_t)RAW(gettid), getppid(), pthread_self()};
  return (char *)argument + 1;
}

static void identity(void) {
  struct identity found[8];
  pthread_t threads[8];
  for (int i = 0; i < 8; i++) threads[i] = start(identify, &found[i]);
  for (int i = 0; i < 8; i++) CHECK(join(threads[i]) == (char *)&found[i] + 1);
  int same = 0;
  for (int i = 0; i < 8; i++) {
    CHECK_EQ(found[i].pid, getpid());
    CHECK_EQ(found[i].ppid, getppid());
    CHECK(found[i].tid != getpid());
    for (int j = 0; j < i; j++) same += found[i].tid == found[j].tid;
  }
  CHECK_EQ(same, 0);
  CHECK_ERRNO(RAW(tgkill, getpid(), found[0].tid, 0), ESRCH);
  CHECK_ERRNO(RAW(tkill, found[0].tid, 0), ESRCH);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long plain, turn;
static __thread long local = 5;

static void *add_under_lock(void *argument) {
  for (int i = 0; i < 20000; i++) {
    pthread_mutex_lock(&mutex);
    plain++;
    pthread_mutex_unlock(&mutex);
    if (i % 1000 == 0) sched_yield();
  }
  local += (long)argument;
  return (void *)local;
}

static void *take_turns(void *argument) {
  long mine = (long)argument;
  for (int i = 0; i < 300; i++) {
    pthread_mutex_lock(&mutex);
    while (turn % 3 != mine) pthread_cond_wait(&condition, &mutex);
    turn++;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static void *meet(void *argument) {
  (void)argument;
  long led = 0;
  for (int i = 0; i < 50; i++) led += pthread_barrier_wait(&barrier) != 0;
  return (void *)led;
}

static void *read_and_write(void *argument) {
  for (int i = 0; i < 1000; i++) {
    if ((i + (long)argument) % 4 == 0) {
      pthread_rwlock_wrlock(&rwlock);
      plain += 2;
      plain -= 1;
    } else {
      pthread_rwlock_rdlock(&rwlock);
      if (plain & 1 && plain > 1 << 30) abort();
    }
    pthread_rwlock_unlock(&rwlock);
  }
  return NULL;
}

static void locks(void) {
  pthread_t threads[4];
  for (long i = 0; i < 4; i++) threads[i] = start(add_under_lock, (void *)i);
  for (long i = 0; i < 4; i++) CHECK_EQ(join(threads[i]), 5 + i);
  CHECK_EQ(plain, 80000);
  CHECK_EQ(local, 5);
  for (long i = 0; i < 3; i++) threads[i] = start(take_turns, (void *)i);
  for (long i = 0; i < 3; i++) join(threads[i]);
  CHECK_EQ(turn, 900);
  CHECK_EQ(pthread_barrier_init(&barrier, NULL, 4), 0);
  long led = 0;
  for (long i = 0; i < 4; i++) threads[i] = start(meet, NULL);
  for (long i = 0; i < 4; i++) led += (long)join(threads[i]);
  CHECK_EQ(led, 50);
  plain = 0;
  for (long i = 0; i < 4; i++) threads[i] = start(read_and_write, (void *)i);
  for (long i = 0; i < 4; i++) join(threads[i]);
  CHECK_EQ(plain, 1000);
}

static void *wait_for_word(void *argument) {
  long bits = (long)argument;
  count++;
  long result = bits ? futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, bits)
                     : futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0);
  int error = errno;
  count--;
  return (void *)(result == 0 ? 0L : (long)error);
}

static void futexes(void) {
  word = 1;
  CHECK_ERRNO(futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0), EAGAIN);
  struct timespec brief = {0, 5000000}, bad = {0, 2000000000};
  CHECK_ERRNO(futex(&word, FUTEX_WAIT, 1, &brief, NULL, 0), ETIMEDOUT);
  CHECK_ERRNO(futex(&word, FUTEX_WAIT, 1, &bad, NULL, 0), EINVAL);
  struct timespec past = {1, 0};
  CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 1, &past, NULL, -1), ETIMEDOUT);
  CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 1, NULL, NULL, 0), EINVAL);
  CHECK_ERRNO(futex((void *)((char *)&word + 1), FUTEX_WAIT, 1, NULL, NULL, 0), EINVAL);
  CHECK_ERRNO(futex((void *)8, FUTEX_WAIT, 1, NULL, NULL, 0), EFAULT);
  CHECK_EQ(futex(&word, FUTEX_WAKE, 10, NULL, NULL, 0), 0);

  word = 0;
  pthread_t threads[6];
  for (int i = 0; i < 6; i++) threads[i] = start(wait_for_word, NULL);
  while (count < 6) nap(1000);
  settle();
  CHECK_EQ(futex(&word, FUTEX_WAKE, 2, NULL, NULL, 0), 2);
  while (count > 4) nap(1000);
  settle();
  CHECK_EQ(count, 4);
  CHECK_EQ(futex(&word, FUTEX_WAKE, 100, NULL, NULL, 0), 4);
  for (int i = 0; i < 6; i++) CHECK_EQ(join(threads[i]), 0);

  threads[0] = start(wait_for_word, (void *)1L);
  threads[1] = start(wait_for_word, (void *)6L);
  while (count < 2) nap(1000);
  settle();
  CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET, 10, NULL, NULL, 8), 0);
  CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET, 10, NULL, NULL, 2), 1);
  CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET, 10, NULL, NULL, 1), 1);
  CHECK_EQ(join(threads[0]), 0);
  CHECK_EQ(join(threads[1]), 0);

  for (int i = 0; i < 5; i++) threads[i] = start(wait_for_word, NULL);
  while (count < 5) nap(1000);
  settle();
  CHECK_ERRNO(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)10L, &word2, 77), EAGAIN);
  CHECK_EQ(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)2L, &word2, 0), 3);
  CHECK_EQ(futex(&word2, FUTEX_WAKE, 10, NULL, NULL, 0), 2);
  CHECK_EQ(futex(&word, FUTEX_REQUEUE, 0, (void *)10L, &word2, 0), 2);
  CHECK_EQ(futex(&word, FUTEX_WAKE, 10, NULL, NULL, 0), 0);
  word2 = 5;
  CHECK_EQ(futex(&word2, FUTEX_WAKE_OP, 10, (void *)10L, &word,
                 FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 1)), 2);
  CHECK_EQ(word, 3);
  for (int i = 0; i < 5; i++) CHECK_EQ(join(threads[i]), 0);
  CHECK_EQ(futex(&word2, FUTEX_WAKE_OP, 1, (void *)1L, &word,
                 FUTEX_OP(FUTEX_OP_SET, 9, FUTEX_OP_CMP_LT, 0)), 0);
  CHECK_EQ(word, 9);
  CHECK_EQ(futex(&word2, FUTEX_WAKE_OP, 1, (void *)1L, &word,
                 FUTEX_OP((FUTEX_OP_XOR | FUTEX_OP_OPARG_SHIFT), 4, FUTEX_OP_CMP_GE, 0)), 0);
  CHECK_EQ(word, 25);

  /* Between processes, in shared memory and not. */
  atomic_int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t child = fork();
  if (child == 0) {
    shared[1] = 1;
    while (shared[0] == 0) futex(&shared[0], FUTEX_WAIT, 0, NULL, NULL, 0);
    _exit(shared[0]);
  }
  while (!shared[1]) nap(1000);
  settle();
  CHECK_EQ(futex(&shared[0], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
  shared[0] = 21;
  CHECK_EQ(futex(&shared[0], FUTEX_WAKE, 1, NULL, NULL, 0), 1);
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(WEXITSTATUS(status), 21);

  /* A word that is copied on write while a thread waits for it. */
  word = 0;
  threads[0] = start(wait_for_word, NULL);
  while (count < 1) nap(1000);
  settle();
  if ((child = fork()) == 0) _exit(0);
  word = 1;
  CHECK_EQ(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
  CHECK_EQ(join(threads[0]), 0);
  CHECK_EQ(waitpid(child, &status, 0), child);
}

static void *die_with_lock(void *argument) {
  pthread_mutex_lock(argument);
  return NULL;
}

static void robust(void) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  CHECK_EQ(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST), 0);
  pthread_mutex_t lock;
  CHECK_EQ(pthread_mutex_init(&lock, &attributes), 0);
  join(start(die_with_lock, &lock));
  CHECK_EQ(pthread_mutex_lock(&lock), EOWNERDEAD);
  CHECK_EQ(pthread_mutex_consistent(&lock), 0);
  CHECK_EQ(pthread_mutex_unlock(&lock), 0);

  CHECK_EQ(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED), 0);
  pthread_mutex_t *shared =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK_EQ(pthread_mutex_init(shared, &attributes), 0);
  pid_t child = fork();
  if (child == 0) {
    pthread_mutex_lock(shared);
    raise(SIGKILL);
  }
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(pthread_mutex_lock(shared), EOWNERDEAD);
  CHECK_EQ(pthread_mutex_unlock(shared), 0);
  CHECK_EQ(pthread_mutex_lock(shared), ENOTRECOVERABLE);
}

static atomic_int handled_by, handled;
static void handle(int signal) {
  (void)signal;
  handled_by = (int)RAW(gettid);
  handled++;
}

static void *sleep_until_told(void *argument) {
  *(atomic_int *)argument = (int)RAW(gettid);
  while (!go) nap(500);
  return NULL;
}

static void *block_all(void *argument) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  return sleep_until_told(argument);
}

static void *spin_until_told(void *argument) {
  *(atomic_int *)argument = (int)RAW(gettid);
  while (!go) {
  }
  return NULL;
}

static void signals(void) {
  struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
  CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
  static atomic_int tid[3];
  go = 0;
  pthread_t threads[3] = {start(sleep_until_told, &tid[0]), start(block_all, &tid[1]),
                          start(spin_until_told, &tid[2])};
  while (!tid[0] || !tid[1] || !tid[2]) nap(1000);
  for (int i = 0; i < 3; i += 2) { /* one that sleeps, one that computes */
    handled = 0;
    CHECK_EQ(pthread_kill(threads[i], SIGUSR1), 0);
    while (!handled) nap(500);
    CHECK_EQ(handled_by, tid[i]);
  }
  handled = 0;
  CHECK_EQ(RAW(tgkill, getpid(), tid[1], SIGUSR1), 0);
  settle();
  CHECK_EQ(handled, 0); /* it is blocked there */
  sigset_t mine;
  sigemptyset(&mine);
  sigaddset(&mine, SIGUSR1);
  CHECK_EQ(pthread_sigmask(SIG_BLOCK, &mine, NULL), 0);
  CHECK_EQ(kill(getpid(), SIGUSR1), 0); /* for one of the two that do not block it */
  while (!handled) nap(500);
  CHECK(handled_by == tid[0] || handled_by == tid[2]);
  CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &mine, NULL), 0);
  go = 1;
  for (int i = 0; i < 3; i++) join(threads[i]);
  CHECK_ERRNO(RAW(tgkill, getpid() + 1, tid[0], 0), ESRCH);
}

static void *burn(void *argument) {
  struct timespec *used = argument, now;
  do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  while (now.tv_nsec < 60000000 && !now.tv_sec);
  clockid_t clock;
  pthread_getcpuclockid(pthread_self(), &clock);
  clock_gettime(clock, used);
  return NULL;
}

static void clocks(void) {
  struct timespec before, after, used = {0, 0};
  CHECK_EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before), 0);
  join(start(burn, &used));
  CHECK_EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after), 0);
  CHECK(used.tv_nsec >= 60000000 && used.tv_sec == 0);
  long whole = (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec;
  CHECK(whole >= 60000000);
  struct timespec mine;
  CHECK_EQ(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mine), 0);
}

static void *forever(void *argument) {
  count++;
  for (;;)
    if (!argument) pause();
  return NULL;
}

static void *exec_now(void *argument) {
  (void)argument;
  execl(self, self, "--exit", "33", NULL);
  return NULL;
}

static void *exit_the_group(void *argument) {
  (void)argument;
  exit(34);
}

static void *outlive(void *argument) {
  (void)argument;
  nap(30000);
  _exit(35);
}

static void *outlive_quietly(void *argument) {
  (void)argument;
  nap(30000);
  syscall(SYS_exit, 36);
  return NULL;
}

static int run(void (*body)(void)) {
  pid_t child = fork();
  if (child == 0) {
    body();
    _exit(99);
  }
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  return status;
}

static void crowd(void) {
  pthread_t thread;
  count = 0;
  pthread_create(&thread, NULL, forever, NULL);
  pthread_create(&thread, NULL, forever, "spins");
  pthread_create(&thread, NULL, forever, NULL);
  while (count < 3) nap(500);
}

static void exec_from_leader(void) { crowd(), exec_now(NULL); }
static void exec_from_thread(void) {
  crowd();
  pthread_t thread;
  pthread_create(&thread, NULL, exec_now, NULL);
  for (;;) pause();
}
static void group_exit(void) {
  crowd();
  pthread_t thread;
  pthread_create(&thread, NULL, exit_the_group, NULL);
  for (;;) pause();
}
static void leader_leaves(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, outlive, NULL);
  syscall(SYS_exit, 1);
}
static void all_leave(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, outlive_quietly, NULL);
  syscall(SYS_exit, 37);
}
static void killed_with_crowd(void) {
  crowd();
  kill(getpid(), SIGTERM);
  for (;;) pause();
}
static void fault_in_thread(void) {
  crowd();
  pthread_t thread;
  pthread_create(&thread, NULL, (void *(*)(void *))(uintptr_t)8, NULL);
  for (;;) pause();
}
static void stop_and_go(void) {
  crowd();
  raise(SIGSTOP);
  _exit(38);
}

static void ends(void) {
  CHECK_EQ(WEXITSTATUS(run(exec_from_leader)), 33);
  CHECK_EQ(WEXITSTATUS(run(exec_from_thread)), 33);
  CHECK_EQ(WEXITSTATUS(run(group_exit)), 34);
  CHECK_EQ(WEXITSTATUS(run(leader_leaves)), 35);
  CHECK(WIFEXITED(run(all_leave)));
  CHECK_EQ(WTERMSIG(run(killed_with_crowd)), SIGTERM);
  CHECK_EQ(WTERMSIG(run(fault_in_thread)), SIGSEGV);
  pid_t child = fork();
  if (child == 0) stop_and_go();
  int status;
  CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
  CHECK(WIFSTOPPED(status));
  CHECK_EQ(kill(child, SIGCONT), 0);
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(WEXITSTATUS(status), 38);

  /* A thread of a fork alone survives, and its locks are free to use. */
  crowd();
  child = fork();
  if (child == 0) {
    pthread_t thread;
    struct identity found;
    if (pthread_create(&thread, NULL, identify, &found)) _exit(1);
    pthread_join(thread, NULL);
    _exit(found.pid == getpid() ? 39 : 2);
  }
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(WEXITSTATUS(status), 39);
}

static sem_t semaphore;
static void *post(void *argument) {
  (void)argument;
  sem_post(&semaphore);
  return NULL;
}

static void many(void) {
  enum { N = 400 };
  CHECK_EQ(sem_init(&semaphore, 0, 0), 0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 65536);
  int failed = 0;
  for (int i = 0; i < N; i++) {
    pthread_t thread;
    failed += pthread_create(&thread, &attributes, post, NULL) != 0;
  }
  for (int i = 0; i < N - failed; i++) sem_wait(&semaphore);
  CHECK_EQ(failed, 0);
}

/* One thread reads pages while the other has them copied on write, unmapped and mapped again. */
static volatile unsigned char *pages;
static void *read_pages(void *argument) {
  long wrong = 0;
  (void)argument;
  while (!go)
    for (int i = 0; i < 64; i++) {
      unsigned char seen = pages[i * 4096];
      wrong += seen != 1 && seen != 2;
    }
  return (void *)wrong;
}

static void coherence(void) {
  pages = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned char *large = mmap(NULL, 3000 * 4096, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 3000; i++) large[i * 4096] = 7; /* so large that nothing is copied ahead */
  munmap((void *)pages, 64 * 4096);
  pages = large;
  for (int i = 0; i < 64; i++) pages[i * 4096] = 1;
  go = 0;
  pthread_t reader = start(read_pages, NULL);
  int stale = 0;
  for (int round = 0; round < 10; round++) {
    pid_t child = fork();
    if (child == 0) {
      int bad = 0;
      unsigned char here = pages[0];
      for (int i = 0; i < 64; i++) bad |= pages[i * 4096] != here;
      for (int i = 0; i < 64; i++) pages[i * 4096] = 9;
      _exit(bad);
    }
    unsigned char next = round % 2 ? 1 : 2;
    for (int i = 0; i < 64; i++) pages[i * 4096] = next;
    for (int i = 0; i < 64; i++) stale += pages[i * 4096] != next;
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
  }
  go = 1;
  CHECK_EQ(join(reader), 0);
  CHECK_EQ(stale, 0);
}

int main(int argc, char **argv) {
  if (argc > 2 && !strcmp(argv[1], "--exit")) return atoi(argv[2]);
  if (!realpath(argv[0], self)) snprintf(self, sizeof self, "%s", argv[0]);
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  check_start("threads", argc, argv);
  identity();
  locks();
  futexes();
  robust();
  signals();
  clocks();
  many();
  coherence();
  ends();
  return check_report();
}

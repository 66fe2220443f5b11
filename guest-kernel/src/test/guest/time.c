/* Time: clocks by the vDSO and by the bare call, sleeping, CPU time and its accounting. */
#include "check.h"

#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>

static const int64_t SECOND = 1000000000;

static int64_t ns_of(struct timespec t) { return (int64_t)t.tv_sec * SECOND + t.tv_nsec; }

static int64_t by_library(clockid_t clock) {
  struct timespec t = {-1, -1};
  clock_gettime(clock, &t);
  return ns_of(t);
}

static int64_t by_call(clockid_t clock) {
  struct timespec t = {-1, -1};
  RAW(clock_gettime, clock, &t);
  return ns_of(t);
}

/* The library's answer (vDSO where there is one) lies between two answers of the kernel. */
static void agreement(clockid_t clock, int64_t slack) {
  int inside = 0, forward = 0;
  int64_t last = by_library(clock);
  for (int i = 0; i < 1000; i++) {
    int64_t before = by_call(clock), between = by_library(clock), after = by_call(clock);
    inside += before - slack <= between && between <= after + slack;
    forward += between >= last && after >= before;
    last = between;
  }
  CHECK_EQ(inside, 1000);
  CHECK_EQ(forward, 1000);
}

static void clocks(void) {
  const clockid_t all[] = {CLOCK_REALTIME,        CLOCK_MONOTONIC,        CLOCK_PROCESS_CPUTIME_ID,
                           CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW,  CLOCK_REALTIME_COARSE,
                           CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,        CLOCK_TAI};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    struct timespec t = {-1, -1}, resolution = {-1, -1};
    CHECK_EQ(clock_gettime(all[i], &t), 0);
    CHECK(t.tv_sec >= 0 && t.tv_nsec >= 0 && t.tv_nsec < SECOND);
    CHECK_EQ(RAW(clock_gettime, all[i], &t), 0);
    CHECK(t.tv_sec >= 0 && t.tv_nsec >= 0 && t.tv_nsec < SECOND);
    CHECK_EQ(clock_getres(all[i], &resolution), 0);
    CHECK(resolution.tv_sec == 0 && resolution.tv_nsec > 0 && resolution.tv_nsec <= 10000000);
    CHECK_EQ(clock_getres(all[i], NULL), 0);
  }
  /* As near as counters can be compared; an emulated one takes long to be read. */
  int64_t slack = check_emulated ? 1000000 : 1000;
  agreement(CLOCK_REALTIME, slack);
  agreement(CLOCK_MONOTONIC, slack);
  agreement(CLOCK_MONOTONIC_RAW, slack);
  agreement(CLOCK_BOOTTIME, slack);
  agreement(CLOCK_MONOTONIC_COARSE, 20000000);
  agreement(CLOCK_REALTIME_COARSE, 20000000);
  CHECK(by_call(CLOCK_REALTIME) > 1700000000 * SECOND); /* after 2023 */
  int64_t coarse = by_call(CLOCK_MONOTONIC_COARSE), fine = by_call(CLOCK_MONOTONIC);
  CHECK(coarse <= fine && fine - coarse < SECOND);
  CHECK(by_call(CLOCK_BOOTTIME) >= fine);
  struct timespec t;
  CHECK_ERRNO(clock_gettime(99, &t), EINVAL);
  CHECK_ERRNO(RAW(clock_gettime, 99, &t), EINVAL);
  CHECK_ERRNO(RAW(clock_gettime, CLOCK_MONOTONIC, NULL), EFAULT);
  CHECK_ERRNO(RAW(clock_gettime, CLOCK_MONOTONIC, 0x8000000000000000UL), EFAULT);
  CHECK_ERRNO(clock_getres(99, &t), EINVAL);
}

/* A clock read through the library, and the kernel's monotonic clock just before and just after. */
struct reading {
  int64_t before, clock, after;
};

static struct reading read_clock(clockid_t clock) {
  struct reading r;
  r.before = by_call(CLOCK_MONOTONIC);
  r.clock = by_library(clock);
  r.after = by_call(CLOCK_MONOTONIC);
  return r;
}

/* Clocks that count the same seconds go at the same speed, however often we are preempted. */
static void speed(void) {
  const clockid_t same[] = {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME};
  struct reading start[4], end[4];
  for (int i = 0; i < 4; i++) start[i] = read_clock(same[i]);
  struct timespec pause = {0, 300000000};
  CHECK_EQ(nanosleep(&pause, NULL), 0);
  for (int i = 0; i < 4; i++) {
    end[i] = read_clock(same[i]);
    int64_t passed = end[i].clock - start[i].clock;
    CHECK(passed >= end[i].before - start[i].after - 3000000);
    CHECK(passed <= end[i].after - start[i].before + 3000000);
    CHECK(passed >= 290000000);
  }
}

static void old_calls(void) {
  struct timeval tv;
  struct timezone zone = {77, 77};
  CHECK_EQ(gettimeofday(&tv, NULL), 0);
  int64_t us = (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
  CHECK(llabs(by_call(CLOCK_REALTIME) / 1000 - us) < 1000000);
  CHECK(tv.tv_usec >= 0 && tv.tv_usec < 1000000);
  CHECK_EQ(RAW(gettimeofday, &tv, &zone), 0);
  CHECK(zone.tz_minuteswest != 77);
  CHECK_EQ(RAW(gettimeofday, NULL, NULL), 0);
  CHECK_ERRNO(RAW(gettimeofday, 8L, NULL), EFAULT);
  time_t stored = 0, now = time(&stored);
  CHECK_EQ(now, stored);
  long called = RAW(time, NULL);
  CHECK(called - now >= 0 && called - now <= 2);
  CHECK_ERRNO(RAW(time, 8L), EFAULT);
}

static void no_action(int signal) { (void)signal; }

static void sleeping(void) {
  struct timespec t = {0, 30000000}, left = {5, 5};
  int64_t start = by_call(CLOCK_MONOTONIC);
  CHECK_EQ(nanosleep(&t, &left), 0);
  CHECK(by_call(CLOCK_MONOTONIC) - start >= 30000000);
  CHECK(left.tv_sec == 5); /* untouched unless interrupted */
  start = by_call(CLOCK_MONOTONIC);
  CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL), 0);
  CHECK(by_call(CLOCK_MONOTONIC) - start >= 30000000);
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += 40000000;
  if (until.tv_nsec >= SECOND) until = (struct timespec){until.tv_sec + 1, until.tv_nsec - SECOND};
  CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
  int64_t late = by_call(CLOCK_MONOTONIC) - ns_of(until);
  CHECK(late >= 0 && late < 5 * SECOND);
  CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0); /* past: at once */
  CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){1, 0}, NULL), 0);
  CHECK_EQ(nanosleep(&(struct timespec){0, 0}, NULL), 0);
  CHECK_ERRNO(nanosleep(&(struct timespec){0, SECOND}, NULL), EINVAL);
  CHECK_ERRNO(nanosleep(&(struct timespec){0, -1}, NULL), EINVAL);
  CHECK_ERRNO(nanosleep(&(struct timespec){-1, 0}, NULL), EINVAL);
  CHECK_ERRNO(RAW(nanosleep, NULL, NULL), EFAULT);
  CHECK_EQ(clock_nanosleep(99, 0, &t, NULL), EINVAL);
  CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, SECOND}, NULL), EINVAL);
  CHECK_EQ(sched_yield(), 0);
}

/* By the time that a process uses: another one's, since its own stands still while it sleeps. */
static void cpu_sleep(void) {
  struct timespec t = {0, 30000000}, left = {5, 5};
  CHECK_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL), EINVAL);
  CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC_RAW, 0, &t, NULL), EOPNOTSUPP);
  CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC_COARSE, 0, &t, NULL), EOPNOTSUPP);
  CHECK_EQ(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &(struct timespec){0, SECOND}, NULL), EINVAL);
  CHECK_EQ(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &(struct timespec){0, 1}, NULL), 0);
  pid_t child = fork();
  if (child == 0)
    for (;;) continue;
  clockid_t clock;
  CHECK_EQ(clock_getcpuclockid(child, &clock), 0);
  int64_t before = by_call(clock);
  CHECK_EQ(clock_nanosleep(clock, 0, &t, &left), 0);
  CHECK(by_call(clock) - before >= 30000000);
  CHECK_EQ(left.tv_sec, 5);
  struct timespec until = {0, 0};
  clock_gettime(clock, &until);
  until.tv_nsec += 20000000;
  if (until.tv_nsec >= SECOND) until = (struct timespec){until.tv_sec + 1, until.tv_nsec - SECOND};
  CHECK_EQ(clock_nanosleep(clock, TIMER_ABSTIME, &until, NULL), 0);
  CHECK(by_call(clock) >= ns_of(until));
  CHECK_EQ(kill(child, SIGKILL), 0);
  CHECK_EQ(waitpid(child, NULL, 0), child);

  /* Its own: only a signal ends it. */
  signal(SIGALRM, no_action);
  struct sigaction action = {.sa_handler = no_action};
  CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
  struct itimerval soon = {.it_value = {0, 50000}};
  CHECK_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
  CHECK_EQ(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &(struct timespec){3, 0}, &left), EINTR);
  CHECK(left.tv_sec == 2 || (left.tv_sec == 3 && left.tv_nsec == 0));
}

static void processor(void) {
  unsigned cpu = 9999, node = 9999;
  CHECK_EQ(getcpu(&cpu, &node), 0);
  CHECK(cpu < 4096 && node < 1024);
  CHECK_EQ(RAW(getcpu, &cpu, &node, NULL), 0);
  CHECK(cpu < 4096 && node < 1024);
  CHECK_EQ(RAW(getcpu, NULL, NULL, NULL), 0);
  CHECK_ERRNO(RAW(getcpu, 8L, NULL, NULL), EFAULT);
  cpu_set_t set;
  CHECK_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  int allowed = 0;
  for (int i = 0; i < 200; i++) {
    getcpu(&cpu, NULL);
    allowed += CPU_ISSET(cpu, &set) != 0;
  }
  CHECK_EQ(allowed, 200);
}

static void accounting(void) {
  int64_t cpu = by_call(CLOCK_PROCESS_CPUTIME_ID), wall = by_call(CLOCK_MONOTONIC);
  struct tms before, after;
  clock_t ticks = times(&before);
  CHECK(ticks != (clock_t)-1);
  volatile uint64_t sum = 0;
  while (by_call(CLOCK_PROCESS_CPUTIME_ID) - cpu < 60000000 && by_call(CLOCK_MONOTONIC) - wall < 20 * SECOND)
    for (int i = 0; i < 100000; i++) sum += (uint64_t)i;
  int64_t used = by_call(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  CHECK(used >= 60000000);
  CHECK(used <= by_call(CLOCK_MONOTONIC) - wall + 20000000);
  CHECK(times(&after) >= ticks);
  CHECK(after.tms_utime + after.tms_stime >= before.tms_utime + before.tms_stime + 3);
  CHECK(after.tms_cutime == 0 && after.tms_cstime == 0);
  CHECK(times(NULL) >= ticks);
  CHECK_ERRNO(RAW(times, 8L), EFAULT);
  struct rusage usage;
  CHECK_EQ(getrusage(RUSAGE_SELF, &usage), 0);
  int64_t us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L + usage.ru_utime.tv_usec +
               usage.ru_stime.tv_usec;
  CHECK(us >= 30000 && us < 60000000);
  CHECK(usage.ru_utime.tv_usec < 1000000 && usage.ru_stime.tv_usec < 1000000);
  CHECK_EQ(getrusage(RUSAGE_CHILDREN, &usage), 0);
  CHECK_EQ(usage.ru_utime.tv_sec, 0);
  CHECK_EQ(getrusage(RUSAGE_THREAD, &usage), 0);
  CHECK_ERRNO(getrusage(55, &usage), EINVAL);
  CHECK_ERRNO(RAW(getrusage, RUSAGE_SELF, NULL), EFAULT);

  /* Sleeping costs next to nothing of it. */
  cpu = by_call(CLOCK_THREAD_CPUTIME_ID);
  nanosleep(&(struct timespec){0, 100000000}, NULL);
  CHECK(by_call(CLOCK_THREAD_CPUTIME_ID) - cpu < 60000000);
}

int main(int argc, char **argv) {
  check_start("time", argc, argv);
  clocks();
  speed();
  old_calls();
  sleeping();
  processor();
  accounting();
  cpu_sleep();
  return check_report();
}

/* The process: names, limits, ids, signals stored and read back, futexes, poll and select, auxv. */
#include "check.h"

#include <asm/prctl.h>
#include <elf.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void names(void) {
  struct utsname name;
  CHECK_EQ(uname(&name), 0);
  CHECK(!strcmp(name.sysname, "Linux"));
  CHECK(!strcmp(name.machine, "x86_64"));
  int major = 0, minor = 0;
  CHECK(sscanf(name.release, "%d.%d", &major, &minor) == 2 && major >= 4);
  CHECK(memchr(name.nodename, 0, sizeof name.nodename) != NULL && name.nodename[0]);
  CHECK(name.version[0] != 0);
  CHECK_ERRNO(RAW(uname, NULL), EFAULT);
  struct sysinfo info;
  memset(&info, 0xff, sizeof info);
  CHECK_EQ(sysinfo(&info), 0);
  CHECK(info.mem_unit > 0 && info.totalram > 0 && info.freeram <= info.totalram);
  CHECK(info.uptime >= 0 && info.procs >= 1);
  CHECK(info.totalram * info.mem_unit >= 16UL << 20);
  CHECK_ERRNO(RAW(sysinfo, NULL), EFAULT);

  char thread[16];
  CHECK_EQ(prctl(PR_SET_NAME, "a-name-longer-than-fits"), 0);
  CHECK_EQ(prctl(PR_GET_NAME, thread), 0);
  CHECK(!strcmp(thread, "a-name-longer-t"));
  CHECK_ERRNO(prctl(PR_SET_NAME, 8L), EFAULT);
  CHECK_ERRNO(prctl(0x7777777), EINVAL);
}

static void random_bytes(void) {
  unsigned char a[64] = {0}, b[64] = {0};
  CHECK_EQ(getrandom(a, sizeof a, 0), 64);
  CHECK_EQ(getrandom(b, sizeof b, GRND_NONBLOCK), 64);
  CHECK(memcmp(a, b, sizeof a) != 0);
  CHECK_EQ(getrandom(a, 0, 0), 0);
  CHECK_EQ(RAW(getrandom, a, 8L, GRND_RANDOM | GRND_NONBLOCK) >= 1, 1);
  CHECK_ERRNO(RAW(getrandom, a, 8L, 0x80), EINVAL);
  CHECK_ERRNO(RAW(getrandom, NULL, 8L, 0), EFAULT);
  static unsigned char big[100000];
  CHECK_EQ(getrandom(big, sizeof big, 0), sizeof big);
  int counts[256] = {0}, rare = 0;
  for (size_t i = 0; i < sizeof big; i++) counts[big[i]]++;
  for (int i = 0; i < 256; i++) rare += counts[i] < 200; /* 390 expected, ten deviations below */
  CHECK_EQ(rare, 0);
}

static void limits(void) {
  struct rlimit limit, again;
  for (int i = 0; i < 16; i++) {
    CHECK_EQ(getrlimit(i, &limit), 0);
    CHECK(limit.rlim_cur <= limit.rlim_max);
  }
  CHECK_ERRNO(RAW(getrlimit, 16, &limit), EINVAL);
  CHECK_ERRNO(RAW(getrlimit, RLIMIT_STACK, NULL), EFAULT);
  CHECK_EQ(prlimit(0, RLIMIT_NOFILE, NULL, &limit), 0);
  struct rlimit lower = {limit.rlim_cur - 1, limit.rlim_max};
  CHECK_EQ(prlimit(0, RLIMIT_NOFILE, &lower, &again), 0);
  CHECK_EQ(again.rlim_cur, limit.rlim_cur);
  CHECK_EQ(prlimit(getpid(), RLIMIT_NOFILE, NULL, &again), 0);
  CHECK_EQ(again.rlim_cur, lower.rlim_cur);
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  CHECK_ERRNO(setrlimit(RLIMIT_NOFILE, &(struct rlimit){limit.rlim_max, limit.rlim_max - 1}), EINVAL);
  CHECK_ERRNO(prlimit(0x3ffffff, RLIMIT_NOFILE, NULL, &again), ESRCH);
  CHECK_ERRNO(prlimit(0, 99, NULL, &again), EINVAL);
}

static void ids(void) {
  CHECK(getpid() > 0);
  CHECK_EQ(RAW(getpid), getpid());
  CHECK_EQ(RAW(gettid), getpid());
  CHECK(getppid() >= 0);
  uid_t r, e, s;
  CHECK_EQ(getresuid(&r, &e, &s), 0);
  CHECK(r == getuid() && e == geteuid());
  gid_t gr, ge, gs;
  CHECK_EQ(getresgid(&gr, &ge, &gs), 0);
  CHECK(gr == getgid() && ge == getegid());
  CHECK_ERRNO(RAW(getresuid, &r, &e, 8L), EFAULT);
  int groups = getgroups(0, NULL);
  CHECK(groups >= 0);
  CHECK_ERRNO(RAW(getgroups, -1, NULL), EINVAL);
  CHECK(getpgrp() >= 0);
  CHECK_EQ(getpgid(0), getpgrp());
  CHECK(getsid(0) >= 0);
  CHECK_ERRNO(getpgid(0x3ffffff), ESRCH);
  CHECK_EQ(RAW(set_tid_address, &r), getpid());
  CHECK_EQ(getauxval(AT_UID), r);
  CHECK_EQ(getauxval(AT_EUID), e);
  CHECK_ERRNO(wait4(-1, NULL, WNOHANG, NULL), ECHILD);

  cpu_set_t set;
  CPU_ZERO(&set);
  CHECK_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  CHECK(CPU_COUNT(&set) >= 1);
  long bytes = RAW(sched_getaffinity, 0, sizeof set, &set);
  CHECK(bytes >= 8 && bytes % 8 == 0);
  CHECK_ERRNO(RAW(sched_getaffinity, 0, 3L, &set), EINVAL);
  CHECK_ERRNO(RAW(sched_getaffinity, 0, 0L, &set), EINVAL);
  CHECK_ERRNO(RAW(sched_getaffinity, 0, sizeof set, NULL), EFAULT);
  CHECK_ERRNO(RAW(sched_getaffinity, 0x3ffffff, sizeof set, &set), ESRCH);
}

struct kernel_sigaction {
  void *handler;
  unsigned long flags;
  void *restorer;
  uint64_t mask;
};

static void dispositions(void) {
  struct kernel_sigaction set = {(void *)0x123456, SA_RESTART | 0x04000000, (void *)0x654321, 0};
  struct kernel_sigaction got;
  set.mask = 1UL << (SIGUSR2 - 1) | 1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1);
  CHECK_EQ(RAW(rt_sigaction, SIGUSR1, NULL, &got, 8L), 0);
  CHECK(got.handler == (void *)SIG_DFL);
  CHECK_EQ(RAW(rt_sigaction, SIGUSR1, &set, NULL, 8L), 0);
  CHECK_EQ(RAW(rt_sigaction, SIGUSR1, NULL, &got, 8L), 0);
  CHECK(got.handler == set.handler && got.restorer == set.restorer);
  CHECK_EQ(got.flags, set.flags);
  CHECK_EQ(got.mask, 1UL << (SIGUSR2 - 1)); /* SIGKILL and SIGSTOP cannot be blocked */
  set = (struct kernel_sigaction){.handler = (void *)SIG_DFL};
  CHECK_EQ(RAW(rt_sigaction, SIGUSR1, &set, &got, 8L), 0);
  CHECK(got.handler == (void *)0x123456);
  CHECK_ERRNO(RAW(rt_sigaction, SIGKILL, &set, NULL, 8L), EINVAL);
  CHECK_ERRNO(RAW(rt_sigaction, SIGSTOP, &set, NULL, 8L), EINVAL);
  CHECK_EQ(RAW(rt_sigaction, SIGKILL, NULL, &got, 8L), 0);
  CHECK_ERRNO(RAW(rt_sigaction, 0, NULL, &got, 8L), EINVAL);
  CHECK_ERRNO(RAW(rt_sigaction, 65, NULL, &got, 8L), EINVAL);
  CHECK_EQ(RAW(rt_sigaction, 64, NULL, &got, 8L), 0);
  CHECK_ERRNO(RAW(rt_sigaction, SIGUSR1, NULL, &got, 4L), EINVAL);
  CHECK_ERRNO(RAW(rt_sigaction, SIGUSR1, 8L, NULL, 8L), EFAULT);
  CHECK_ERRNO(RAW(rt_sigaction, SIGUSR1, NULL, 8L, 8L), EFAULT);
}

static void masks(void) {
  uint64_t usr1 = 1UL << (SIGUSR1 - 1), usr2 = 1UL << (SIGUSR2 - 1), everything = ~0UL, got = 0, old = 0;
  CHECK_EQ(RAW(rt_sigprocmask, SIG_SETMASK, NULL, &old, 8L), 0);
  CHECK_EQ(RAW(rt_sigprocmask, SIG_SETMASK, &usr1, NULL, 8L), 0);
  CHECK_EQ(RAW(rt_sigprocmask, SIG_BLOCK, &usr2, &got, 8L), 0);
  CHECK_EQ(got, usr1);
  CHECK_EQ(RAW(rt_sigprocmask, SIG_UNBLOCK, &usr1, &got, 8L), 0);
  CHECK_EQ(got, usr1 | usr2);
  CHECK_EQ(RAW(rt_sigprocmask, SIG_SETMASK, &everything, &got, 8L), 0);
  CHECK_EQ(got, usr2);
  CHECK_EQ(RAW(rt_sigprocmask, 77, NULL, &got, 8L), 0); /* nothing to set: how is not looked at */
  CHECK_EQ(got, ~(1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1)));
  CHECK_EQ(RAW(rt_sigprocmask, SIG_SETMASK, &old, NULL, 8L), 0);
  CHECK_ERRNO(RAW(rt_sigprocmask, 77, &old, NULL, 8L), EINVAL);
  CHECK_ERRNO(RAW(rt_sigprocmask, SIG_BLOCK, &old, NULL, 16L), EINVAL);
  CHECK_ERRNO(RAW(rt_sigprocmask, SIG_BLOCK, 8L, NULL, 8L), EFAULT);
  CHECK_ERRNO(RAW(rt_sigprocmask, SIG_BLOCK, NULL, 8L, 8L), EFAULT);
}

static void pending(void) {
  uint64_t usr1 = 1UL << (SIGUSR1 - 1), child = 1UL << (SIGCHLD - 1), both = usr1 | child, got = ~0UL;
  CHECK_EQ(RAW(rt_sigprocmask, SIG_BLOCK, &both, NULL, 8L), 0);
  CHECK_EQ(RAW(rt_sigpending, &got, 8L), 0);
  CHECK_EQ(got, 0);
  CHECK_EQ(RAW(tgkill, getpid(), getpid(), SIGUSR1), 0);
  CHECK_EQ(RAW(rt_sigpending, &got, 8L), 0);
  CHECK_EQ(got, usr1);
  CHECK_EQ(RAW(kill, getpid(), SIGCHLD), 0);
  CHECK_EQ(RAW(rt_sigpending, &got, 8L), 0);
  CHECK_EQ(got, both);
  struct kernel_sigaction ignore = {.handler = (void *)SIG_IGN}, normal = {.handler = (void *)SIG_DFL};
  CHECK_EQ(RAW(rt_sigaction, SIGUSR1, &ignore, NULL, 8L), 0); /* ignoring throws away what waits */
  CHECK_EQ(RAW(rt_sigpending, &got, 8L), 0);
  CHECK_EQ(got & usr1, 0);
  if (got & usr1) return; /* unblocking would end this program */
  CHECK_EQ(RAW(rt_sigprocmask, SIG_UNBLOCK, &both, NULL, 8L), 0); /* SIGCHLD: ignored by default */
  CHECK_EQ(RAW(rt_sigpending, &got, 8L), 0);
  CHECK_EQ(got, 0);
  CHECK_EQ(RAW(tgkill, getpid(), getpid(), SIGUSR1), 0); /* ignored: nothing happens */
  CHECK_EQ(RAW(rt_sigaction, SIGUSR1, &normal, NULL, 8L), 0);
  CHECK_EQ(RAW(tgkill, getpid(), getpid(), SIGURG), 0);
  CHECK_EQ(RAW(tgkill, getpid(), getpid(), SIGWINCH), 0);
  CHECK_EQ(RAW(tgkill, getpid(), getpid(), SIGCONT), 0);
  CHECK_EQ(RAW(tgkill, getpid(), getpid(), 0), 0);
  CHECK_EQ(RAW(kill, getpid(), 0), 0);
  CHECK_ERRNO(RAW(tgkill, getpid(), getpid(), 65), EINVAL);
  CHECK_ERRNO(RAW(tgkill, getpid(), getpid(), -1), EINVAL);
  CHECK_ERRNO(RAW(tgkill, -1, getpid(), 0), EINVAL);
  CHECK_ERRNO(RAW(tgkill, 0x3ffffff, 0x3ffffff, 0), ESRCH);
  CHECK_ERRNO(RAW(kill, 0x3ffffff, 0), ESRCH);
  CHECK_ERRNO(RAW(rt_sigpending, 8L, 8L), EFAULT);
  CHECK_ERRNO(RAW(rt_sigpending, &got, 16L), EINVAL);
}

static void alternate_stack(void) {
  static char area[65536];
  stack_t set = {.ss_sp = area, .ss_size = sizeof area, .ss_flags = 0}, got;
  CHECK_EQ(sigaltstack(NULL, &got), 0);
  CHECK_EQ(got.ss_flags, SS_DISABLE);
  CHECK_EQ(sigaltstack(&set, NULL), 0);
  CHECK_EQ(sigaltstack(NULL, &got), 0);
  CHECK(got.ss_sp == area && got.ss_size == sizeof area && got.ss_flags == 0);
  set.ss_size = 100;
  CHECK_ERRNO(sigaltstack(&set, NULL), ENOMEM);
  set.ss_flags = 0x77;
  CHECK_ERRNO(sigaltstack(&set, NULL), EINVAL);
  CHECK_EQ(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, &got), 0);
  CHECK(got.ss_sp == area);
  CHECK_ERRNO(RAW(sigaltstack, 8L, NULL), EFAULT);
}

static void futexes(void) {
  static uint32_t word = 5;
  struct timespec short_time = {0, 20000000}, zero = {0, 0};
  CHECK_ERRNO(RAW(futex, &word, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
  CHECK_ERRNO(RAW(futex, &word, FUTEX_WAIT_PRIVATE, 4, &short_time, NULL, 0), EAGAIN);
  int64_t start = now_ns();
  CHECK_ERRNO(RAW(futex, &word, FUTEX_WAIT_PRIVATE, 5, &short_time, NULL, 0), ETIMEDOUT);
  CHECK(now_ns() - start >= 20000000);
  CHECK_ERRNO(RAW(futex, &word, FUTEX_WAIT, 5, &zero, NULL, 0), ETIMEDOUT);
  struct timespec past = {1, 0};
  CHECK_ERRNO(RAW(futex, &word, FUTEX_WAIT_BITSET, 5, &past, NULL, ~0U), ETIMEDOUT);
  CHECK_ERRNO(RAW(futex, &word, FUTEX_WAIT_BITSET, 5, &past, NULL, 0U), EINVAL);
  CHECK_EQ(RAW(futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
  CHECK_EQ(RAW(futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0), 0);
  CHECK_ERRNO(RAW(futex, (char *)&word + 1, FUTEX_WAIT, 5, &zero, NULL, 0), EINVAL);
  CHECK_ERRNO(RAW(futex, NULL, FUTEX_WAIT, 5, &zero, NULL, 0), EFAULT);
  CHECK_ERRNO(RAW(futex, &word, FUTEX_WAIT, 5, &(struct timespec){0, -1}, NULL, 0), EINVAL);
  CHECK_ERRNO(RAW(futex, &word, FUTEX_WAIT, 5, 8L, NULL, 0), EFAULT);
  CHECK_ERRNO(RAW(futex, &word, 99, 5, NULL, NULL, 0), ENOSYS);
  CHECK_EQ(word, 5);
}

static void thread_area(void) {
  unsigned long base = 0, value = 0;
  CHECK_EQ(RAW(arch_prctl, ARCH_GET_FS, &base), 0);
  __asm__("movq %%fs:0, %0" : "=r"(value)); /* the thread control block begins with its address */
  CHECK_EQ(base, value);
  CHECK_EQ(RAW(arch_prctl, ARCH_SET_FS, base), 0);
  CHECK_ERRNO(RAW(arch_prctl, ARCH_SET_FS, 0x8000000000000000UL), EPERM);
  CHECK_ERRNO(RAW(arch_prctl, ARCH_SET_FS, -1L), EPERM);
  CHECK_ERRNO(RAW(arch_prctl, ARCH_GET_FS, 8L), EFAULT);
  CHECK_ERRNO(RAW(arch_prctl, 0x7777777, 0L), EINVAL);
  struct { void *list; long offset; void *operation; } head = {&head, 0, NULL};
  CHECK_EQ(RAW(set_robust_list, &head, sizeof head), 0);
  CHECK_ERRNO(RAW(set_robust_list, &head, 5L), EINVAL);
}

static void auxiliary_vector(char **argv) {
  CHECK_EQ(getauxval(AT_PAGESZ), 4096);
  const unsigned char *random = (void *)getauxval(AT_RANDOM);
  CHECK(random != NULL);
  int zeroes = 0;
  for (int i = 0; random && i < 16; i++) zeroes += random[i] == 0;
  CHECK(zeroes < 8);
  CHECK(getauxval(AT_CLKTCK) == 100);
  CHECK(getauxval(AT_SECURE) == 0);
  const Elf64_Phdr *headers = (void *)getauxval(AT_PHDR);
  CHECK(headers != NULL && getauxval(AT_PHENT) == sizeof *headers);
  unsigned long count = getauxval(AT_PHNUM), loads = 0;
  CHECK(count > 0 && count < 64);
  for (unsigned long i = 0; headers && i < count; i++) loads += headers[i].p_type == PT_LOAD;
  CHECK(loads > 0);
  const char *name = (void *)getauxval(AT_EXECFN);
  CHECK(name && strlen(name) > 0);
  CHECK(!strcmp((char *)getauxval(AT_PLATFORM), "x86_64"));
  CHECK(argv[0] && strlen(argv[0]) > 0);
  const Elf64_Ehdr *vdso = (void *)getauxval(AT_SYSINFO_EHDR);
  CHECK(vdso != NULL && !memcmp(vdso->e_ident, ELFMAG, SELFMAG) && vdso->e_type == ET_DYN);
  CHECK(getauxval(AT_HWCAP) != 0);
  CHECK(getauxval(AT_ENTRY) != 0);
  Elf64_auxv_t saved[64];
  int fd = open("/proc/self/auxv", O_RDONLY);
  if (fd < 0) {
    check_skip("/proc/self/auxv");
    return;
  }
  ssize_t bytes = read(fd, saved, sizeof saved);
  close(fd);
  CHECK(bytes > 0 && bytes % (ssize_t)sizeof saved[0] == 0);
  int same = 0;
  for (size_t i = 0; i < (size_t)bytes / sizeof saved[0] && saved[i].a_type != AT_NULL; i++)
    same += saved[i].a_type == AT_PHDR && saved[i].a_un.a_val == (uintptr_t)headers;
  CHECK_EQ(same, 1);
}

static void polling(void) {
  int file = (int)CHECK_OK(open("polled", O_RDWR | O_CREAT, 0600));
  int null = (int)CHECK_OK(open("/dev/null", O_RDWR));
  struct pollfd fds[] = {{file, POLLIN | POLLOUT, -1}, {null, POLLIN | POLLOUT | POLLPRI, -1}, {-1, POLLIN, -1}};
  CHECK_EQ(poll(fds, 3, -1), 2);
  CHECK_EQ(fds[0].revents, POLLIN | POLLOUT);
  CHECK_EQ(fds[1].revents, POLLIN | POLLOUT);
  CHECK_EQ(fds[2].revents, 0);
  struct pollfd closed[] = {{9999, POLLIN, 0}};
  CHECK_EQ(poll(closed, 1, 1000), 1);
  CHECK_EQ(closed[0].revents, POLLNVAL);
  int64_t start = now_ns();
  CHECK_EQ(poll(fds + 2, 1, 30), 0);
  CHECK(now_ns() - start >= 30000000);
  CHECK_EQ(poll(NULL, 0, 10), 0);
  CHECK_ERRNO(RAW(poll, NULL, 1L, 0), EFAULT);
  CHECK_ERRNO(RAW(poll, fds, 0x7fffffffL, 0), EINVAL);
  struct timespec t = {0, 20000000};
  start = now_ns();
  CHECK_EQ(ppoll(fds + 2, 1, &t, NULL), 0);
  CHECK(now_ns() - start >= 20000000);
  CHECK_EQ(ppoll(fds, 2, NULL, NULL), 2);
  CHECK_ERRNO(ppoll(fds, 2, &(struct timespec){0, -1}, NULL), EINVAL);

  fd_set in, out, except;
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_ZERO(&except);
  FD_SET(file, &in);
  FD_SET(null, &in);
  FD_SET(file, &out);
  FD_SET(null, &except);
  CHECK_EQ(select(64, &in, &out, &except, NULL), 3);
  CHECK(FD_ISSET(file, &in) && FD_ISSET(null, &in) && FD_ISSET(file, &out) && !FD_ISSET(null, &except));
  struct timeval tv = {0, 20000};
  start = now_ns();
  CHECK_EQ(select(0, NULL, NULL, NULL, &tv), 0);
  CHECK(now_ns() - start >= 20000000);
  CHECK(tv.tv_sec == 0 && tv.tv_usec == 0); /* Linux gives back the time that is left */
  FD_ZERO(&in);
  FD_SET(50, &in); /* below the 64 that every process has a table for; Linux ignores what is beyond */
  CHECK_ERRNO(select(51, &in, NULL, NULL, NULL), EBADF);
  CHECK_ERRNO(select(-1, NULL, NULL, NULL, NULL), EINVAL);
  CHECK_ERRNO(select(0, NULL, NULL, NULL, &(struct timeval){-1, 0}), EINVAL);
  t = (struct timespec){0, 10000000};
  CHECK_EQ(pselect(0, NULL, NULL, NULL, &t, NULL), 0);
  CHECK_EQ(t.tv_nsec, 10000000); /* the library hides what the kernel changes */
  FD_ZERO(&in);
  FD_SET(file, &in);
  CHECK_EQ(pselect(file + 1, &in, NULL, NULL, &t, NULL), 1);
  close(file);
  close(null);
}

/* As many entries as there may be, all of one pipe: registered and looked at in good time. */
static void many_polled(void) {
  struct { uint64_t current, maximum; } old, large;
  CHECK_EQ(RAW(prlimit64, 0, 7 /* RLIMIT_NOFILE */, NULL, &old), 0);
  large = old;
  large.current = old.maximum;
  CHECK_EQ(RAW(prlimit64, 0, 7, &large, NULL), 0);
  unsigned long count = large.current < 1 << 20 ? large.current : 1 << 20;
  int p[2];
  CHECK_EQ(pipe(p), 0);
  struct pollfd *fds = calloc(count, sizeof *fds);
  for (unsigned long i = 0; i < count; i++) fds[i] = (struct pollfd){p[0], POLLIN, 0};
  int64_t start = now_ns();
  CHECK_EQ(poll(fds, count, 20), 0);
  CHECK(now_ns() - start < (check_emulated ? 200000000000 : 10000000000));
  CHECK_EQ(write(p[1], "x", 1), 1);
  CHECK_EQ(poll(fds, count, -1), count);
  CHECK_EQ(fds[count - 1].revents, POLLIN);
  free(fds);
  close(p[0]), close(p[1]);
  CHECK_EQ(RAW(prlimit64, 0, 7, &old, NULL), 0);
}

static void on_timer(int signal) { (void)signal; }

/* The calls themselves store the time that is left, also when a signal ends them. */
static void time_left(void) {
  struct timespec t = {0, 20000000};
  struct timeval v = {0, 20000};
  CHECK_EQ(RAW(ppoll, NULL, 0L, &t, NULL, 0L), 0);
  CHECK(t.tv_sec == 0 && t.tv_nsec == 0);
  struct pollfd closed = {9999, POLLIN, 0};
  t = (struct timespec){100, 0};
  CHECK_EQ(RAW(ppoll, &closed, 1L, &t, NULL, 0L), 1);
  CHECK(t.tv_sec == 99 && t.tv_nsec > 0);
  struct sigaction action = {.sa_handler = on_timer}, before;
  /* On a slow machine the first may come before the call waits. */
  struct itimerval soon = {.it_value = {0, 30000}, .it_interval = {0, 300000}};
  CHECK_EQ(sigaction(SIGALRM, &action, &before), 0);
  t = (struct timespec){100, 0};
  CHECK_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
  CHECK_ERRNO(RAW(ppoll, NULL, 0L, &t, NULL, 0L), EINTR);
  CHECK_EQ(t.tv_sec, 99);
  t = (struct timespec){100, 0};
  CHECK_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
  CHECK_ERRNO(RAW(pselect6, 0L, NULL, NULL, NULL, &t, NULL), EINTR);
  CHECK_EQ(t.tv_sec, 99);
  v = (struct timeval){100, 0};
  CHECK_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
  CHECK_ERRNO(RAW(select, 0L, NULL, NULL, NULL, &v), EINTR);
  CHECK_EQ(v.tv_sec, 99);
  CHECK_EQ(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL), 0);
  CHECK_EQ(sigaction(SIGALRM, &before, NULL), 0);
}

/* Calls that do not exist, and those of things that are not here. */
struct capabilities {
  unsigned effective, permitted, inheritable;
};

static void capabilities(void) {
  struct {
    unsigned version;
    int pid;
  } header = {0x20080522, 0};
  struct capabilities sets[2];
  memset(sets, 0xff, sizeof sets);
  CHECK_EQ(RAW(capget, &header, sets), 0);
  char text[4096], wanted[64];
  CHECK(read_text("/proc/self/status", text, sizeof text) > 0);
  snprintf(wanted, sizeof wanted, "\nCapEff:\t%08x%08x\n", sets[1].effective, sets[0].effective);
  CHECK(strstr(text, wanted) != NULL);
  snprintf(wanted, sizeof wanted, "\nCapPrm:\t%08x%08x\n", sets[1].permitted, sets[0].permitted);
  CHECK(strstr(text, wanted) != NULL);
  if (geteuid() != 0) CHECK(sets[0].effective == 0 && sets[1].effective == 0);
  CHECK_EQ(RAW(capset, &header, sets), 0); /* what it has anyway */
  header.pid = -1;
  CHECK_ERRNO(RAW(capget, &header, sets), EINVAL);
  header.pid = 99999;
  CHECK_ERRNO(RAW(capget, &header, sets), ESRCH);
  pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  header.pid = child;
  CHECK_EQ(RAW(capget, &header, sets), 0);
  CHECK_ERRNO(RAW(capset, &header, sets), EPERM);
  CHECK_EQ(kill(child, SIGKILL), 0);
  CHECK_EQ(waitpid(child, NULL, 0), child);
  header.version = 0x19980330, header.pid = 0;
  memset(sets, 0x55, sizeof sets);
  CHECK_EQ(RAW(capget, &header, sets), 0);
  CHECK_EQ(sets[1].effective, 0x55555555);
  header.version = 7;
  CHECK_EQ(RAW(capget, &header, NULL), 0);
  CHECK_EQ(header.version, 0x20080522);
  header.version = 7;
  CHECK_ERRNO(RAW(capget, &header, sets), EINVAL);
  CHECK_EQ(header.version, 0x20080522);
  CHECK_ERRNO(RAW(capget, 8L, sets), EFAULT);
  CHECK_ERRNO(RAW(capget, &header, 8L), EFAULT);
}

/* What a process says of itself. In a child, since not all of it can be taken back. */
static int own_attributes(void) {
  check_passed = check_failed = 0;
  CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
  CHECK_EQ(prctl(PR_SET_DUMPABLE, 0), 0);
  CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
  CHECK_ERRNO(prctl(PR_SET_DUMPABLE, 2), EINVAL);
  CHECK_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
  CHECK_EQ(prctl(PR_GET_KEEPCAPS), 0);
  CHECK_EQ(prctl(PR_SET_KEEPCAPS, 1), 0);
  CHECK_EQ(prctl(PR_GET_KEEPCAPS), 1);
  CHECK_ERRNO(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
  CHECK_ERRNO(prctl(PR_CAPBSET_READ, 64), EINVAL);
  CHECK_EQ(prctl(PR_SET_TIMERSLACK, 70000), 0);
  CHECK_EQ(prctl(PR_GET_TIMERSLACK), 70000);
  CHECK_ERRNO(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0), EINVAL);
  CHECK_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
  CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
  CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 5, 0, 0), 0);
  CHECK_ERRNO(prctl(PR_CAP_AMBIENT, 77, 5, 0, 0), EINVAL);
  char text[4096];
  CHECK(read_text("/proc/self/status", text, sizeof text) > 0);
  CHECK(strstr(text, "\nNoNewPrivs:\t1\n") != NULL);
  int old = personality(0xffffffff);
  CHECK_EQ(personality((unsigned long)(old | ADDR_NO_RANDOMIZE)), old);
  CHECK_EQ(personality(0xffffffff), old | ADDR_NO_RANDOMIZE);
  pid_t child = fork();
  if (child == 0)
    _exit(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_TIMERSLACK) != 70000 ||
          personality(0xffffffff) != (old | ADDR_NO_RANDOMIZE));
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  fflush(stdout);
  return check_failed != 0;
}

static void attributes(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(own_attributes());
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

static void priorities(void) {
  int own = getpriority(PRIO_PROCESS, 0);
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    pid_t other = fork();
    if (other == 0) {
      pause();
      _exit(0);
    }
    int bad = setpriority(PRIO_PROCESS, other, own + 3) != 0;
    bad |= (getpriority(PRIO_PGRP, 0) != own) << 1; /* the best of the group */
    bad |= (setpriority(PRIO_PGRP, getpid(), own + 2) != 0 && errno != EACCES) << 2;
    bad |= (getpriority(PRIO_PROCESS, 0) != own + 2) << 3;
    bad |= (setpriority(PRIO_PGRP, 0, own + 4) != 0) << 4;
    bad |= (getpriority(PRIO_PROCESS, other) != own + 4 || getpriority(PRIO_PGRP, 0) != own + 4) << 5;
    kill(other, SIGKILL);
    _exit(bad);
  }
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(WEXITSTATUS(status), 0);
  CHECK(getpriority(PRIO_USER, 0) <= own);
  CHECK_ERRNO(RAW(getpriority, PRIO_PROCESS, 99999), ESRCH);
  CHECK_ERRNO(RAW(getpriority, PRIO_PGRP, 99999), ESRCH);
  CHECK_ERRNO(RAW(getpriority, PRIO_USER, 54321), ESRCH);
  CHECK_ERRNO(setpriority(PRIO_USER, 54321, 0), ESRCH);
  CHECK_ERRNO(RAW(getpriority, 3, 0), EINVAL);
  CHECK_ERRNO(setpriority(-1, 0, 0), EINVAL);
}

/* Store, barrier, load on one side against store, load on the other: one of them sees the other. */
static volatile int barrier_x, barrier_y, barrier_round, barrier_seen;

static void *barrier_partner(void *unused) {
  for (int round = 1; round <= 200; round++) {
    while (barrier_round < round) continue;
    barrier_y = round;
    __asm__ volatile("" ::: "memory");
    barrier_seen = barrier_x;
    __atomic_store_n(&barrier_round, -round, __ATOMIC_SEQ_CST);
  }
  return unused;
}

static void barriers(void) {
  int commands = (int)CHECK_OK(RAW(membarrier, 0, 0));
  CHECK_EQ(commands & 1, 1);
  CHECK_ERRNO(RAW(membarrier, 0, 7), EINVAL);
  CHECK_ERRNO(RAW(membarrier, 1 << 30, 0), EINVAL);
  if ((commands & 24) != 24) {
    check_skip("expedited barriers: the kernel has none");
    return;
  }
  CHECK_ERRNO(RAW(membarrier, 8, 0), EPERM);
  CHECK_EQ(RAW(membarrier, 16, 0), 0);
  CHECK_EQ(RAW(membarrier, 8, 0), 0);
  pthread_t partner;
  CHECK_EQ(pthread_create(&partner, NULL, barrier_partner, NULL), 0);
  int wrong = 0;
  for (int round = 1; round <= 200; round++) {
    __atomic_store_n(&barrier_round, round, __ATOMIC_SEQ_CST);
    barrier_x = round;
    wrong += RAW(membarrier, 8, 0) != 0;
    int seen = barrier_y;
    while (__atomic_load_n(&barrier_round, __ATOMIC_SEQ_CST) != -round) continue;
    wrong += seen != round && barrier_seen != round;
  }
  CHECK_EQ(wrong, 0);
  CHECK_EQ(pthread_join(partner, NULL), 0);
}

static void absent_calls(void) {
  CHECK_ERRNO(syscall(511), ENOSYS);
  CHECK_ERRNO(syscall(100000), ENOSYS);
  CHECK_ERRNO(syscall(-1), ENOSYS);
  CHECK_ERRNO(syscall(LONG_MAX), ENOSYS);
  CHECK_EQ(syscall(0x100000000L + SYS_getpid), getpid()); /* the number is the low half of RAX */
  CHECK_ERRNO(RAW(socket, 200, SOCK_STREAM, 0), EAFNOSUPPORT);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(fd >= 0 || errno == EAFNOSUPPORT || errno == EACCES);
  if (fd >= 0) close(fd);
}

int main(int argc, char **argv) {
  check_start("process", argc, argv);
  names();
  random_bytes();
  limits();
  ids();
  dispositions();
  masks();
  pending();
  alternate_stack();
  futexes();
  thread_area();
  auxiliary_vector(argv);
  polling();
  many_polled();
  time_left();
  capabilities();
  attributes();
  priorities();
  barriers();
  absent_calls();
  return check_report();
}

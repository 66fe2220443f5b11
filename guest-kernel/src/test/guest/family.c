/*
 * Processes: fork, vfork, clone, exec, exit, wait; what children inherit and what they do not;
 * groups, sessions, orphans and zombies.
 */
#include "waits.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

extern char **environ;
static char self[PATH_MAX];

/* What a child process finds, handed to the parent in memory that both share. */
static volatile long *shared;

static void ignore(int signal) { (void)signal; }

static int status_of(pid_t child) {
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

static void fork_and_exit(void) {
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    shared[0] = getpid();
    shared[1] = getppid();
    shared[2] = RAW(gettid);
    _exit(7);
  }
  CHECK(child > 0 && child != parent);
  int status = -1;
  struct rusage usage;
  memset(&usage, 0xff, sizeof usage);
  CHECK_EQ(wait4(child, &status, 0, &usage), child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  CHECK(usage.ru_utime.tv_sec >= 0 && usage.ru_utime.tv_usec < 1000000);
  CHECK_EQ(shared[0], child);
  CHECK_EQ(shared[1], parent);
  CHECK_EQ(shared[2], child);
  CHECK_ERRNO(waitpid(child, &status, 0), ECHILD);
  CHECK_ERRNO(wait(NULL), ECHILD);

  for (int code = 0; code < 600; code += 199) {
    if ((child = fork()) == 0) _exit(code);
    CHECK_EQ(WEXITSTATUS(status_of(child)), code & 0xff);
  }
  static const int signals[] = {SIGKILL, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, 34};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
    if ((child = fork()) == 0) {
      raise(signals[i]);
      _exit(0);
    }
    status = status_of(child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
  }
  if ((child = fork()) == 0) {
    int *volatile wild = (int *)8;
    *wild = 1;
    _exit(0);
  }
  status = status_of(child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void memory_is_copied(void) {
  enum { PAGES = 3000, PAGE = 4096 };
  unsigned char *large = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(large != MAP_FAILED);
  for (int i = 0; i < PAGES; i++) large[i * PAGE + i % PAGE] = (unsigned char)i;
  static int data = 11;
  int *heap = malloc(sizeof *heap);
  *heap = 12;
  int stack = 13;
  pid_t child = fork();
  if (child == 0) {
    int wrong = 0;
    for (int i = 0; i < PAGES; i++) wrong += large[i * PAGE + i % PAGE] != (unsigned char)i;
    for (int i = 0; i < PAGES; i++) large[i * PAGE + i % PAGE] = (unsigned char)~i;
    wrong += data != 11 || *heap != 12 || stack != 13;
    data = 21, *heap = 22, stack = 23;
    for (int i = 0; i < PAGES; i++) wrong += large[i * PAGE + i % PAGE] != (unsigned char)~i;
    _exit(wrong != 0);
  }
  /* at the same time as the child */
  for (int i = PAGES - 1; i >= 0; i--) large[i * PAGE + (i + 1) % PAGE] = (unsigned char)(i + 1);
  CHECK_EQ(status_of(child), 0);
  int wrong = 0;
  for (int i = 0; i < PAGES; i++) wrong += large[i * PAGE + i % PAGE] != (unsigned char)i;
  CHECK_EQ(wrong, 0);
  CHECK(data == 11 && *heap == 12 && stack == 13);
  free(heap);

  /* Grandchildren, each of which changes a page and looks at all. */
  child = fork();
  if (child == 0) {
    int bad = 0;
    for (int depth = 0; depth < 4; depth++) {
      pid_t next = fork();
      if (next == 0) {
        large[depth * PAGE + 9] = 200;
        continue;
      }
      bad |= status_of(next) != 0;
      bad |= large[depth * PAGE + 9] == 200;
      _exit(bad);
    }
    for (int depth = 0; depth < 4; depth++) bad |= large[depth * PAGE + 9] != 200;
    _exit(bad);
  }
  CHECK_EQ(status_of(child), 0);

  /* Pages without access, read-only ones, and ones that a child does not get or gets empty. */
  CHECK_EQ(mprotect(large, 100 * PAGE, PROT_NONE), 0);
  CHECK_EQ(mprotect(large + 100 * PAGE, 100 * PAGE, PROT_READ), 0);
  CHECK_EQ(madvise(large + 200 * PAGE, 100 * PAGE, MADV_DONTFORK), 0);
  CHECK_EQ(madvise(large + 300 * PAGE, 100 * PAGE, MADV_WIPEONFORK), 0);
  child = fork();
  if (child == 0) {
    int bad = large[150 * PAGE + 150] != 150;
    bad |= large[350 * PAGE + 350] != 0;
    bad |= mprotect(large, 100 * PAGE, PROT_READ | PROT_WRITE) != 0;
    bad |= large[50 * PAGE + 50] != 50;
    large[50 * PAGE + 50] = 1;
    unsigned char vec[1];
    bad |= mincore(large + 250 * PAGE, PAGE, vec) != -1 || errno != ENOMEM;
    _exit(bad);
  }
  CHECK_EQ(status_of(child), 0);
  CHECK_EQ(mprotect(large, 100 * PAGE, PROT_READ | PROT_WRITE), 0);
  CHECK_EQ(large[50 * PAGE + 50], 50);
  CHECK_EQ(large[350 * PAGE + 350], 350 % 256);
  CHECK_EQ(munmap(large, PAGES * PAGE), 0);

  /* Shared memory stays shared, a file's too. */
  shared[5] = 0;
  write_file("mapped", "0123456789", 10);
  int fd = (int)CHECK_OK(open("mapped", O_RDWR | O_CLOEXEC));
  char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char *private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  CHECK(map != MAP_FAILED && private != MAP_FAILED);
  private[1] = 'p';
  if ((child = fork()) == 0) {
    shared[5] = 55;
    map[0] = 'c';
    int bad = private[1] != 'p';
    private[2] = 'q';
    _exit(bad);
  }
  CHECK_EQ(status_of(child), 0);
  CHECK_EQ(shared[5], 55);
  CHECK_EQ(map[0], 'c');
  CHECK_EQ(private[2], '2');
  char text[16];
  CHECK_EQ(pread(fd, text, 10, 0), 10);
  CHECK(!memcmp(text, "c123456789", 10));
  CHECK_EQ(munmap(map, 4096), 0);
  CHECK_EQ(munmap(private, 4096), 0);
  CHECK_EQ(close(fd), 0);
}

static void inheritance(void) {
  write_file("inherited", "abcdef", 6);
  int fd = (int)CHECK_OK(open("inherited", O_RDONLY));
  sigset_t set, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
  raise(SIGUSR2);
  signal(SIGUSR1, ignore);
  signal(SIGHUP, SIG_IGN);
  umask(027);
  struct rlimit limit = {77, 99}, old;
  CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  alarm(1000);
  mkdir("elsewhere", 0755);
  pid_t child = fork();
  if (child == 0) {
    int bad = 0;
    char c = 0;
    bad |= (read(fd, &c, 1) != 1 || c != 'a') << 0;
    sigpending(&pending);
    bad |= (sigismember(&pending, SIGUSR2) != 0) << 1;
    sigprocmask(SIG_BLOCK, NULL, &set);
    bad |= (sigismember(&set, SIGUSR2) != 1) << 2;
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    bad |= (action.sa_handler != ignore) << 3;
    sigaction(SIGHUP, NULL, &action);
    bad |= (action.sa_handler != SIG_IGN) << 4;
    bad |= (umask(0) != 027) << 5;
    getrlimit(RLIMIT_NOFILE, &limit);
    bad |= (limit.rlim_cur != 77 || limit.rlim_max != 99) << 6;
    bad |= (alarm(0) != 0) << 7; /* alarms are not inherited */
    chdir("elsewhere");
    close(fd);
    _exit(bad);
  }
  CHECK_EQ(status_of(child), 0);
  CHECK(alarm(0) > 0);
  char c = 0;
  CHECK(read(fd, &c, 1) == 1 && c == 'b'); /* the position is shared */
  CHECK_EQ(access("elsewhere", F_OK), 0);  /* the working directory is not */
  CHECK_EQ(umask(022), 027);
  limit = (struct rlimit){old.rlim_cur < 99 ? old.rlim_cur : 99, 99};
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  signal(SIGUSR2, SIG_IGN);
  sigemptyset(&set);
  CHECK_EQ(sigprocmask(SIG_SETMASK, &set, NULL), 0);
  signal(SIGUSR2, SIG_DFL);
  signal(SIGUSR1, SIG_DFL);
  signal(SIGHUP, SIG_DFL);
  CHECK_EQ(close(fd), 0);
}

static volatile int children_seen, child_pid, child_code, child_status;
static void on_child(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  children_seen++;
  child_pid = info->si_pid;
  child_code = info->si_code;
  child_status = info->si_status;
}

static void child_signals(void) {
  struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
  CHECK_EQ(sigaction(SIGCHLD, &action, NULL), 0);
  pid_t child = fork();
  if (child == 0) _exit(9);
  CHECK_EQ(WEXITSTATUS(status_of(child)), 9);
  CHECK_EQ(children_seen, 1);
  CHECK_EQ(child_pid, child);
  CHECK_EQ(child_code, CLD_EXITED);
  CHECK_EQ(child_status, 9);

  /* Stop, continue, kill, each told once. */
  if ((child = fork()) == 0)
    for (;;) pause();
  int status = 0;
  CHECK_EQ(waitpid(child, &status, WNOHANG | WUNTRACED), 0);
  CHECK_EQ(kill(child, SIGSTOP), 0);
  CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
  CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  CHECK_EQ(child_code, CLD_STOPPED);
  CHECK_EQ(waitpid(child, &status, WNOHANG | WUNTRACED), 0);
  CHECK_EQ(kill(child, SIGCONT), 0);
  CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
  CHECK(WIFCONTINUED(status));
  CHECK_EQ(kill(child, SIGSTOP), 0);
  siginfo_t info;
  memset(&info, 0, sizeof info);
  CHECK_EQ(waitid(P_PID, child, &info, WSTOPPED | WNOWAIT), 0);
  CHECK_EQ(info.si_code, CLD_STOPPED);
  CHECK_EQ(info.si_status, SIGSTOP);
  CHECK_EQ(waitid(P_PID, child, &info, WSTOPPED), 0);
  CHECK_EQ(info.si_pid, child);
  CHECK_EQ(kill(child, SIGKILL), 0); /* a stopped process can be killed */
  CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
  CHECK_EQ(info.si_code, CLD_KILLED);
  CHECK_EQ(info.si_status, SIGKILL);
  CHECK_EQ(info.si_signo, SIGCHLD);
  CHECK_EQ(kill(child, 0), 0); /* a zombie can be sent signals */
  CHECK_EQ(getpgid(child), getpgrp());
  CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
  CHECK_ERRNO(kill(child, 0), ESRCH);
  CHECK_ERRNO(waitid(P_ALL, 0, &info, WEXITED | WNOHANG), ECHILD);
  CHECK_ERRNO(waitid(P_PID, 0, &info, WEXITED), EINVAL);
  CHECK_ERRNO(waitid(P_ALL, 0, &info, 0), EINVAL);
  CHECK_ERRNO(waitid(77, 1, &info, WEXITED), EINVAL);
  CHECK_ERRNO(waitpid(-1, &status, 0x80), EINVAL);
  CHECK_ERRNO(waitpid(INT_MIN, &status, 0), ESRCH);

  /* Nothing remains of children that nobody wants to hear of. */
  signal(SIGCHLD, SIG_IGN);
  if ((child = fork()) == 0) _exit(3);
  CHECK_ERRNO(waitpid(child, &status, 0), ECHILD);
  action.sa_flags = SA_SIGINFO | SA_NOCLDWAIT;
  CHECK_EQ(sigaction(SIGCHLD, &action, NULL), 0);
  if ((child = fork()) == 0) _exit(3);
  CHECK_ERRNO(waitpid(child, &status, 0), ECHILD);
  signal(SIGCHLD, SIG_DFL);

  /* A wait is interrupted by a handler without SA_RESTART. */
  struct sigaction plain = {.sa_handler = ignore};
  CHECK_EQ(sigaction(SIGALRM, &plain, NULL), 0);
  if ((child = fork()) == 0)
    for (;;) pause();
  alarm_in(20000);
  CHECK_ERRNO(waitpid(child, &status, 0), EINTR);
  CHECK_EQ(kill(child, SIGTERM), 0);
  CHECK_EQ(WTERMSIG(status_of(child)), SIGTERM);
}

static void many_children(void) {
  enum { N = 40 };
  pid_t children[N];
  for (int i = 0; i < N; i++)
    if ((children[i] = fork()) == 0) _exit(i);
  unsigned long seen = 0;
  for (int i = 0; i < N; i++) {
    int status;
    pid_t child = wait(&status);
    int index = WEXITSTATUS(status);
    if (WIFEXITED(status) && index < N && children[index] == child) seen |= 1UL << index;
  }
  CHECK_EQ(seen, (1UL << N) - 1);
  CHECK_ERRNO(wait(NULL), ECHILD);
}

static void groups_and_sessions(void) {
  pid_t group = getpgrp();
  pid_t child = fork();
  if (child == 0) {
    int bad = getpgrp() != group;
    bad |= (setpgid(0, 0) != 0 || getpgrp() != getpid()) << 1;
    bad |= (getsid(0) != getsid(getppid())) << 2;
    bad |= (setsid() != -1 || errno != EPERM) << 3; /* it leads a group */
    bad |= (setpgid(0, group) != 0 || getpgrp() != group) << 4;
    bad |= (setsid() != getpid() || getsid(0) != getpid() || getpgrp() != getpid()) << 5;
    bad |= (setpgid(0, group) != -1 || errno != EPERM) << 6;
    bad |= (setsid() != -1 || errno != EPERM) << 7;
    _exit(bad);
  }
  CHECK_EQ(status_of(child), 0);
  CHECK_ERRNO(setpgid(0, -1), EINVAL);
  CHECK_ERRNO(setpgid(99999, 0), ESRCH);
  CHECK_ERRNO(getpgid(99999), ESRCH);
  CHECK_ERRNO(getsid(99999), ESRCH);

  /* A group of two, and a signal for both. */
  pid_t first = fork();
  if (first == 0)
    for (;;) pause();
  CHECK_EQ(setpgid(first, first), 0);
  pid_t second = fork();
  if (second == 0)
    for (;;) pause();
  CHECK_EQ(setpgid(second, first), 0);
  CHECK_EQ(getpgid(second), first);
  CHECK_ERRNO(setpgid(second, 99998), EPERM);
  CHECK_EQ(waitpid(-first, NULL, WNOHANG), 0);
  CHECK_EQ(kill(-first, SIGTERM), 0);
  int status;
  pid_t ended = waitpid(-first, &status, 0);
  CHECK(ended == first || ended == second);
  CHECK_EQ(WTERMSIG(status), SIGTERM);
  CHECK_EQ(waitpid(-first, &status, 0), first + second - ended);
  CHECK_ERRNO(waitpid(-first, &status, 0), ECHILD);
  CHECK_ERRNO(kill(-first, SIGTERM), ESRCH);
}

static void orphans(void) {
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  int is = 0;
  CHECK_EQ(prctl(PR_GET_CHILD_SUBREAPER, &is), 0);
  CHECK_EQ(is, 1);
  shared[6] = shared[7] = 0;
  pid_t child = fork();
  if (child == 0) {
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, 0);
      while (getppid() == (pid_t)shared[7] || !shared[7]) usleep(1000);
      shared[6] = getppid();
      _exit(44);
    }
    shared[7] = getpid();
    _exit(0);
  }
  CHECK_EQ(status_of(child), 0);
  int status;
  pid_t orphan = wait(&status);
  CHECK(orphan > 0 && orphan != child);
  CHECK_EQ(WEXITSTATUS(status), 44);
  CHECK_EQ(shared[6], getpid());
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);

  /* PR_SET_PDEATHSIG */
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  shared[7] = 0;
  child = fork();
  if (child == 0) {
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGUSR1);
      shared[7] = 1;
      for (;;) pause();
    }
    while (!shared[7]) usleep(1000);
    _exit(0);
  }
  CHECK_EQ(status_of(child), 0);
  CHECK(wait(&status) > 0);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static int stack_of_clone(void *argument) {
  shared[1] = getpid();
  *(int *)argument = 5;
  return 66;
}

static void clones(void) {
  static char stack[65536] __attribute__((aligned(16)));
  int local = 0;
  pid_t child = clone(stack_of_clone, stack + sizeof stack, SIGCHLD, &local);
  CHECK_EQ(WEXITSTATUS(status_of(child)), 66);
  CHECK_EQ(local, 0);
  CHECK_EQ(shared[1], child);
  child = clone(stack_of_clone, stack + sizeof stack, CLONE_VM | SIGCHLD, &local);
  CHECK_EQ(WEXITSTATUS(status_of(child)), 66);
  CHECK_EQ(local, 5); /* the same memory */
  child = clone(stack_of_clone, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &local);
  CHECK_EQ(local, 5);
  CHECK_EQ(WEXITSTATUS(status_of(child)), 66);

  /* Without a signal at the end: only waited for with __WALL or __WCLONE. */
  child = clone(stack_of_clone, stack + sizeof stack, 0, &local);
  int status = 0;
  CHECK_EQ(waitpid(child, &status, __WALL), child);

  /* Shared descriptors. */
  CHECK_EQ(close(open("clone-file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
  child = (pid_t)RAW(clone, CLONE_FILES | CLONE_FS | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    int bad = dup2(1, 60) != 60;
    bad |= mkdir("clone-dir", 0700) | chdir("clone-dir");
    umask(077);
    _exit(bad);
  }
  CHECK_EQ(status_of(child), 0);
  CHECK(fcntl(60, F_GETFD) >= 0);
  CHECK_EQ(close(60), 0);
  CHECK_EQ(access("../clone-dir", F_OK), 0);
  CHECK_EQ(chdir(".."), 0);
  CHECK_EQ(umask(022), 077);

  CHECK_ERRNO(RAW(clone, CLONE_THREAD, 0, 0, 0, 0), EINVAL);
  CHECK_ERRNO(RAW(clone, CLONE_SIGHAND, 0, 0, 0, 0), EINVAL);
  CHECK_ERRNO(RAW(clone, CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0), EINVAL);

  struct clone_args args = {.exit_signal = SIGCHLD};
  child = (pid_t)RAW(clone3, &args, sizeof args);
  if (child == 0) _exit(12);
  CHECK_EQ(WEXITSTATUS(status_of(child)), 12);
  pid_t told = 0;
  shared[2] = 0;
  args = (struct clone_args){.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
                             .exit_signal = SIGCHLD,
                             .parent_tid = (uintptr_t)&told,
                             .child_tid = (uintptr_t)&shared[2]};
  child = (pid_t)RAW(clone3, &args, sizeof args);
  if (child == 0) _exit((int)shared[2] != getpid());
  CHECK_EQ(told, child);
  CHECK_EQ(status_of(child), 0);
  CHECK_ERRNO(RAW(clone3, &args, 8L), EINVAL);
  CHECK_ERRNO(RAW(clone3, &args, 100000L), E2BIG);
  CHECK_ERRNO(RAW(clone3, 8L, sizeof args), EFAULT);
  args = (struct clone_args){.exit_signal = SIGCHLD, .stack = 4096};
  CHECK_ERRNO(RAW(clone3, &args, sizeof args), EINVAL);
  args = (struct clone_args){.exit_signal = 0x100};
  CHECK_ERRNO(RAW(clone3, &args, sizeof args), EINVAL);
}

/* In the role of an executed program: says what it finds by its exit code. */
static int executed(int argc, char **argv) {
  if (!strcmp(argv[1], "--exit")) return atoi(argv[2]);
  if (!strcmp(argv[1], "--reap")) { /* a child of the old program ends when its pipe does */
    for (int fd = 3; fd < 20; fd++) close(fd);
    while (waitpid(-1, NULL, __WALL) > 0) continue;
    return 0;
  }
  if (!strcmp(argv[1], "--args")) {
    int sum = argc;
    for (char **e = environ; *e; e++) sum += 10;
    return sum;
  }
  if (!strcmp(argv[1], "--state")) {
    int bad = 0;
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    bad |= (action.sa_handler != SIG_DFL) << 0; /* it was caught */
    sigaction(SIGUSR2, NULL, &action);
    bad |= (action.sa_handler != SIG_IGN) << 1; /* it was ignored */
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    bad |= (sigismember(&set, SIGWINCH) != 1) << 2;
    sigpending(&set);
    bad |= (sigismember(&set, SIGWINCH) != 1) << 3;
    bad |= (fcntl(atoi(argv[2]), F_GETFD) < 0) << 4;
    bad |= (fcntl(atoi(argv[3]), F_GETFD) >= 0) << 5;
    stack_t stack;
    sigaltstack(NULL, &stack);
    bad |= (stack.ss_flags != SS_DISABLE) << 6;
    char name[16], wanted[PATH_MAX], *base = strrchr(argv[0], '/');
    prctl(PR_GET_NAME, name);
    snprintf(wanted, 16, "%s", base ? base + 1 : argv[0]);
    bad |= (strcmp(name, wanted) != 0) << 7;
    return bad;
  }
  return 99;
}

static void execution(void) {
  pid_t child = fork();
  if (child == 0) {
    execl(self, self, "--exit", "41", NULL);
    _exit(1);
  }
  CHECK_EQ(WEXITSTATUS(status_of(child)), 41);
  child = vfork();
  if (child == 0) {
    char *argv[] = {self, "--args", "b", "c", NULL};
    char *envp[] = {"X=1", "Y=2", NULL};
    execve(self, argv, envp);
    _exit(1);
  }
  CHECK_EQ(WEXITSTATUS(status_of(child)), 24);

  int kept = (int)CHECK_OK(open("/dev/null", O_RDONLY));
  int closed = (int)CHECK_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
  char kept_text[12], closed_text[12];
  snprintf(kept_text, sizeof kept_text, "%d", kept);
  snprintf(closed_text, sizeof closed_text, "%d", closed);
  if ((child = fork()) == 0) {
    static char area[65536];
    sigaltstack(&(stack_t){.ss_sp = area, .ss_size = sizeof area}, NULL);
    signal(SIGUSR1, ignore);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGWINCH, ignore);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGWINCH);
    execl(self, self, "--state", kept_text, closed_text, NULL);
    _exit(1);
  }
  CHECK_EQ(WEXITSTATUS(status_of(child)), 0);
  CHECK_EQ(close(kept), 0);
  CHECK_EQ(close(closed), 0);

  /* Errors: the program goes on. */
  char *argv[] = {"x", NULL}, *none[] = {NULL};
  CHECK_ERRNO(execve("/does/not/exist", argv, none), ENOENT);
  CHECK_ERRNO(execve("", argv, none), ENOENT);
  CHECK_ERRNO(execve("/", argv, none), EACCES);
  write_file("plain", "no program", 10);
  CHECK_ERRNO(execve("plain", argv, none), EACCES);
  CHECK_EQ(chmod("plain", 0755), 0);
  CHECK_ERRNO(execve("plain", argv, none), ENOEXEC);
  CHECK_ERRNO(execve("plain/x", argv, none), ENOTDIR);
  CHECK_ERRNO(RAW(execve, 8L, argv, none), EFAULT);
  CHECK_ERRNO(RAW(execve, self, 8L, none), EFAULT);
  char *bad[] = {(char *)8, NULL};
  CHECK_ERRNO(RAW(execve, self, bad, none), EFAULT);
  CHECK_ERRNO(RAW(execve, self, argv, bad), EFAULT);
  char *huge = malloc(200000);
  memset(huge, 'x', 199999);
  huge[199999] = 0;
  char *long_argv[] = {self, huge, NULL};
  CHECK_ERRNO(execve(self, long_argv, none), E2BIG);
  free(huge);
  CHECK_EQ(symlink("loop", "loop"), 0);
  CHECK_ERRNO(execve("loop", argv, none), ELOOP);

  /* Scripts. */
  char script[PATH_MAX + 32];
  int length = snprintf(script, sizeof script, "#!%s --exit\n", self);
  write_file("17", script, (size_t)length);
  CHECK_EQ(chmod("17", 0755), 0);
  if ((child = fork()) == 0) {
    execl("17", "ignored", NULL);
    _exit(1);
  }
  CHECK_EQ(WEXITSTATUS(status_of(child)), 17);

  /* By descriptor. */
  int fd = (int)CHECK_OK(open(self, O_RDONLY | O_CLOEXEC));
  if ((child = fork()) == 0) {
    char *args[] = {self, "--exit", "18", NULL};
    RAW(execveat, fd, "", args, environ, AT_EMPTY_PATH);
    _exit(1);
  }
  CHECK_EQ(WEXITSTATUS(status_of(child)), 18);
  CHECK_ERRNO(RAW(execveat, fd, "", argv, none, 0), ENOENT);
  CHECK_ERRNO(RAW(execveat, AT_FDCWD, self, argv, none, 0x40000000), EINVAL);
  CHECK_ERRNO(RAW(execveat, 999, "x", argv, none, 0), EBADF);
  CHECK_ERRNO(RAW(execveat, AT_FDCWD, "loop", argv, none, AT_SYMLINK_NOFOLLOW), ELOOP);
  CHECK_EQ(close(fd), 0);

  /* posix_spawn tells of a program that is not there through memory that it shares. */
  pid_t spawned = 0;
  CHECK_EQ(posix_spawn(&spawned, "/does/not/exist", NULL, NULL, argv, none), ENOENT);
  char *spawn_argv[] = {self, "--exit", "19", NULL};
  CHECK_EQ(posix_spawn(&spawned, self, NULL, NULL, spawn_argv, environ), 0);
  CHECK_EQ(WEXITSTATUS(status_of(spawned)), 19);

  /* setpgid of a child that has executed a program. */
  if ((child = fork()) == 0) {
    char *args[] = {self, "--exit", "0", NULL};
    raise(SIGSTOP);
    execv(self, args);
  }
  int status;
  CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
  CHECK_EQ(setpgid(child, 0), 0);
  CHECK_EQ(kill(child, SIGCONT), 0);
  siginfo_t info;
  CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
  CHECK_EQ(status_of(child), 0);
}

static void count_end(int signal) { __atomic_add_fetch(&shared[10 + signal], 1, __ATOMIC_SEQ_CST); }

/* A child that another process is to be the parent of sends that one what its maker would. */
static void exit_signals(void) {
  for (int usual = 0; usual < 2; usual++) {
    shared[10 + SIGCHLD] = shared[10 + SIGUSR1] = 0;
    signal(SIGCHLD, count_end);
    signal(SIGUSR1, count_end);
    pid_t maker = (pid_t)RAW(clone, usual ? SIGCHLD : SIGUSR1, 0L, 0L, 0L, 0L);
    if (maker == 0) {
      pid_t sibling = (pid_t)RAW(clone, CLONE_PARENT | SIGKILL, 0L, 0L, 0L, 0L);
      if (sibling == 0) _exit(5);
      shared[6] = sibling;
      _exit(sibling < 0);
    }
    int kinds = usual ? 0 : __WCLONE, status = -1;
    while (waitpid(maker, &status, kinds) < 0 && errno == EINTR) continue;
    CHECK_EQ(status, 0);
    while (waitpid((pid_t)shared[6], &status, kinds) < 0 && errno == EINTR) continue;
    CHECK_EQ(WEXITSTATUS(status), 5);
    CHECK(shared[10 + (usual ? SIGCHLD : SIGUSR1)] > 0);
    CHECK_EQ(shared[10 + (usual ? SIGUSR1 : SIGCHLD)], 0);
  }
  signal(SIGUSR1, SIG_DFL);
  signal(SIGCHLD, SIG_DFL);

  /* The kinds of wait(2). */
  pid_t other = (pid_t)RAW(clone, 0L, 0L, 0L, 0L, 0L);
  if (other == 0) _exit(1);
  int status;
  siginfo_t info;
  CHECK_ERRNO(waitpid(other, &status, 0), ECHILD);
  CHECK_ERRNO(waitpid(-1, &status, 0), ECHILD);
  CHECK_ERRNO(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
  CHECK_EQ(waitid(P_PID, (id_t)other, &info, WEXITED | WNOWAIT | __WCLONE), 0);
  CHECK_EQ(waitpid(-1, &status, __WALL), other);
  pid_t child = fork();
  if (child == 0) _exit(0);
  CHECK_ERRNO(waitpid(child, &status, __WCLONE), ECHILD);
  CHECK_EQ(waitpid(child, &status, 0), child);

  /* A parent that executes another program gets SIGCHLD, whatever the old one had asked for. */
  child = fork();
  if (child == 0) {
    int gate[2];
    if (pipe(gate)) _exit(90);
    if (RAW(clone, SIGKILL, 0L, 0L, 0L, 0L) == 0) {
      char c;
      close(gate[1]);
      _exit(read(gate[0], &c, 1) != 0);
    }
    fcntl(gate[1], F_SETFD, FD_CLOEXEC); /* the end of the grandchild comes after exec */
    close(gate[0]);
    execl(self, self, "--reap", NULL);
    _exit(91);
  }
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

/* A zombie goes to a parent that does not want to hear of it: nothing remains. */
static void unwanted_zombie(void) {
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  signal(SIGCHLD, SIG_IGN);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGCHLD, SIG_DFL);
    pid_t zombie = fork();
    if (zombie == 0) _exit(3);
    siginfo_t info;
    waitid(P_PID, (id_t)zombie, &info, WEXITED | WNOWAIT);
    shared[6] = zombie;
    _exit(0);
  }
  CHECK_ERRNO(waitpid(-1, NULL, 0), ECHILD);
  CHECK_ERRNO(kill((pid_t)shared[6], 0), ESRCH);
  signal(SIGCHLD, SIG_DFL);
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

/* Every member of a group that becomes orphaned while one is stopped gets SIGHUP and SIGCONT. */
static void orphaned_group(void) {
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  for (int i = 0; i < 4; i++) shared[20 + i] = 0;
  shared[10 + SIGHUP] = shared[10 + SIGCONT] = 0;
  pid_t session = fork();
  if (session == 0) {
    setsid();
    signal(SIGHUP, count_end);
    signal(SIGCONT, count_end);
    pid_t leader = fork();
    if (leader == 0) {
      setpgid(0, 0);
      pid_t member = fork();
      if (member == 0) {
        raise(SIGSTOP);
        while (shared[10 + SIGHUP] < 2) usleep(1000);
        _exit(21);
      }
      int status;
      waitpid(member, &status, WUNTRACED);
      shared[20] = WIFSTOPPED(status);
      while (shared[10 + SIGHUP] < 2) usleep(1000);
      while (waitpid(member, &status, 0) < 0 && errno == EINTR) continue;
      _exit(WEXITSTATUS(status));
    }
    while (!shared[20]) usleep(1000);
    _exit(0);
  }
  CHECK_EQ(status_of(session), 0);
  int status;
  CHECK(wait(&status) > 0);
  CHECK_EQ(status, 21 << 8);
  CHECK_EQ(shared[10 + SIGHUP], 2);
  CHECK_EQ(shared[10 + SIGCONT], 2);
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void *thread_that_waits(void *number) {
  __atomic_store_n((pid_t *)number, (pid_t)RAW(gettid), __ATOMIC_SEQ_CST);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  while (shared[10 + SIGUSR2] == 0) usleep(1000);
  return NULL;
}

/* kill(2) of a thread's number is for its process: here the other thread takes it. */
static void kill_by_thread(void) {
  shared[10 + SIGUSR2] = 0;
  signal(SIGUSR2, count_end);
  pid_t number = 0;
  pthread_t thread;
  CHECK_EQ(pthread_create(&thread, NULL, thread_that_waits, &number), 0);
  while (__atomic_load_n(&number, __ATOMIC_SEQ_CST) == 0) usleep(1000);
  usleep(20000);
  CHECK_EQ(kill(number, SIGUSR2), 0);
  CHECK_EQ(pthread_join(thread, NULL), 0);
  CHECK_EQ(shared[10 + SIGUSR2], 1);
  signal(SIGUSR2, SIG_DFL);
}

static void times_of_children(void) {
  struct rusage before, after;
  CHECK_EQ(getrusage(RUSAGE_CHILDREN, &before), 0);
  pid_t child = fork();
  if (child == 0) {
    struct timespec now, start;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    while ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec < 60000000L);
    _exit(0);
  }
  CHECK_EQ(status_of(child), 0);
  CHECK_EQ(getrusage(RUSAGE_CHILDREN, &after), 0);
  long used = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 + after.ru_utime.tv_usec -
              before.ru_utime.tv_usec + (after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000 +
              after.ru_stime.tv_usec - before.ru_stime.tv_usec;
  CHECK(used >= 50000 && used < 5000000);
}

int main(int argc, char **argv) {
  if (argc > 1 && !strncmp(argv[1], "--", 2)) return executed(argc, argv);
  if (!realpath(argv[0], self)) snprintf(self, sizeof self, "%s", argv[0]);
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  check_start("family", argc, argv);
  shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  fork_and_exit();
  memory_is_copied();
  inheritance();
  child_signals();
  many_children();
  groups_and_sessions();
  orphans();
  clones();
  exit_signals();
  unwanted_zombie();
  orphaned_group();
  kill_by_thread();
  execution();
  times_of_children();
  return check_report();
}

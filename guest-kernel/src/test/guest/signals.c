/*
 * Signals: handlers and what they get, masks, queues, alternate stacks, frames and the return from
 * them, vector state across handlers, interrupted calls, exceptions, timers, signalfd.
 */
#include "check.h"

#include <cpuid.h>
#include <fenv.h>
#include <immintrin.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <ucontext.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

static volatile int hits, order[64], orders;
static volatile int first_overrun; /* of the first signal since reset() */
static volatile int last_signal, last_code, last_pid, last_uid;
static volatile long last_value, last_address, last_trap, last_error, last_cr2, last_rip;
static siginfo_t last_info;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void note(int signal, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  if (!hits++) first_overrun = info->si_overrun;
  if (orders < 64) order[orders++] = signal;
  last_signal = signal;
  last_info = *info;
  last_code = info->si_code;
  last_pid = info->si_pid;
  last_uid = (int)info->si_uid;
  last_value = (long)info->si_value.sival_ptr;
  last_address = (long)info->si_addr;
  last_trap = uc->uc_mcontext.gregs[REG_TRAPNO];
  last_error = uc->uc_mcontext.gregs[REG_ERR];
  last_cr2 = uc->uc_mcontext.gregs[REG_CR2];
  last_rip = uc->uc_mcontext.gregs[REG_RIP];
}

static void install(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
  sigemptyset(&action.sa_mask);
  CHECK_EQ(sigaction(signal, &action, NULL), 0);
}

static void reset(void) { hits = orders = last_signal = 0; }

static sigset_t set_of(int signal) {
  sigset_t set;
  sigemptyset(&set);
  if (signal) sigaddset(&set, signal);
  return set;
}

static bool blocked_now(int signal) {
  sigset_t set;
  sigprocmask(SIG_BLOCK, NULL, &set);
  return sigismember(&set, signal) == 1;
}

static void block(int signal) {
  sigset_t set = set_of(signal);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

static void unblock(int signal) {
  sigset_t set = set_of(signal);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static bool waits(int signal) {
  sigset_t set;
  sigpending(&set);
  return sigismember(&set, signal) == 1;
}

static void queue_value(int signal, long value) {
  CHECK_EQ(sigqueue(getpid(), signal, (union sigval){.sival_ptr = (void *)value}), 0);
}

/* ---- handlers ---- */

static void each_kind(void) {
  for (int signal = 1; signal <= 64; signal++) {
    if (signal == SIGKILL || signal == SIGSTOP || signal == 32 || signal == 33) continue;
    reset();
    install(signal, note, 0);
    raise(signal);
    CHECK(hits == 1 && last_signal == signal && last_code == SI_TKILL && last_pid == getpid());
    struct sigaction normal = {.sa_handler = SIG_DFL};
    sigaction(signal, &normal, NULL);
  }
}

static void senders(void) {
  install(SIGUSR1, note, 0);
  reset();
  CHECK_EQ(kill(getpid(), SIGUSR1), 0);
  CHECK_EQ(hits, 1);
  CHECK_EQ(last_code, SI_USER);
  CHECK_EQ(last_pid, getpid());
  CHECK_EQ(last_uid, (int)getuid());
  CHECK_EQ(RAW(tgkill, getpid(), gettid(), SIGUSR1), 0);
  CHECK_EQ(last_code, SI_TKILL);
  CHECK_EQ(RAW(tkill, gettid(), SIGUSR1), 0);
  CHECK_EQ(hits, 3);
  queue_value(SIGUSR1, 0x123456789abL);
  CHECK_EQ(last_code, SI_QUEUE);
  CHECK_EQ(last_value, 0x123456789abL);
  CHECK_EQ(hits, 4);
  CHECK_EQ(kill(0, 0), 0);
  CHECK_ERRNO(kill(getpid(), 65), EINVAL);
  CHECK_ERRNO(kill(getpid(), -1), EINVAL);
  CHECK_ERRNO(kill(0x3ffffff, SIGUSR1), ESRCH);
  CHECK_ERRNO(kill(-0x3ffffff, SIGUSR1), ESRCH);
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_code = SI_QUEUE;
  CHECK_ERRNO(RAW(rt_sigqueueinfo, 0x3ffffff, SIGUSR1, &info), ESRCH);
  info.si_code = SI_USER;
  CHECK_ERRNO(RAW(rt_sigqueueinfo, 0x3ffffff, SIGUSR1, &info), EPERM);
  CHECK_ERRNO(RAW(rt_sigqueueinfo, getpid(), SIGUSR1, 8L), EFAULT);
  CHECK_ERRNO(RAW(rt_tgsigqueueinfo, 0, 0, SIGUSR1, &info), EINVAL);
  info.si_code = -77;
  info.si_value.sival_int = 9;
  CHECK_EQ(RAW(rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR1, &info), 0);
  CHECK_EQ(last_code, -77);
  CHECK_EQ(last_info.si_value.sival_int, 9);
  CHECK_EQ(last_info.si_signo, SIGUSR1);
}

/* ---- masks and queues ---- */

static void masks(void) {
  install(SIGUSR1, note, 0);
  install(SIGUSR2, note, 0);
  reset();
  block(SIGUSR1);
  raise(SIGUSR1);
  raise(SIGUSR1);
  raise(SIGUSR1);
  CHECK_EQ(hits, 0);
  CHECK(waits(SIGUSR1));
  unblock(SIGUSR1);
  CHECK_EQ(hits, 1); /* standard signals coalesce */
  CHECK(!waits(SIGUSR1));
  block(SIGUSR1);
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_IGN); /* throws it away */
  CHECK(!waits(SIGUSR1));
  install(SIGUSR1, note, 0);
  unblock(SIGUSR1);
  CHECK_EQ(hits, 1);
  sigset_t all, old;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &old);
  CHECK(!blocked_now(SIGKILL) && !blocked_now(SIGSTOP) && blocked_now(SIGSEGV));
  raise(SIGUSR2);
  raise(SIGUSR1);
  reset();
  sigprocmask(SIG_SETMASK, &old, NULL);
  /* Both frames are made before the program runs: the last one made runs first. */
  CHECK_EQ(hits, 2);
  CHECK(order[0] == SIGUSR2 && order[1] == SIGUSR1);
}

static volatile bool own_blocked, other_blocked;

static void look(int signal, siginfo_t *info, void *context) {
  note(signal, info, context);
  own_blocked = blocked_now(signal);
  other_blocked = blocked_now(SIGUSR2);
}

static void handler_masks(void) {
  struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGUSR2);
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  CHECK(own_blocked && other_blocked);
  CHECK(!blocked_now(SIGUSR1) && !blocked_now(SIGUSR2));
  sigemptyset(&action.sa_mask);
  action.sa_flags |= SA_NODEFER;
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  CHECK(!own_blocked && !other_blocked);
  action.sa_flags = SA_SIGINFO | (int)SA_RESETHAND;
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  struct sigaction now;
  sigaction(SIGUSR1, NULL, &now);
  CHECK(now.sa_handler == SIG_DFL);
}

static volatile int depth, deepest;

static void nest(int signal, siginfo_t *info, void *context) {
  note(signal, info, context);
  if (++depth > deepest) deepest = depth;
  if (depth < 20) raise(signal);
  depth--;
}

static void raise_other(int signal, siginfo_t *info, void *context) {
  note(signal, info, context);
  raise(SIGUSR2);
  order[orders++] = -signal;
}

static void nesting(void) {
  reset();
  install(SIGUSR1, nest, SA_NODEFER);
  raise(SIGUSR1);
  CHECK(deepest == 20 && depth == 0 && hits == 20);
  reset();
  install(SIGUSR1, raise_other, 0);
  install(SIGUSR2, note, 0);
  raise(SIGUSR1);
  CHECK(orders == 3 && order[0] == SIGUSR1 && order[1] == SIGUSR2 && order[2] == -SIGUSR1);
}

static volatile long values[64];
static volatile int value_count;

static void collect(int signal, siginfo_t *info, void *context) {
  note(signal, info, context);
  values[value_count++] = info->si_value.sival_int + 1000 * signal;
}

static void real_time(void) {
  int low = SIGRTMIN, high = SIGRTMIN + 5;
  value_count = 0;
  reset();
  struct sigaction action = {.sa_sigaction = collect, .sa_flags = SA_SIGINFO};
  sigfillset(&action.sa_mask); /* so that handlers run one after the other */
  sigaction(low, &action, NULL);
  sigaction(high, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
  sigset_t all, old;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &old);
  queue_value(high, 1);
  queue_value(low, 2);
  queue_value(high, 3);
  queue_value(low, 4);
  queue_value(SIGUSR1, 5);
  queue_value(SIGUSR1, 6);
  CHECK(waits(low) && waits(high) && waits(SIGUSR1));
  sigprocmask(SIG_SETMASK, &old, NULL);
  CHECK_EQ(value_count, 5);
  CHECK_EQ(values[0], 1000 * SIGUSR1 + 5);
  CHECK_EQ(values[1], 1000 * low + 2);
  CHECK_EQ(values[2], 1000 * low + 4);
  CHECK_EQ(values[3], 1000 * high + 1);
  CHECK_EQ(values[4], 1000 * high + 3);

  block(low); /* the thread's own before the process's */
  value_count = 0;
  queue_value(low, 1);
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_code = SI_QUEUE;
  info.si_value.sival_int = 2;
  CHECK_EQ(RAW(rt_tgsigqueueinfo, getpid(), gettid(), low, &info), 0);
  unblock(low);
  CHECK(value_count == 2 && values[0] == 1000 * low + 2 && values[1] == 1000 * low + 1);
}

static void queue_limit(void) {
  struct rlimit limit, small;
  getrlimit(RLIMIT_SIGPENDING, &limit);
  small = limit;
  small.rlim_cur = 0;
  int signal = SIGRTMIN + 1;
  install(signal, note, 0);
  install(SIGUSR1, note, 0);
  block(signal);
  setrlimit(RLIMIT_SIGPENDING, &small);
  union sigval value = {.sival_int = 1};
  CHECK_ERRNO(sigqueue(getpid(), signal, value), EAGAIN);
  CHECK_EQ(kill(getpid(), signal), 0); /* comes without its siginfo */
  setrlimit(RLIMIT_SIGPENDING, &limit);
  reset();
  unblock(signal);
  CHECK_EQ(hits, 1);
  CHECK_EQ(last_code, SI_USER);
}

/* ---- alternate stack ---- */

static char alternate[65536] __attribute__((aligned(16)));
static volatile long handler_stack;
static volatile int flags_inside, change_inside;

static void where(int signal, siginfo_t *info, void *context) {
  note(signal, info, context);
  handler_stack = (long)__builtin_frame_address(0);
  stack_t now, same = {.ss_sp = alternate, .ss_size = sizeof alternate / 2};
  sigaltstack(NULL, &now);
  flags_inside = now.ss_flags;
  change_inside = sigaltstack(&same, NULL) == 0 ? 0 : errno;
}

static bool on_alternate(long at) {
  return at > (long)alternate && at <= (long)(alternate + sizeof alternate);
}

static void alternate_stacks(void) {
  stack_t set = {.ss_sp = alternate, .ss_size = sizeof alternate}, got;
  CHECK_EQ(sigaltstack(&set, NULL), 0);
  install(SIGUSR1, where, SA_ONSTACK);
  raise(SIGUSR1);
  CHECK(on_alternate(handler_stack));
  CHECK_EQ(flags_inside, SS_ONSTACK);
  CHECK_EQ(change_inside, EPERM);
  install(SIGUSR1, where, 0);
  raise(SIGUSR1);
  CHECK(!on_alternate(handler_stack));
  CHECK_EQ(flags_inside, 0);
  CHECK_EQ(change_inside, 0);
  sigaltstack(NULL, &got);
  CHECK_EQ(got.ss_size, sizeof alternate); /* the frame brings the old one back */
  set.ss_flags = (int)SS_AUTODISARM;
  CHECK_EQ(sigaltstack(&set, NULL), 0);
  install(SIGUSR1, where, SA_ONSTACK);
  raise(SIGUSR1);
  CHECK(on_alternate(handler_stack));
  CHECK_EQ(flags_inside, SS_DISABLE);
  CHECK_EQ(change_inside, 0);
  sigaltstack(NULL, &got);
  CHECK_EQ((unsigned)got.ss_flags, SS_AUTODISARM);
  CHECK(got.ss_sp == alternate && got.ss_size == sizeof alternate);
  set.ss_flags = 0;
  set.ss_size = 2047;
  CHECK_ERRNO(sigaltstack(&set, NULL), ENOMEM);
  set.ss_flags = SS_DISABLE;
  CHECK_EQ(sigaltstack(&set, NULL), 0);
}

static sigjmp_buf jump;

static void leave(int signal, siginfo_t *info, void *context) {
  note(signal, info, context);
  siglongjmp(jump, signal);
}

static void small_stack(void) {
  /* A stack that the kernel takes, and that no frame fits on. */
  if (getauxval(AT_MINSIGSTKSZ) < 2100) {
    check_skip("a stack too small for a frame");
    return;
  }
  stack_t set = {.ss_sp = alternate, .ss_size = 2048};
  CHECK_EQ(sigaltstack(&set, NULL), 0);
  install(SIGUSR1, note, SA_ONSTACK);
  install(SIGSEGV, leave, 0);
  reset();
  int got = sigsetjmp(jump, 1);
  if (got == 0) raise(SIGUSR1);
  CHECK_EQ(got, SIGSEGV);
  CHECK_EQ(hits, 1);
  CHECK_EQ(last_code, SI_KERNEL);
  set.ss_flags = SS_DISABLE;
  sigaltstack(&set, NULL);
  set = (stack_t){.ss_sp = alternate, .ss_size = getauxval(AT_MINSIGSTKSZ)};
  CHECK_EQ(sigaltstack(&set, NULL), 0);
  set.ss_flags = SS_DISABLE;
  sigaltstack(&set, NULL);
}

static void stack_overflow_handler(int signal, siginfo_t *info, void *context) {
  note(signal, info, context);
  siglongjmp(jump, 7);
}

static __attribute__((noinline)) int recurse(int n) {
  volatile char big[65536];
  big[0] = (char)n;
  return n > 1000000 ? 0 : recurse(n + 1) + big[0];
}

static void stack_overflow(void) {
  struct rlimit old, small;
  getrlimit(RLIMIT_STACK, &old);
  small = old;
  small.rlim_cur = 1 << 20;
  setrlimit(RLIMIT_STACK, &small);
  stack_t set = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&set, NULL);
  install(SIGSEGV, stack_overflow_handler, SA_ONSTACK);
  reset();
  int got = sigsetjmp(jump, 1);
  if (got == 0) recurse(0);
  CHECK_EQ(got, 7);
  CHECK_EQ(hits, 1);
  CHECK_EQ(last_trap, 14);
  set.ss_flags = SS_DISABLE;
  CHECK_EQ(sigaltstack(&set, NULL), 0);
  setrlimit(RLIMIT_STACK, &old);
  signal(SIGSEGV, SIG_DFL);
}

/* ---- the frame ---- */

static volatile unsigned long entry_rsp, entry_flags, entry_rdi, entry_rsi, entry_rdx, entry_rax;
void bare_entry(void);
__asm__(
    ".globl bare_entry\nbare_entry:\n"
    "  mov %rsp, entry_rsp(%rip)\n  mov %rdi, entry_rdi(%rip)\n  mov %rsi, entry_rsi(%rip)\n"
    "  mov %rdx, entry_rdx(%rip)\n  mov %rax, entry_rax(%rip)\n"
    "  pushfq\n  popq entry_flags(%rip)\n  ret\n");

static void frame_layout(void) {
  struct sigaction action = {.sa_sigaction = (void *)bare_entry, .sa_flags = SA_SIGINFO};
  sigemptyset(&action.sa_mask);
  sigaction(SIGUSR1, &action, NULL);
  long pid = getpid(), result, before;
  __asm__ volatile("mov %%rsp, %1\n std\n syscall\n cld"
                   : "=a"(result), "=r"(before)
                   : "a"(SYS_kill), "D"(pid), "S"((long)SIGUSR1)
                   : "rcx", "r11", "memory", "cc");
  CHECK_EQ(result, 0);
  CHECK_EQ(entry_rsp & 15, 8);
  CHECK_EQ(entry_rdi, SIGUSR1);
  CHECK_EQ(entry_rsi, entry_rsp + 312);
  CHECK_EQ(entry_rdx, entry_rsp + 8);
  CHECK_EQ(entry_rax, 0);
  CHECK_EQ(entry_flags & 0x400, 0); /* DF */
  CHECK(entry_rsp < (unsigned long)before - 128);
  CHECK((unsigned long)before - entry_rsp <= getauxval(AT_MINSIGSTKSZ) + 128 + 8);
}

static volatile long frame_flags, frame_cs, frame_ss, frame_magic, frame_size, frame_bytes, frame_tail;
static volatile long frame_features, frame_aligned, frame_header;
static ucontext_t saved;

static void inspect(int signal, siginfo_t *info, void *context) {
  note(signal, info, context);
  ucontext_t *uc = context;
  saved = *uc;
  frame_flags = (long)uc->uc_flags;
  frame_cs = uc->uc_mcontext.gregs[REG_CSGSFS] & 0xffff;
  frame_ss = (uc->uc_mcontext.gregs[REG_CSGSFS] >> 48) & 0xffff;
  char *area = (char *)uc->uc_mcontext.fpregs;
  frame_aligned = ((uintptr_t)area & 63) == 0;
  frame_magic = *(uint32_t *)(area + 464);
  frame_size = *(uint32_t *)(area + 468);
  frame_features = *(long *)(area + 472);
  frame_bytes = *(uint32_t *)(area + 480);
  frame_tail = *(uint32_t *)(area + frame_bytes);
  frame_header = *(long *)(area + 512);
}

static void frame_contents(void) {
  install(SIGUSR1, inspect, 0);
  block(SIGUSR2);
  raise(SIGUSR1);
  CHECK_EQ(frame_flags, 7); /* UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS */
  CHECK_EQ(frame_cs, 0x33);
  CHECK_EQ(frame_ss, 0x2b);
  CHECK(frame_aligned);
  CHECK_EQ(frame_magic, 0x46505853);
  CHECK_EQ(frame_tail, 0x46505845);
  CHECK_EQ(frame_size, frame_bytes + 4);
  CHECK_EQ(frame_features & 3, 3);
  CHECK_EQ(frame_header & 3, 3);
  unsigned a, b, c, d;
  __cpuid_count(0xd, 0, a, b, c, d);
  CHECK(frame_bytes <= b && frame_bytes >= 576);
  CHECK_EQ(sigismember(&saved.uc_sigmask, SIGUSR2), 1);
  CHECK_EQ(saved.uc_mcontext.gregs[REG_OLDMASK] >> (SIGUSR2 - 1) & 1, 1);
  CHECK(getauxval(AT_MINSIGSTKSZ) >= (unsigned long)frame_size + 440);
  unblock(SIGUSR2);
}

static void change(int signal, siginfo_t *info, void *context) {
  note(signal, info, context);
  ucontext_t *uc = context;
  uc->uc_mcontext.gregs[REG_RBX] = 0x1122334455667788;
  uc->uc_mcontext.gregs[REG_EFL] |= 0x401 | 0x3000 | 0x200000000; /* DF CF and IOPL, rubbish */
  uc->uc_mcontext.gregs[REG_RAX] = -EPIPE;
  sigaddset(&uc->uc_sigmask, SIGWINCH);
}

static void changed_frame(void) {
  install(SIGUSR1, change, 0);
  install(SIGPIPE, note, 0);
  reset();
  long pid = getpid(), result, rbx, flags;
  __asm__ volatile("xor %%ebx, %%ebx\n syscall\n pushfq\n pop %2\n cld\n"
                   : "=a"(result), "=&b"(rbx), "=r"(flags)
                   : "a"(SYS_kill), "D"(pid), "S"((long)SIGUSR1)
                   : "rcx", "r11", "memory", "cc");
  CHECK_EQ(rbx, 0x1122334455667788);
  CHECK_EQ(result, -EPIPE);
  CHECK_EQ(hits, 1); /* and no SIGPIPE for that */
  CHECK_EQ(flags & 0x401, 0x401);
  CHECK_EQ(flags & 0x3000, 0);
  CHECK_EQ(flags & 0x200, 0x200);
  CHECK(blocked_now(SIGWINCH));
  unblock(SIGWINCH);
  CHECK(!blocked_now(SIGWINCH));
}

/* All registers survive a handler that uses them. */
static void registers(void) {
  install(SIGUSR1, note, 0);
  struct itimerval soon = {.it_value = {.tv_usec = 3000}};
  install(SIGALRM, note, 0);
  reset();
  setitimer(ITIMER_REAL, &soon, NULL);
  long bad = 0;
  __asm__ volatile(
      "push %%rbp\n"
      "mov $0x0101, %%rax\n mov $0x0202, %%rcx\n mov $0x0303, %%rdx\n mov $0x0404, %%rsi\n"
      "mov $0x0505, %%r8\n mov $0x0606, %%r9\n mov $0x0707, %%r10\n mov $0x0808, %%r11\n"
      "mov $0x0909, %%r12\n mov $0x0a0a, %%r13\n mov $0x0b0b, %%r14\n mov $0x0c0c, %%r15\n"
      "mov $0x0d0d, %%rbp\n movq $0x5a5a, -64(%%rsp)\n"
      "1: cmpl $0, (%%rdi)\n je 1b\n"
      "cmp $0x0101, %%rax\n jne 2f\n cmp $0x0202, %%rcx\n jne 2f\n cmp $0x0303, %%rdx\n jne 2f\n"
      "cmp $0x0404, %%rsi\n jne 2f\n cmp $0x0505, %%r8\n jne 2f\n cmp $0x0606, %%r9\n jne 2f\n"
      "cmp $0x0707, %%r10\n jne 2f\n cmp $0x0808, %%r11\n jne 2f\n cmp $0x0909, %%r12\n jne 2f\n"
      "cmp $0x0a0a, %%r13\n jne 2f\n cmp $0x0b0b, %%r14\n jne 2f\n cmp $0x0c0c, %%r15\n jne 2f\n"
      "cmp $0x0d0d, %%rbp\n jne 2f\n cmpq $0x5a5a, -64(%%rsp)\n je 3f\n"
      "2: mov $1, %%ebx\n 3: pop %%rbp\n"
      : "+b"(bad)
      : "D"(&hits)
      : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory",
        "cc");
  CHECK_EQ(bad, 0);
  CHECK_EQ(hits, 1);
  CHECK_EQ(last_signal, SIGALRM);
}

/* ---- vector state ---- */

static volatile unsigned handler_mxcsr, handler_fcw;

static void clobber(int signal, siginfo_t *info, void *context) {
  note(signal, info, context);
  unsigned short fcw;
  __asm__ volatile("fnstcw %0" : "=m"(fcw));
  handler_fcw = fcw;
  handler_mxcsr = _mm_getcsr();
  _mm_setcsr(0x7f80);
  __asm__ volatile("fninit\n fldpi\n fldl2e\n pxor %%xmm0, %%xmm0\n pcmpeqd %%xmm1, %%xmm1\n"
                   "pcmpeqd %%xmm15, %%xmm15\n" ::: "xmm0", "xmm1", "xmm15");
  if (__builtin_cpu_supports("avx")) __asm__ volatile("vzeroall" ::: "memory");
  if (__builtin_cpu_supports("avx512f"))
    __asm__ volatile(".byte 0x62,0xa1,0x75,0x40,0xef,0xc9\n" /* vpxord zmm17,zmm17,zmm17 */
                     ".byte 0xc5,0xf4,0x47,0xc9\n" /* kxorw k1,k1,k1 */ ::: "memory");
}

static void vectors(void) {
  install(SIGUSR1, clobber, 0);
  static unsigned char in[64] __attribute__((aligned(64))), out[64] __attribute__((aligned(64)));
  for (int i = 0; i < 64; i++) in[i] = (unsigned char)(i * 7 + 1);
  long pid = getpid(), result;
  unsigned mxcsr = 0x3fa0;
  double one = 1.5, back = 0;
  unsigned short fcw = 0x27f, fcw_back = 0;
  unsigned mxcsr_back = 0;
  memset(out, 0, sizeof out);
  __asm__ volatile(
      "ldmxcsr %5\n fninit\n fldcw %7\n fldl %4\n movdqa (%8), %%xmm1\n movdqa 16(%8), %%xmm15\n"
      "syscall\n"
      "movdqa %%xmm1, (%9)\n movdqa %%xmm15, 16(%9)\n fstpl %1\n stmxcsr %2\n fnstcw %3\n fninit\n"
      : "=a"(result), "=m"(back), "=m"(mxcsr_back), "=m"(fcw_back)
      : "m"(one), "m"(mxcsr), "a"(SYS_kill), "m"(fcw), "r"(in), "r"(out), "D"(pid), "S"((long)SIGUSR1)
      : "rcx", "r11", "memory", "xmm1", "xmm15");
  _mm_setcsr(0x1f80);
  CHECK_EQ(result, 0);
  CHECK(!memcmp(in, out, 32));
  CHECK(back == 1.5);
  CHECK_EQ(mxcsr_back, 0x3fa0);
  CHECK_EQ(fcw_back, 0x27f);
  CHECK_EQ(handler_mxcsr, 0x1f80); /* a handler begins with the initial state */
  CHECK_EQ(handler_fcw, 0x37f);
}

static __attribute__((target("avx"))) void vectors_avx(void) {
  static unsigned char in[64] __attribute__((aligned(64))), out[64] __attribute__((aligned(64)));
  for (int i = 0; i < 64; i++) in[i] = (unsigned char)(i * 11 + 3);
  long pid = getpid(), result;
  __asm__ volatile("vmovdqa (%2), %%ymm3\n vmovdqa 32(%2), %%ymm14\n syscall\n"
                   "vmovdqa %%ymm3, (%3)\n vmovdqa %%ymm14, 32(%3)\n vzeroupper\n"
                   : "=a"(result)
                   : "a"(SYS_kill), "r"(in), "r"(out), "D"(pid), "S"((long)SIGUSR1)
                   : "rcx", "r11", "memory", "xmm3", "xmm14");
  CHECK_EQ(result, 0);
  CHECK(!memcmp(in, out, 64));
}

static __attribute__((target("avx512f"))) void vectors_avx512(void) {
  static unsigned char in[192] __attribute__((aligned(64))), out[192] __attribute__((aligned(64)));
  for (int i = 0; i < 192; i++) in[i] = (unsigned char)(i * 13 + 5);
  long pid = getpid(), result, mask = 0x5aa5, mask_back = 0;
  __asm__ volatile(
      "vmovdqa64 (%3), %%zmm2\n vmovdqa64 64(%3), %%zmm17\n vmovdqa64 128(%3), %%zmm31\n"
      "kmovw %k5, %%k1\n syscall\n"
      "vmovdqa64 %%zmm2, (%4)\n vmovdqa64 %%zmm17, 64(%4)\n vmovdqa64 %%zmm31, 128(%4)\n"
      "kmovw %%k1, %k1\n vzeroupper\n"
      : "=a"(result), "=&r"(mask_back)
      : "a"(SYS_kill), "r"(in), "r"(out), "r"(mask), "D"(pid), "S"((long)SIGUSR1)
      : "rcx", "r11", "memory");
  CHECK_EQ(result, 0);
  CHECK(!memcmp(in, out, 192));
  CHECK_EQ(mask_back & 0xffff, 0x5aa5);
}

static void preempted_vectors(void) {
  /* The handler comes at any instruction of a computation. */
  install(SIGALRM, clobber, 0);
  struct itimerval often = {.it_interval = {.tv_usec = 500}, .it_value = {.tv_usec = 500}};
  reset();
  setitimer(ITIMER_REAL, &often, NULL);
  double sum = 0, wanted = 0;
  for (int round = 0; round < 20 || (hits < 20 && round < 100000); round++) {
    sum = 0;
    for (int i = 1; i < 20000; i++) sum += 1.0 / i * (i & 3);
    if (round == 0) wanted = sum;
    if (sum != wanted) break;
  }
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  CHECK(sum == wanted);
  CHECK(hits >= 20);
}

/* ---- hostile frames ---- */

static void (*spoil)(ucontext_t *);

static void spoiling(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  spoil(context);
}

static char *area_of(ucontext_t *uc) { return (char *)uc->uc_mcontext.fpregs; }
static void bad_header(ucontext_t *uc) { *(long *)(area_of(uc) + 512) = -1; }
static void bad_compaction(ucontext_t *uc) { *(long *)(area_of(uc) + 520) = 1L << 63; }
static void bad_reserved(ucontext_t *uc) { *(long *)(area_of(uc) + 528) = 1; }
static void unused_header(ucontext_t *uc) { *(long *)(area_of(uc) + 552) = 1; }
static void bad_mxcsr(ucontext_t *uc) { *(unsigned *)(area_of(uc) + 24) = 0xffffffff; }
static void bad_pointer(ucontext_t *uc) { uc->uc_mcontext.fpregs = (void *)0x40; }
static void bad_kernel_pointer(ucontext_t *uc) { uc->uc_mcontext.fpregs = (void *)0xffff800000000000; }
static void bad_rip(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_RIP] = 0x10; }
static void bad_kernel_rip(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_RIP] = (long)0xffffffff81000000; }
static void bad_rip_form(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_RIP] = 0x8000000000000000; }
static void bad_stack(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_RSP] = 0x8000000000000000; }
static void bad_cs(ucontext_t *uc) { uc->uc_mcontext.gregs[REG_CSGSFS] = 0x2b00000000002bL; }

static int survives(void (*how)(ucontext_t *)) {
  spoil = how;
  install(SIGUSR1, spoiling, 0);
  install(SIGSEGV, leave, SA_ONSTACK);
  install(SIGBUS, leave, SA_ONSTACK);
  stack_t set = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&set, NULL);
  int got = sigsetjmp(jump, 1);
  if (got == 0) raise(SIGUSR1);
  set.ss_flags = SS_DISABLE;
  sigaltstack(&set, NULL);
  _mm_setcsr(0x1f80);
  return got;
}

static void no_area(ucontext_t *uc) { uc->uc_mcontext.fpregs = NULL; }
static void no_magic(ucontext_t *uc) { *(unsigned *)(area_of(uc) + 464) = 0; }
static void no_tail(ucontext_t *uc) { *(unsigned *)(area_of(uc) + frame_bytes) = 0; }
static void huge(ucontext_t *uc) { *(unsigned *)(area_of(uc) + 480) = 0x7fffffff; }
static void tiny(ucontext_t *uc) { *(unsigned *)(area_of(uc) + 480) = 4; }
static void all_features(ucontext_t *uc) { *(long *)(area_of(uc) + 472) = -1; }
static void no_features(ucontext_t *uc) { *(long *)(area_of(uc) + 472) = 0; }
static void no_flags(ucontext_t *uc) { uc->uc_flags = 0; }
static void kernel_mask(ucontext_t *uc) { memset(&uc->uc_sigmask, 0xff, 8); }

static void hostile_frames(void) {
  CHECK_EQ(survives(bad_header), SIGSEGV);
  CHECK_EQ(survives(bad_compaction), SIGSEGV);
  CHECK_EQ(survives(bad_reserved), SIGSEGV);
  if (!check_emulated) CHECK_EQ(survives(bad_mxcsr), SIGSEGV);
  CHECK_EQ(survives(bad_pointer), SIGSEGV);
  CHECK_EQ(survives(bad_kernel_pointer), SIGSEGV);
  CHECK_EQ(survives(bad_rip), SIGSEGV);
  CHECK_EQ(survives(bad_kernel_rip), SIGSEGV);
  CHECK_EQ(survives(bad_rip_form), SIGSEGV);
  int stack = survives(bad_stack);
  CHECK(stack == SIGSEGV || stack == SIGBUS);
  CHECK_EQ(survives(bad_cs), SIGSEGV);
  CHECK_EQ(survives(unused_header), 0);
  CHECK_EQ(survives(no_area), 0);
  CHECK_EQ(survives(no_magic), 0);
  CHECK_EQ(survives(no_tail), 0);
  CHECK_EQ(survives(huge), 0);
  CHECK_EQ(survives(tiny), 0);
  CHECK_EQ(survives(all_features), 0);
  CHECK_EQ(survives(no_features), 0);
  CHECK_EQ(survives(no_flags), 0);
  CHECK_EQ(survives(kernel_mask), 0);
  CHECK(blocked_now(SIGUSR2) && !blocked_now(SIGKILL));
  sigset_t none = set_of(0);
  sigprocmask(SIG_SETMASK, &none, NULL);
  /* A stack pointer that shows no frame at all. */
  install(SIGSEGV, leave, SA_ONSTACK);
  stack_t set = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&set, NULL);
  int got = sigsetjmp(jump, 1);
  if (got == 0) __asm__ volatile("mov $15, %%eax\n mov $64, %%rsp\n syscall\n ud2" ::: "memory");
  CHECK_EQ(got, SIGSEGV);
  CHECK_EQ(last_code, SI_KERNEL);
  set.ss_flags = SS_DISABLE;
  sigaltstack(&set, NULL);
  struct { long handler, flags, restorer, mask; } bare = {(long)note, 0, 0, 0};
  CHECK_EQ(RAW(rt_sigaction, SIGUSR1, &bare, NULL, 8L), 0); /* no SA_RESTORER */
  install(SIGSEGV, leave, 0);
  got = sigsetjmp(jump, 1);
  if (got == 0) raise(SIGUSR1);
  CHECK_EQ(got, SIGSEGV);
}

/* ---- exceptions ---- */

static char *page;
static volatile int repaired;

static void repair(int signal, siginfo_t *info, void *context) {
  note(signal, info, context);
  repaired++;
  mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static int fault(void (*what)(void)) {
  reset();
  int got = sigsetjmp(jump, 1);
  if (got == 0) what();
  return got;
}

static volatile int *volatile nothing = (volatile int *)0x40;
static void read_nothing(void) { (void)*nothing; }
static void write_nothing(void) { nothing[1] = 1; }
static void write_protected(void) { *(volatile char *)page = 1; }
static void call_protected(void) { ((void (*)(void))page)(); }
static void wild(void) { (void)*(volatile long *)0x8000000000000000; }
static void divide(void) {
  __asm__ volatile("xor %%ecx, %%ecx\n mov $1, %%eax\n cdq\n idiv %%ecx" ::: "eax", "ecx", "edx", "cc");
}
static void overflow(void) {
  __asm__ volatile("mov $-1, %%ecx\n mov $0x80000000, %%eax\n cdq\n idiv %%ecx" ::: "eax", "ecx", "edx", "cc");
}
static void undefined(void) { __asm__ volatile("ud2"); }
static void privileged(void) { __asm__ volatile("hlt"); }
static void divide_sse(void) {
  volatile double zero = 0, one = 1;
  _mm_setcsr(0x1f80 & ~(1 << 9));
  one = one / zero;
}
static void invalid_sse(void) {
  volatile double zero = 0;
  _mm_setcsr(0x1f80 & ~(1 << 7));
  zero = zero / zero;
}
static void inexact_sse(void) {
  volatile double three = 3, one = 1;
  _mm_setcsr(0x1f80 & ~(1 << 12));
  one = one / three;
}
static void divide_x87(void) {
  unsigned short control = 0x37f & ~4;
  __asm__ volatile("fninit\n fldcw %0\n fld1\n fldz\n fdivrp\n fwait\n" ::"m"(control));
}
static void beyond_file(void) { (void)*(volatile char *)(page + 4096); }

static void sse_exceptions(void) {
  CHECK_EQ(fault(divide_sse), SIGFPE);
  CHECK_EQ(last_code, FPE_FLTDIV);
  CHECK_EQ(last_trap, 19);
  _mm_setcsr(0x1f80);
  CHECK_EQ(fault(invalid_sse), SIGFPE);
  CHECK_EQ(last_code, FPE_FLTINV);
  _mm_setcsr(0x1f80);
  CHECK_EQ(fault(inexact_sse), SIGFPE);
  CHECK_EQ(last_code, FPE_FLTRES);
  _mm_setcsr(0x1f80);
}

static void exceptions(void) {
  page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int s = 0, all[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}; s < 5; s++)
    install(all[s], leave, 0);
  CHECK_EQ(fault(read_nothing), SIGSEGV);
  CHECK_EQ(last_code, SEGV_MAPERR);
  CHECK_EQ(last_address, 0x40);
  CHECK_EQ(last_trap, 14);
  CHECK_EQ(last_error, 4);
  CHECK_EQ(last_cr2, 0x40);
  CHECK_EQ(fault(write_nothing), SIGSEGV);
  CHECK_EQ(last_address, 0x44);
  CHECK_EQ(last_error, 6);
  (void)*(volatile char *)page;
  CHECK_EQ(fault(write_protected), SIGSEGV);
  CHECK_EQ(last_code, SEGV_ACCERR);
  CHECK_EQ(last_address, (long)page);
  CHECK_EQ(last_error, 7);
  CHECK_EQ(fault(call_protected), SIGSEGV);
  CHECK_EQ(last_code, SEGV_ACCERR);
  CHECK_EQ(last_address, (long)page);
  CHECK_EQ(last_rip, (long)page);
  CHECK_EQ(last_error & 0x14, 0x14);
  CHECK_EQ(fault(wild), SIGSEGV);
  CHECK_EQ(last_code, SI_KERNEL);
  CHECK_EQ(last_address, 0);
  CHECK_EQ(last_trap, 13);
  CHECK_EQ(fault(divide), SIGFPE);
  CHECK_EQ(last_code, FPE_INTDIV);
  CHECK_EQ(last_address, last_rip);
  CHECK_EQ(last_trap, 0);
  CHECK_EQ(fault(overflow), SIGFPE);
  CHECK_EQ(last_code, FPE_INTDIV);
  CHECK_EQ(fault(undefined), SIGILL);
  CHECK_EQ(last_code, ILL_ILLOPN);
  CHECK_EQ(last_address, last_rip);
  CHECK_EQ(last_trap, 6);
  CHECK_EQ(fault(privileged), SIGSEGV);
  CHECK_EQ(last_code, SI_KERNEL);
  CHECK_EQ(last_trap, 13);
  if (!check_emulated) sse_exceptions();
  CHECK_EQ(fault(divide_x87), SIGFPE);
  CHECK_EQ(last_code, FPE_FLTDIV);
  CHECK_EQ(last_trap, 16);
  __asm__ volatile("fninit");
  write_file("short", "x", 1);
  int fd = open("short", O_RDONLY);
  char *old = page;
  page = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
  CHECK_EQ(fault(beyond_file), SIGBUS);
  CHECK_EQ(last_code, BUS_ADRERR);
  CHECK_EQ(last_address, (long)page + 4096);
  munmap(page, 8192);
  close(fd);
  page = old;
  install(SIGSEGV, repair, 0);
  reset();
  page[5] = 7;
  CHECK_EQ(repaired, 1);
  CHECK_EQ(page[5], 7);
}

static void stepping(void) {
  install(SIGTRAP, note, 0);
  reset();
  long after;
  __asm__ volatile("int3\n lea (%%rip), %0\n 1:" : "=r"(after));
  CHECK_EQ(hits, 1);
  CHECK_EQ(last_code, SI_KERNEL);
  CHECK_EQ(last_trap, 3);
  CHECK(after - last_rip <= 8 && after > last_rip); /* behind the int3 */
  reset();
  __asm__ volatile("pushfq\n orq $0x100, (%%rsp)\n popfq\n nop\n nop\n nop\n"
                   "pushfq\n andq $~0x100, (%%rsp)\n popfq\n" ::: "memory", "cc");
  CHECK(hits >= 5 && hits <= 7);
  CHECK_EQ(last_code, TRAP_TRACE);
  CHECK_EQ(last_trap, 1);
}

/* ---- interrupted calls ---- */

static void later(long micros) {
  struct itimerval soon = {.it_value = {.tv_sec = micros / 1000000, .tv_usec = micros % 1000000}};
  setitimer(ITIMER_REAL, &soon, NULL);
}

static uint32_t word = 5;

static void change_word(int signal, siginfo_t *info, void *context) {
  note(signal, info, context);
  word = 6;
}

static void interrupted(void) {
  struct timespec second = {30, 0}, left = {0, 0};
  for (int restart = 0; restart < 2; restart++) {
    install(SIGALRM, note, restart ? SA_RESTART : 0);
    reset();
    later(100000);
    left = (struct timespec){99, 0};
    CHECK_ERRNO(nanosleep(&second, &left), EINTR);
    CHECK_EQ(hits, 1);
    CHECK(left.tv_sec < 30 && (left.tv_sec > 0 || left.tv_nsec > 0));
    later(100000);
    left = (struct timespec){99, 0};
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &second, &left), EINTR);
    CHECK(left.tv_sec < 30 && (left.tv_sec > 0 || left.tv_nsec > 0));
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 30;
    later(100000);
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), EINTR);
    later(100000);
    CHECK_ERRNO(pause(), EINTR);
    later(100000);
    CHECK_ERRNO(poll(NULL, 0, 30000), EINTR);
    later(100000);
    CHECK_ERRNO(select(0, NULL, NULL, NULL, &(struct timeval){30, 0}), EINTR);
    later(100000);
    CHECK_ERRNO(RAW(futex, &word, FUTEX_WAIT, 5, &second, NULL, 0), EINTR);
    sigset_t wanted = set_of(SIGUSR2);
    later(100000);
    CHECK_ERRNO(sigtimedwait(&wanted, NULL, &second), EINTR);
    sigset_t none = set_of(0);
    later(100000);
    CHECK_ERRNO(sigsuspend(&none), EINTR);
    CHECK_EQ(hits, 9);
  }
  /* Without a timeout a futex is waited for again: the word has changed by then. */
  install(SIGALRM, change_word, SA_RESTART);
  reset();
  later(100000);
  CHECK_ERRNO(RAW(futex, &word, FUTEX_WAIT, 5, NULL, NULL, 0), EAGAIN);
  CHECK_EQ(hits, 1);
  word = 5;
  install(SIGALRM, change_word, 0);
  later(100000);
  CHECK_ERRNO(RAW(futex, &word, FUTEX_WAIT, 5, NULL, NULL, 0), EINTR);
  word = 5;
  /* A signal that waits already ends the next wait at once. */
  block(SIGALRM);
  install(SIGALRM, note, 0);
  raise(SIGALRM);
  reset();
  sigset_t none = set_of(0);
  int64_t start = now_ns();
  CHECK_ERRNO(sigsuspend(&none), EINTR);
  CHECK_EQ(hits, 1);
  CHECK(blocked_now(SIGALRM));
  raise(SIGALRM);
  CHECK_ERRNO(ppoll(NULL, 0, &(struct timespec){30, 0}, &none), EINTR);
  CHECK_EQ(hits, 2);
  CHECK(blocked_now(SIGALRM));
  raise(SIGALRM);
  CHECK_ERRNO(pselect(0, NULL, NULL, NULL, &(struct timespec){30, 0}, &none), EINTR);
  CHECK_EQ(hits, 3);
  CHECK(blocked_now(SIGALRM));
  CHECK_EQ(ppoll(NULL, 0, &(struct timespec){0, 1000}, &none), 0);
  CHECK(blocked_now(SIGALRM));
    unblock(SIGALRM);
  /* An ignored signal interrupts nothing. */
  signal(SIGALRM, SIG_IGN);
  later(10000);
  start = now_ns();
  CHECK_EQ(nanosleep(&(struct timespec){0, 60000000}, NULL), 0);
  CHECK(now_ns() - start >= 60000000);
}

static void suspended_handler(int signal, siginfo_t *info, void *context) {
  look(signal, info, context);
  saved = *(ucontext_t *)context;
}

static void suspend_masks(void) {
  install(SIGUSR1, suspended_handler, 0);
  block(SIGUSR1);
  raise(SIGUSR1);
  sigset_t mask = set_of(SIGUSR2);
  CHECK_ERRNO(sigsuspend(&mask), EINTR);
  CHECK(own_blocked && other_blocked); /* the handler runs under the mask of the call */
  CHECK_EQ(sigismember(&saved.uc_sigmask, SIGUSR1), 1);
  CHECK_EQ(sigismember(&saved.uc_sigmask, SIGUSR2), 0);
  CHECK(blocked_now(SIGUSR1) && !blocked_now(SIGUSR2));
  unblock(SIGUSR1);
}

static void timed_waits(void) {
  int rt = SIGRTMIN + 2;
  sigset_t wanted = set_of(rt);
  sigaddset(&wanted, SIGUSR2);
  sigaddset(&wanted, SIGALRM);
  sigset_t old;
  sigprocmask(SIG_BLOCK, &wanted, &old);
  install(SIGALRM, note, 0);
  siginfo_t info;
  struct timespec none = {0, 0};
  CHECK_ERRNO(sigtimedwait(&wanted, &info, &none), EAGAIN);
  queue_value(rt, 77);
  kill(getpid(), SIGUSR2);
  CHECK_EQ(sigtimedwait(&wanted, &info, &none), SIGUSR2);
  CHECK(info.si_code == SI_USER && info.si_pid == getpid());
  CHECK_EQ(sigwaitinfo(&wanted, &info), rt);
  CHECK(info.si_code == SI_QUEUE && info.si_value.sival_int == 77 && info.si_signo == rt);
  later(20000);
  CHECK_EQ(sigwaitinfo(&wanted, &info), SIGALRM); /* a blocked signal wakes who waits for it */
  CHECK_EQ(info.si_code, SI_KERNEL);
  int64_t start = now_ns();
  CHECK_ERRNO(sigtimedwait(&wanted, &info, &(struct timespec){0, 20000000}), EAGAIN);
  CHECK(now_ns() - start >= 20000000);
  CHECK_ERRNO(sigtimedwait(&wanted, &info, &(struct timespec){0, -1}), EINVAL);
  CHECK_ERRNO(RAW(rt_sigtimedwait, 8L, NULL, &none, 8L), EFAULT);
  CHECK_ERRNO(RAW(rt_sigtimedwait, &wanted, NULL, &none, 16L), EINVAL);
  sigprocmask(SIG_SETMASK, &old, NULL);
}

/* What nobody handles is taken by who waits for it: blocked signals are kept, ignored or not. */
static void waits_for_ignored_signals(void) {
  const int ignored[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT, SIGUSR2};
  signal(SIGUSR2, SIG_IGN);
  sigset_t wanted = set_of(SIGUSR2), old;
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) sigaddset(&wanted, ignored[i]);
  sigprocmask(SIG_BLOCK, &wanted, &old);
  siginfo_t info;
  struct timespec long_time = {10, 0};
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
    kill(getpid(), ignored[i]);
    CHECK_EQ(sigtimedwait(&wanted, &info, &long_time), ignored[i]);
  }
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
    pid_t child = fork();
    if (child == 0) {
      usleep(20000); /* the parent waits by now */
      if (ignored[i] != SIGCHLD) kill(getppid(), ignored[i]);
      _exit(0);
    }
    sigset_t one = set_of(ignored[i]);
    CHECK_EQ(sigtimedwait(&one, &info, &long_time), ignored[i]);
    CHECK_EQ(info.si_pid, child);
    CHECK_EQ(waitpid(child, NULL, 0), child);
  }
  sigprocmask(SIG_SETMASK, &old, NULL);
  signal(SIGUSR2, SIG_DFL);
}

/* ---- timers ---- */

/* However often a timer is set anew while its signal waits, one signal waits. */
static void timers_set_again(void) {
  struct itimerval soon = {.it_value = {0, 1000}};
  install(SIGALRM, note, 0);
  block(SIGALRM);
  reset();
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
    usleep(10000);
  }
  unblock(SIGALRM);
  CHECK_EQ(hits, 1);
  CHECK_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
  int64_t start = now_ns();
  while (hits < 2 && now_ns() - start < 20000000000LL) usleep(1000);
  CHECK_EQ(hits, 2); /* it works as before */

  int rt = SIGRTMIN + 3;
  install(rt, note, 0);
  block(rt);
  reset();
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = rt};
  CHECK_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  struct itimerspec fast = {.it_interval = {0, 1000000}, .it_value = {0, 1000000}};
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(timer_settime(timer, 0, &fast, NULL), 0);
    usleep(10000);
  }
  CHECK_EQ(timer_settime(timer, 0, &fast, NULL), 0);
  usleep(10000);
  unblock(rt);
  start = now_ns();
  while (hits < 4 && now_ns() - start < 5000000000LL) usleep(1000);
  CHECK(hits >= 4); /* and it runs on */
  CHECK_EQ(timer_delete(timer), 0);
  signal(SIGALRM, SIG_DFL);
}

static void burn_until(int wanted) {
  int64_t start = now_ns();
  while (hits < wanted && now_ns() - start < 20000000000LL) continue;
}

static void *burner(void *argument) {
  (void)argument;
  struct timespec used;
  do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  while (used.tv_sec == 0 && used.tv_nsec < 150000000);
  return NULL;
}

/* Clocks that run with the processor's time: of the process, of a thread, of another thread. */
static void timers_of_cpu_time(void) {
  const clockid_t clocks[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
  struct itimerspec once = {.it_value = {0, 30000000}}, got;
  install(SIGUSR1, note, 0);
  for (size_t i = 0; i < 2; i++) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    CHECK_EQ(timer_create(clocks[i], &event, &timer), 0);
    reset();
    struct timespec before, after;
    clock_gettime(clocks[i], &before);
    CHECK_EQ(timer_settime(timer, 0, &once, NULL), 0);
    CHECK_EQ(timer_gettime(timer, &got), 0);
    CHECK(got.it_value.tv_sec == 0 && got.it_value.tv_nsec > 0 && got.it_value.tv_nsec <= 30000000);
    if (!check_emulated) {
      usleep(60000);
      CHECK_EQ(hits, 0); /* sleeping is no work */
    }
    burn_until(1);
    clock_gettime(clocks[i], &after);
    CHECK_EQ(hits, 1);
    CHECK_EQ(last_code, SI_TIMER);
    CHECK((after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >= 29000000);
    CHECK_EQ(timer_gettime(timer, &got), 0);
    CHECK(got.it_value.tv_sec == 0 && got.it_value.tv_nsec == 0);
    struct itimerspec often = {.it_interval = {0, 5000000}, .it_value = {0, 5000000}};
    CHECK_EQ(timer_settime(timer, 0, &often, NULL), 0);
    burn_until(4);
    CHECK(hits >= 4);
    clock_gettime(clocks[i], &after); /* by the clock: it has passed */
    CHECK_EQ(timer_settime(timer, 0, &(struct itimerspec){0}, NULL), 0);
    reset();
    CHECK_EQ(timer_settime(timer, TIMER_ABSTIME, &(struct itimerspec){.it_value = after}, NULL), 0);
    burn_until(1);
    CHECK(hits >= 1);
    CHECK_EQ(timer_delete(timer), 0);
  }
  /* A thread's timer does not run with another's time; the process's does. */
  timer_t mine, all;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  CHECK_EQ(timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &mine), 0);
  CHECK_EQ(timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &all), 0);
  struct itimerspec late = {.it_value = {0, 100000000}};
  if (!check_emulated) {
    block(SIGUSR1);
    pthread_t thread;
    reset();
    CHECK_EQ(timer_settime(mine, 0, &late, NULL), 0);
    CHECK_EQ(timer_settime(all, 0, &late, NULL), 0);
    CHECK_EQ(pthread_create(&thread, NULL, burner, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(timer_gettime(mine, &got), 0);
    CHECK(got.it_value.tv_nsec > 50000000);
    int64_t start = now_ns(); /* it may be looked at a tick later */
    do CHECK_EQ(timer_gettime(all, &got), 0);
    while ((got.it_value.tv_sec || got.it_value.tv_nsec) && now_ns() - start < 20000000000LL);
    CHECK(got.it_value.tv_sec == 0 && got.it_value.tv_nsec == 0);
    unblock(SIGUSR1);
    CHECK(hits >= 1);
  }
  CHECK_EQ(timer_delete(mine), 0);
  CHECK_EQ(timer_delete(all), 0);
  clockid_t own;
  CHECK_EQ(pthread_getcpuclockid(pthread_self(), &own), 0);
  CHECK_EQ(timer_create(own, &event, &mine), 0);
  CHECK_EQ(timer_delete(mine), 0);
  CHECK_ERRNO(timer_create((clockid_t)(~99999u << 3 | 2), &event, &mine), EINVAL); /* nobody's */
}

/* Whether this is Linux itself, before some version. */
static bool linux_before(int major, int minor) {
  struct utsname name;
  int is_major = 0, is_minor = 0;
  CHECK_EQ(uname(&name), 0);
  CHECK_EQ(sscanf(name.release, "%d.%d", &is_major, &is_minor), 2);
  return !strstr(name.release, "biscotti") && (is_major < major || (is_major == major && is_minor < minor));
}

/* A signal that is thrown away while it waits does not take its timer with it. */
static void timers_survive_being_ignored(void) {
  if (linux_before(6, 13)) return; /* there it did, for good: measured with 6.12 */
  int rt = SIGRTMIN + 3;
  install(rt, note, 0);
  block(rt);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = rt};
  CHECK_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  struct itimerspec fast = {.it_interval = {0, 1000000}, .it_value = {0, 1000000}};
  CHECK_EQ(timer_settime(timer, 0, &fast, NULL), 0);
  usleep(10000);
  signal(rt, SIG_IGN);
  unblock(rt);
  usleep(5000);
  reset();
  install(rt, note, 0);
  int64_t start = now_ns();
  while (hits < 2 && now_ns() - start < 20000000000LL) usleep(1000);
  CHECK(hits >= 2);
  CHECK_EQ(timer_delete(timer), 0);
}

static void spin(int64_t nanos) {
  for (int64_t start = now_ns(); now_ns() - start < nanos;);
}

static void interval_timers(void) {
  struct itimerval every = {.it_interval = {0, 5000}, .it_value = {0, 5000}}, old;
  install(SIGALRM, note, 0);
  reset();
  CHECK_EQ(setitimer(ITIMER_REAL, &every, NULL), 0);
  int64_t start = now_ns();
  while (hits < 5 && now_ns() - start < 5000000000LL) pause();
  CHECK(hits >= 5);
  CHECK(now_ns() - start >= 25000000 - 5000000);
  CHECK_EQ(getitimer(ITIMER_REAL, &old), 0);
  CHECK(old.it_interval.tv_usec == 5000 && old.it_value.tv_usec <= 5000);
  CHECK_EQ(setitimer(ITIMER_REAL, &(struct itimerval){0}, &old), 0);
  CHECK_EQ(old.it_interval.tv_usec, 5000);
  CHECK_EQ(getitimer(ITIMER_REAL, &old), 0);
  CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
  int seen = hits;
  spin(12000000);
  CHECK_EQ(hits, seen);
  CHECK_EQ(alarm(100), 0);
  CHECK_EQ(alarm(50), 100);
  CHECK_EQ(alarm(0), 50);
  CHECK_EQ(alarm(0), 0);
  CHECK_ERRNO(setitimer(3, &every, NULL), EINVAL);
  CHECK_ERRNO(setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 1000000}}, NULL), EINVAL);
  CHECK_ERRNO(setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {-1, 0}}, NULL), EINVAL);
  CHECK_ERRNO(RAW(setitimer, ITIMER_REAL, 8L, NULL), EFAULT);
  CHECK_ERRNO(RAW(getitimer, ITIMER_REAL, 8L), EFAULT);

  install(SIGVTALRM, note, 0);
  install(SIGPROF, note, 0);
  for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
    reset();
    struct itimerval cpu = {.it_value = {0, 30000}};
    CHECK_EQ(setitimer(which, &cpu, NULL), 0);
    if (!check_emulated) { /* there a call may take as long */
      nanosleep(&(struct timespec){0, 60000000}, NULL);
      CHECK_EQ(hits, 0); /* sleeping is no work */
    }
    start = now_ns();
    volatile unsigned work = 0;
    while (!hits && work < 4000000000U) work++;
    CHECK_EQ(hits, 1);
    CHECK_EQ(last_signal, which == ITIMER_PROF ? SIGPROF : SIGVTALRM);
    CHECK(now_ns() - start >= 15000000);
    CHECK_EQ(getitimer(which, &old), 0);
    CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
  }
}

static void posix_timers(void) {
  timer_t timer, other;
  int signal = SIGRTMIN + 3;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal};
  event.sigev_value.sival_ptr = (void *)0x12345678L;
  install(signal, note, 0);
  CHECK_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  struct itimerspec got, once = {.it_value = {0, 10000000}};
  CHECK_EQ(timer_gettime(timer, &got), 0);
  CHECK(got.it_value.tv_sec == 0 && got.it_value.tv_nsec == 0);
  reset();
  CHECK_EQ(timer_settime(timer, 0, &once, NULL), 0);
  CHECK_EQ(timer_gettime(timer, &got), 0);
  CHECK(got.it_value.tv_nsec > 0 && got.it_value.tv_nsec <= 10000000);
  pause();
  CHECK_EQ(hits, 1);
  CHECK_EQ(last_code, SI_TIMER);
  CHECK_EQ(last_value, 0x12345678L);
  CHECK_EQ(last_info.si_overrun, 0);
  CHECK_EQ(timer_getoverrun(timer), 0);
  CHECK_EQ(timer_gettime(timer, &got), 0);
  CHECK(got.it_value.tv_sec == 0 && got.it_value.tv_nsec == 0);
  /* Missed expiries are counted, not queued. */
  struct itimerspec fast = {.it_interval = {0, 1000000}, .it_value = {0, 1000000}};
  block(signal);
  CHECK_EQ(timer_settime(timer, 0, &fast, NULL), 0);
  spin(30000000);
  reset();
  unblock(signal);
  CHECK(hits >= 1); /* on a busy machine it has been hit again by now */
  CHECK(first_overrun >= 20);
  CHECK(timer_getoverrun(timer) >= 0);
  CHECK_EQ(timer_settime(timer, 0, &(struct itimerspec){0}, &got), 0);
  CHECK_EQ(got.it_interval.tv_nsec, 1000000);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  struct itimerspec absolute = {.it_value = now}; /* has passed already */
  reset();
  CHECK_EQ(timer_settime(timer, TIMER_ABSTIME, &absolute, NULL), 0);
  if (!hits) pause();
  CHECK_EQ(hits, 1);
  event.sigev_notify = SIGEV_NONE;
  CHECK_EQ(timer_create(CLOCK_REALTIME, &event, &other), 0);
  CHECK_EQ(timer_settime(other, 0, &once, NULL), 0);
  CHECK_EQ(timer_gettime(other, &got), 0);
  CHECK(got.it_value.tv_nsec > 0);
  CHECK_EQ(timer_delete(other), 0);
  CHECK_ERRNO(timer_gettime(other, &got), EINVAL);
  CHECK_EQ(timer_delete(timer), 0);
  CHECK_ERRNO(timer_delete(timer), EINVAL);
  struct { long value; int signal, notify, thread, pad[11]; } to_thread = {5, signal, 4, (int)gettid(), {0}};
  int number = -1;
  CHECK_EQ(RAW(timer_create, CLOCK_BOOTTIME, &to_thread, &number), 0);
  reset();
  CHECK_EQ(RAW(timer_settime, number, 0, &once, NULL), 0);
  pause();
  CHECK(hits == 1 && last_info.si_value.sival_int == 5);
  CHECK_EQ(RAW(timer_delete, number), 0);
  to_thread.thread = 0x3ffffff;
  CHECK_ERRNO(RAW(timer_create, CLOCK_MONOTONIC, &to_thread, &number), EINVAL);
  to_thread.notify = 77;
  CHECK_ERRNO(RAW(timer_create, CLOCK_MONOTONIC, &to_thread, &number), EINVAL);
  CHECK_EQ(RAW(timer_create, CLOCK_MONOTONIC, NULL, &number), 0); /* SIGALRM with its number */
  install(SIGALRM, note, 0);
  reset();
  CHECK_EQ(RAW(timer_settime, number, 0, &once, NULL), 0);
  pause();
  CHECK(hits == 1 && last_signal == SIGALRM && last_info.si_value.sival_int == number);
  once.it_value.tv_nsec = 1000000000;
  CHECK_ERRNO(RAW(timer_settime, number, 0, &once, NULL), EINVAL);
  CHECK_ERRNO(RAW(timer_settime, number, 0, NULL, NULL), EINVAL);
  CHECK_EQ(RAW(timer_delete, number), 0);
  CHECK_ERRNO(RAW(timer_create, 1234, NULL, &number), EINVAL);
}

static void descriptors(void) {
  sigset_t set = set_of(SIGUSR1);
  int rt = SIGRTMIN + 4;
  sigaddset(&set, rt);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int fd = (int)CHECK_OK(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  struct signalfd_siginfo info[3];
  struct pollfd polled = {fd, POLLIN, 0};
  CHECK_ERRNO(read(fd, info, sizeof info), EAGAIN);
  CHECK_EQ(poll(&polled, 1, 0), 0);
  kill(getpid(), SIGUSR1);
  queue_value(rt, 42);
  CHECK_EQ(poll(&polled, 1, 1000), 1);
  CHECK_EQ(polled.revents, POLLIN);
  CHECK_ERRNO(read(fd, info, 100), EINVAL);
  CHECK_EQ(read(fd, info, sizeof info), 2 * sizeof info[0]);
  CHECK_EQ(info[0].ssi_signo, SIGUSR1);
  CHECK(info[0].ssi_pid == (unsigned)getpid() && info[0].ssi_uid == getuid());
  CHECK_EQ(info[1].ssi_signo, rt);
  CHECK_EQ(info[1].ssi_code, SI_QUEUE);
  CHECK_EQ(info[1].ssi_int, 42);
  CHECK(!waits(SIGUSR1) && !waits(rt));
  sigset_t alarms = set_of(SIGALRM);
  sigprocmask(SIG_BLOCK, &alarms, NULL);
  CHECK_EQ(signalfd(fd, &alarms, 0), fd);
  later(20000);
  CHECK_EQ(poll(&polled, 1, 5000), 1); /* wakes who polls */
  CHECK_EQ(read(fd, info, sizeof info), sizeof info[0]);
  CHECK_EQ(info[0].ssi_signo, SIGALRM);
  fcntl(fd, F_SETFL, 0);
  later(20000);
  CHECK_EQ(read(fd, info, sizeof info), sizeof info[0]); /* wakes who reads */
  CHECK_EQ(close(fd), 0);
  CHECK_ERRNO(signalfd(0x3ffff, &set, 0), EBADF);
  CHECK_ERRNO(RAW(signalfd4, -1, &set, 16L, 0), EINVAL);
  CHECK_ERRNO(RAW(signalfd4, -1, &set, 8L, 1), EINVAL);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  sigprocmask(SIG_UNBLOCK, &alarms, NULL);
}

static void jumps(void) {
  install(SIGUSR1, leave, 0);
  for (volatile int i = 0; i < 50; i++) {
    if (sigsetjmp(jump, 1) == 0) {
      raise(SIGUSR1);
      CHECK(false);
    }
  }
  CHECK(!blocked_now(SIGUSR1));
  if (sigsetjmp(jump, 0) == 0) raise(SIGUSR1);
  CHECK(blocked_now(SIGUSR1)); /* the mask of the handler stays */
  unblock(SIGUSR1);
}

int main(int argc, char **argv) {
  check_start("signals", argc, argv);
  each_kind();
  senders();
  masks();
  handler_masks();
  nesting();
  real_time();
  queue_limit();
  alternate_stacks();
  small_stack();
  stack_overflow();
  frame_layout();
  frame_contents();
  changed_frame();
  registers();
  vectors();
  if (__builtin_cpu_supports("avx")) vectors_avx();
  else check_skip("AVX");
  if (__builtin_cpu_supports("avx512f")) vectors_avx512();
  else check_skip("AVX-512");
  preempted_vectors();
  hostile_frames();
  exceptions();
  stepping();
  jumps();
  interrupted();
  suspend_masks();
  timed_waits();
  waits_for_ignored_signals();
  interval_timers();
  posix_timers();
  timers_set_again();
  timers_survive_being_ignored();
  timers_of_cpu_time();
  descriptors();
  return check_report();
}

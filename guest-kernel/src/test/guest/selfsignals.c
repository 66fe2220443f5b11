/*
 * Signals to oneself, thousands of them, with every register known before and seen in the handler
 * and after it: general registers, flags, vector and x87 state. For runs in which frames are made
 * and taken back while the program waits in shared memory for the answer to its call.
 */
#include "registers.h"

#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

enum { ROUNDS = 1000, STACK_BYTES = 1 << 18, VECTORS = 2048, MASKS = 64, REALS = 128, CONTROL = 16 };

struct state {
  unsigned char vectors[VECTORS], masks[MASKS], reals[REALS];
  uint16_t control;
  uint32_t mxcsr;
} __attribute__((aligned(64)));

struct state state_in, state_out;
uint64_t entry[COUNT];
void state_call_sse(void);
void state_call_avx(void);
void state_call_avx512(void);
void enter_handler(int, siginfo_t *, void *);
void seen_handler(int, siginfo_t *, void *);

__asm__(
    ".macro load_others\n"
    ".irp n,7,6,5,4,3,2,1,0\n"
    "  fldt state_in+2112+16*\\n(%rip)\n"
    ".endr\n"
    "  fldcw state_in+2240(%rip)\n"
    "  ldmxcsr state_in+2244(%rip)\n"
    ".endm\n"
    ".macro store_others\n"
    "  fnstcw state_out+2240(%rip)\n"
    "  stmxcsr state_out+2244(%rip)\n"
    ".irp n,0,1,2,3,4,5,6,7\n"
    "  fstpt state_out+2112+16*\\n(%rip)\n"
    ".endr\n"
    "  fninit\n"
    "  movl $0x1f80, -8(%rsp)\n"
    "  ldmxcsr -8(%rsp)\n"
    ".endm\n"

    ".globl state_call_sse, state_call_avx, state_call_avx512, enter_handler\n"
    "state_call_sse:\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "  movdqu state_in+16*\\n(%rip), %xmm\\n\n"
    ".endr\n"
    "  load_others\n"
    "  call registers_call\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "  movdqu %xmm\\n, state_out+16*\\n(%rip)\n"
    ".endr\n"
    "  store_others\n"
    "  ret\n"
    "state_call_avx:\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "  vmovdqu state_in+32*\\n(%rip), %ymm\\n\n"
    ".endr\n"
    "  load_others\n"
    "  call registers_call\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "  vmovdqu %ymm\\n, state_out+32*\\n(%rip)\n"
    ".endr\n"
    "  vzeroupper\n"
    "  store_others\n"
    "  ret\n"
    "state_call_avx512:\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "  vmovdqu64 state_in+64*\\n(%rip), %zmm\\n\n"
    ".endr\n"
    ".irp n,0,1,2,3,4,5,6,7\n"
    "  kmovw state_in+2048+8*\\n(%rip), %k\\n\n"
    ".endr\n"
    "  load_others\n"
    "  call registers_call\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "  vmovdqu64 %zmm\\n, state_out+64*\\n(%rip)\n"
    ".endr\n"
    ".irp n,0,1,2,3,4,5,6,7\n"
    "  kmovw %k\\n, state_out+2048+8*\\n(%rip)\n"
    ".endr\n"
    "  vzeroupper\n"
    "  store_others\n"
    "  ret\n"

    /* The registers that a handler begins with; it must not change those that calls preserve. */
    "enter_handler:\n"
    "  mov %rax, entry+8*0(%rip)\n"
    "  mov %rbx, entry+8*1(%rip)\n"
    "  mov %rcx, entry+8*2(%rip)\n"
    "  mov %rdx, entry+8*3(%rip)\n"
    "  mov %rsi, entry+8*4(%rip)\n"
    "  mov %rdi, entry+8*5(%rip)\n"
    "  mov %rbp, entry+8*6(%rip)\n"
    "  mov %rsp, entry+8*7(%rip)\n"
    "  mov %r8, entry+8*8(%rip)\n"
    "  mov %r9, entry+8*9(%rip)\n"
    "  mov %r10, entry+8*10(%rip)\n"
    "  mov %r11, entry+8*11(%rip)\n"
    "  mov %r12, entry+8*12(%rip)\n"
    "  mov %r13, entry+8*13(%rip)\n"
    "  mov %r14, entry+8*14(%rip)\n"
    "  mov %r15, entry+8*15(%rip)\n"
    "  pushfq\n"
    "  popq entry+8*16(%rip)\n"
    "  jmp seen_handler\n");

_Static_assert(offsetof(struct state, masks) == 2048, "masks");
_Static_assert(offsetof(struct state, reals) == 2112, "reals");
_Static_assert(offsetof(struct state, control) == 2240, "control");
_Static_assert(offsetof(struct state, mxcsr) == 2244, "mxcsr");

/* In the order of registers.h. */
static const int GREGS[COUNT] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_RSP,
                                 REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
                                 REG_EFL};

static const struct {
  const char *name;
  size_t bytes;
  void (*call)(void);
} LEVELS[] = {{"sse", 256, state_call_sse}, {"avx", 512, state_call_avx}, {"avx512", 2048, state_call_avx512}};

static int level, level_count = 1;
static unsigned wrong;
static volatile int hits, depth, deepest;
static unsigned char *alternate;

static unsigned now_round;

/* Something is not as it has to be; the first few are shown. */
static void differs(const char *what, int index, uint64_t is, uint64_t was) {
  if (wrong++ < 30)
    printf("round %u, depth %d, hit %d: %s %d is %#lx, was %#lx\n", now_round, depth, hits, what, index, is, was);
}

static void clobber_all(void) {
  __asm__ volatile(
      "pcmpeqd %%xmm0, %%xmm0\n movdqa %%xmm0, %%xmm1\n movdqa %%xmm0, %%xmm7\n movdqa %%xmm0, %%xmm15\n"
      "fninit\n fld1\n fldpi\n fldz\n" ::
          : "xmm0", "xmm1", "xmm7", "xmm15", "memory");
  if (level >= 1)
    __asm__ volatile("vpcmpeqd %%xmm2, %%xmm2, %%xmm2\n vinsertf128 $1, %%xmm2, %%ymm2, %%ymm3\n"
                     "vmovaps %%ymm3, %%ymm9\n vzeroupper\n" ::: "xmm2", "xmm3", "xmm9");
  if (level >= 2)
    __asm__ volatile("vpternlogd $255, %%zmm16, %%zmm16, %%zmm16\n vmovdqa64 %%zmm16, %%zmm31\n"
                     "kxnorw %%k1, %%k1, %%k1\n kmovw %%k1, %%k7\n vzeroupper\n" ::
                         : "memory");
  uint32_t mxcsr = 0x7f80;
  uint16_t control = 0x27f;
  __asm__ volatile("ldmxcsr %0\n fldcw %1\n" ::"m"(mxcsr), "m"(control));
}

/* FCW = 0x37f, nothing on the x87 stack, MXCSR = 0x1f80: what a handler begins with. */
static void check_initial(void) {
  struct {
    uint16_t control, a, status, b, tags, c;
    uint32_t d[4];
  } environment;
  uint32_t mxcsr;
  __asm__ volatile("fnstenv %0\n fldcw %0\n stmxcsr %1" : "=m"(environment), "=m"(mxcsr));
  if (environment.control != 0x37f) differs("control word in handler", 0, environment.control, 0x37f);
  if (environment.tags != 0xffff) differs("tags in handler", 0, environment.tags, 0xffff);
  if (mxcsr != 0x1f80) differs("mxcsr in handler", 0, mxcsr, 0x1f80);
}

enum kind { PLAIN, NESTED, ALTERNATE, AGAIN, EDITED, KINDS };
static enum kind kind;
static uint64_t edited[COUNT];

static void edit(ucontext_t *context) {
  for (int i = 0; i < FLAGS; i++) context->uc_mcontext.gregs[GREGS[i]] = (greg_t)edited[i];
  context->uc_mcontext.gregs[REG_EFL] = (greg_t)edited[FLAGS];
  unsigned char *area = (unsigned char *)context->uc_mcontext.fpregs;
  for (int i = 0; i < 256; i++) area[160 + i] ^= 0x5a; /* all of XMM */
}

/* The handler after enter_handler, which leaves everything where it is. */
void seen_handler(int signal, siginfo_t *info, void *address) {
  ucontext_t *context = address;
  const greg_t *gregs = context->uc_mcontext.gregs;
  hits++;
  check_initial();
  if (entry[RAX] != 0) differs("rax in handler", 0, entry[RAX], 0);
  if (entry[RDI] != (uint64_t)signal) differs("rdi in handler", 0, entry[RDI], (uint64_t)signal);
  if ((entry[RSP] + 8) % 16) differs("stack in handler", 0, entry[RSP], 0);
  if (entry[FLAGS] & DIRECTION) differs("flags in handler", 0, entry[FLAGS], 0);
  if (info->si_signo != signal || info->si_pid != getpid() || info->si_uid != getuid())
    differs("siginfo", 0, (uint64_t)info->si_pid, (uint64_t)getpid());
  if (depth == 0 && hits == 1) {
    for (int i = 0; i < FLAGS; i++) {
      uint64_t wanted = i == RAX   ? 0
                        : i == RCX ? (uint64_t)registers_after
                        : i == R11 ? registers_in[FLAGS]
                                   : registers_in[i];
      if ((uint64_t)gregs[GREGS[i]] != wanted) {
        differs("register context in handler", i, (uint64_t)gregs[GREGS[i]], wanted);
      }
      bool argument = i == RAX || i == RDI || i == RSI || i == RDX || i == RSP;
      if (!argument && entry[i] != wanted) {
        differs("register register in handler", i, entry[i], wanted);
      }
    }
    if (gregs[REG_RIP] != (greg_t)registers_after) differs("rip", 0, (uint64_t)gregs[REG_RIP], 0);
    if ((uint64_t)gregs[REG_EFL] != registers_in[FLAGS])
      differs("flags of context", 0, (uint64_t)gregs[REG_EFL], registers_in[FLAGS]);
    const unsigned char *area = (unsigned char *)context->uc_mcontext.fpregs;
    for (int i = 0; i < 16; i++)
      if (memcmp(area + 160 + 16 * i, state_in.vectors + (size_t)(16 << level) * (size_t)i, 16))
        differs("xmm of context", i, 1, 0);
  }
  bool on = (uint64_t)&context >= (uint64_t)alternate && (uint64_t)&context < (uint64_t)alternate + STACK_BYTES;
  if (on != (kind == ALTERNATE)) differs("stack", 0, (uint64_t)&context, (uint64_t)alternate);
  clobber_all();
  if (kind == NESTED && depth < 5) {
    depth++;
    deepest = depth > deepest ? depth : deepest;
    RAW(tgkill, getpid(), gettid(), signal);
    depth--;
  }
  /* Waits until this handler returns, and comes then. */
  if (kind == AGAIN && hits < 3) RAW(tkill, gettid(), signal);
  if (kind == EDITED) edit(context);
  clobber_all();
}

static void fill(unsigned char *bytes, size_t n, unsigned seed) {
  for (size_t i = 0; i < n; i++) {
    seed = seed * 1103515245 + 12345;
    bytes[i] = (unsigned char)(seed >> 16);
  }
}

/* Every register different, and valid. */
static void prepare(unsigned round) {
  static const uint64_t flags[] = {0x202, 0x202 | CARRY | ZERO, 0x202 | DIRECTION, 0x202 | SIGN | OVERFLOW | ADJUST};
  static const uint32_t mxcsr[] = {0x1f80, 0x3f80, 0xffc0, 0x1fbf};
  patterns(round);
  registers_in[FLAGS] = flags[round % 4];
  fill(state_in.vectors, sizeof state_in.vectors, round);
  fill(state_in.masks, sizeof state_in.masks, round + 1);
  for (int i = 0; i < 8; i++) {
    state_in.masks[8 * i + 2] = state_in.masks[8 * i + 3] = 0;
    long double real = (long double)(round + 1) * (i + 3) / 7;
    memset(state_in.reals + 16 * i, 0, 16);
    memcpy(state_in.reals + 16 * i, &real, 10);
  }
  state_in.control = round % 3 == 0 ? 0x37f : 0x27f | 0xc00;
  state_in.mxcsr = mxcsr[round % 4];
  memset(&state_out, 0, sizeof state_out);
}

static void compare(const uint64_t wanted[COUNT], int flipped) {
  for (int i = 0; i < COUNT; i++)
    if (registers_out[i] != wanted[i]) {
      differs("register after", i, registers_out[i], wanted[i]);
    }
  size_t one = (size_t)16 << level;
  for (size_t i = 0; i < LEVELS[level].bytes; i++) {
    bool flip = flipped && i / one < 16 && i % one < 16;
    if (state_out.vectors[i] != (state_in.vectors[i] ^ (flip ? 0x5a : 0))) {
      differs(LEVELS[level].name, (int)i, state_out.vectors[i], state_in.vectors[i]);
      break;
    }
  }
  for (int i = 0; level == 2 && i < 8; i++)
    if (memcmp(state_out.masks + 8 * i, state_in.masks + 8 * i, 2)) differs("mask", i, 1, 0);
  if (memcmp(state_out.reals, state_in.reals, REALS)) differs("x87", 0, 0, 0);
  if (state_out.control != state_in.control) differs("control", 0, state_out.control, state_in.control);
  if (state_out.mxcsr != state_in.mxcsr) differs("mxcsr", 0, state_out.mxcsr, state_in.mxcsr);
}

static unsigned char stack[STACK_BYTES] __attribute__((aligned(64)));

/* The call that sends the signal, with a stack pointer that need not be one on the other stack. */
static void send_once(unsigned round) {
  static siginfo_t queued;
  prepare(round);
  now_round = round;
  hits = depth = deepest = 0;
  uint64_t pid = (uint64_t)getpid();
  registers_in[RSP] = kind == ALTERNATE ? 0x123456789abcdef0UL + round : (uint64_t)stack + STACK_BYTES / 2 + round % 64;
  registers_in[RDI] = pid;
  registers_in[RSI] = SIGUSR1;
  registers_in[RAX] = SYS_kill;
  if (round % 3 == 1) {
    registers_in[RAX] = SYS_tgkill;
    registers_in[RSI] = (uint64_t)gettid();
    registers_in[RDX] = SIGUSR1;
  } else if (round % 3 == 2) {
    queued = (siginfo_t){.si_signo = SIGUSR1, .si_code = SI_QUEUE};
    queued.si_pid = getpid();
    queued.si_uid = getuid();
    registers_in[RAX] = SYS_rt_sigqueueinfo;
    registers_in[RDX] = (uint64_t)&queued;
  }
  uint64_t wanted[COUNT];
  memcpy(wanted, registers_in, sizeof wanted);
  wanted[RAX] = 0;
  wanted[RCX] = (uint64_t)registers_after;
  wanted[R11] = registers_in[FLAGS];
  for (int i = 0; i < COUNT; i++) edited[i] = registers_in[i] ^ 0x0123456789abcdef;
  edited[FLAGS] = 0x202 | (round & 1 ? CARRY | OVERFLOW : DIRECTION);
  LEVELS[level].call();
  compare(kind == EDITED ? edited : wanted, kind == EDITED);
  int times = kind == NESTED ? 6 : kind == AGAIN ? 3 : 1;
  if (hits != times) differs("handlers run", 0, (uint64_t)hits, (uint64_t)times);
}

static void install(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, NULL);
}

static void every_kind(void) {
  static const int flags[KINDS] = {0, SA_NODEFER, SA_ONSTACK, 0, 0};
  for (level = 0; level < level_count; level++)
    for (kind = 0; kind < KINDS; kind++) {
      install(SIGUSR1, enter_handler, flags[kind]);
      wrong = 0;
      for (unsigned round = 0; round < ROUNDS; round++) send_once(round);
      if (!CHECK_EQ(wrong, 0)) printf("  %s, kind %d\n", LEVELS[level].name, kind);
    }
  level = 0;
}

/* ---- two at once, and masks ---- */

static volatile int order[8], orders;

static void note(int signal, siginfo_t *info, void *context) {
  (void)info;
  (void)context;
  clobber_all();
  if (orders < 8) order[orders++] = signal;
}

static void two_at_once(void) {
  install(SIGUSR1, note, 0);
  install(SIGUSR2, note, 0);
  sigset_t both, old, now;
  sigemptyset(&both);
  sigaddset(&both, SIGUSR1);
  sigaddset(&both, SIGUSR2);
  unsigned bad = 0;
  for (int round = 0; round < ROUNDS; round++) {
    orders = 0;
    sigprocmask(SIG_BLOCK, &both, &old);
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    bad += orders != 0;
    sigprocmask(SIG_SETMASK, &old, &now);
    bad += orders != 2 || order[0] != SIGUSR2 || order[1] != SIGUSR1;
    bad += !sigismember(&now, SIGUSR1);
    sigprocmask(SIG_SETMASK, NULL, &now);
    bad += sigismember(&now, SIGUSR1) || sigismember(&now, SIGUSR2);
  }
  CHECK_EQ(bad, 0);
}

/* ---- contexts that a program must not have, or that are unusual ---- */

static sigjmp_buf back;
static int how;
static unsigned char *unmapped;
static volatile int traps;

static void escape(int signal, siginfo_t *info, void *context) {
  (void)info;
  (void)context;
  clobber_all();
  siglongjmp(back, signal);
}

static void traced(int signal, siginfo_t *info, void *address) {
  (void)signal;
  (void)info;
  traps++;
  ((ucontext_t *)address)->uc_mcontext.gregs[REG_EFL] &= ~0x100;
}

enum hostile {
  RIP_KERNEL, RIP_HOLE, RIP_TOP, RIP_ENTRY, WRONG_CS, WRONG_SS, BAD_MXCSR, BAD_FEATURES, BAD_HEADER,
  UNALIGNED, NO_AREA, HALF_AREA, LAST_BAD, TRACED = LAST_BAD, NO_VECTOR, LAST
};

static void spoil(int signal, siginfo_t *info, void *address) {
  (void)signal;
  (void)info;
  ucontext_t *context = address;
  greg_t *gregs = context->uc_mcontext.gregs;
  unsigned char *area = (unsigned char *)context->uc_mcontext.fpregs;
  uint64_t *selectors = (uint64_t *)&gregs[REG_CSGSFS];
  switch ((enum hostile)how) {
    case RIP_KERNEL: gregs[REG_RIP] = (greg_t)0xffffffff81000000; break;
    case RIP_HOLE: gregs[REG_RIP] = (greg_t)0x8000000000000000 >> 8; break;
    case RIP_TOP: gregs[REG_RIP] = (greg_t)0x800000000000; break;
    case RIP_ENTRY: gregs[REG_RIP] = 0x7f8000001000; break;
    case WRONG_CS: *selectors = (*selectors & ~0xffffUL) | 0x10; break;
    case WRONG_SS: *selectors = (*selectors & ~(0xffffUL << 48)) | 0x18UL << 48; break;
    case BAD_MXCSR: *(uint32_t *)(area + 24) |= 0x80000000; break;
    case BAD_FEATURES: *(uint64_t *)(area + 512) |= 1UL << 62; break;
    case BAD_HEADER: *(uint64_t *)(area + 528) = 1; break;
    case UNALIGNED: context->uc_mcontext.fpregs = (void *)(area + 8); break;
    case NO_AREA: context->uc_mcontext.fpregs = (void *)unmapped; break;
    case HALF_AREA:
      memcpy(unmapped - 576, area, 576); /* the rest of it is not there */
      context->uc_mcontext.fpregs = (void *)(unmapped - 576);
      break;
    case TRACED: gregs[REG_EFL] |= 0x100; break;
    case NO_VECTOR: context->uc_mcontext.fpregs = NULL; break;
    default: break;
  }
}

/* What came of it: the signal, or 0. */
static int spoiled(int which) {
  how = which;
  int got = sigsetjmp(back, 1);
  if (got == 0) kill(getpid(), SIGUSR1);
  __asm__ volatile("cld\n fninit");
  return got;
}

/*
 * Some emulated processors take every MXCSR. Where KVM emulates ring 0, the fault may come as SIGILL.
 */
static bool reserved_mxcsr_faults(void) {
  install(SIGILL, escape, SA_ONSTACK);
  if (sigsetjmp(back, 1) != 0) return true;
  uint32_t usual, wrong;
  __asm__ volatile("stmxcsr %0" : "=m"(usual));
  wrong = usual | 0x80000000;
  __asm__ volatile("ldmxcsr %0" : : "m"(wrong));
  __asm__ volatile("ldmxcsr %0" : : "m"(usual));
  return false;
}

static void hostile_frames(void) {
  unmapped = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unmapped += 4096;
  munmap(unmapped, 4096);
  bool extended = level_count > 1;
  install(SIGUSR1, spoil, 0);
  install(SIGSEGV, escape, SA_ONSTACK);
  install(SIGBUS, escape, SA_ONSTACK);
  install(SIGTRAP, traced, SA_ONSTACK);
  bool strict = reserved_mxcsr_faults();
  if (!strict) printf("this processor takes a reserved bit of MXCSR\n");
  for (int which = 0; which < LAST; which++) {
    unsigned bad = 0;
    traps = 0;
    for (int round = 0; round < ROUNDS / 4; round++) {
      int got = spoiled(which);
      bool fine = which >= LAST_BAD ? got == 0 : got == SIGSEGV || got == SIGBUS;
      /* Without the extended area those are other bytes. */
      if (!extended && (which == BAD_FEATURES || which == BAD_HEADER || which == HALF_AREA)) fine = true;
      if (!strict && which == BAD_MXCSR) fine = true;
      if (!fine && bad++ == 0) printf("hostile frame %d, round %d: signal %d\n", which, round, got);
    }
    if (!CHECK_EQ(bad, 0)) printf("  hostile frame %d\n", which);
    if (which == TRACED) CHECK_EQ(traps, ROUNDS / 4);
  }
}

/* rt_sigreturn with no frame at all. */
static __attribute__((noinline)) int return_from_nowhere(unsigned char *pointer) {
  int got = sigsetjmp(back, 1);
  if (got == 0) __asm__ volatile("mov %0, %%rsp\n mov $15, %%eax\n syscall\n ud2" ::"r"(pointer) : "memory");
  return got;
}

/* A stack that cannot take the frame. */
static __attribute__((noinline)) int signal_without_stack(unsigned char *pointer) {
  int got = sigsetjmp(back, 1);
  if (got == 0)
    __asm__ volatile("mov %0, %%rsp\n syscall\n ud2" ::"r"(pointer), "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
                     : "memory");
  return got;
}

static void no_stack(void) {
  unsigned bad = 0;
  install(SIGUSR1, note, 0);
  for (int round = 0; round < ROUNDS / 4; round++) {
    bad += return_from_nowhere(unmapped + (round & 1 ? 2048 : -64)) != SIGSEGV;
    bad += signal_without_stack(unmapped + 2048) != SIGSEGV;
  }
  CHECK_EQ(bad, 0);
}

/* A handler that is no code. */
static __attribute__((noinline)) int signal_once(void) {
  int got = sigsetjmp(back, 1);
  if (got == 0) kill(getpid(), SIGUSR1);
  return got;
}

static void no_handler(void) {
  static const uint64_t places[] = {0x10, 0x7f8000001000, 0x800000000000, 0x8000000000000000, 0xffffffff81000000};
  for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
    unsigned bad = 0;
    install(SIGUSR1, (void (*)(int, siginfo_t *, void *))places[i], 0);
    for (int round = 0; round < ROUNDS / 8; round++) bad += signal_once() != SIGSEGV;
    if (!CHECK_EQ(bad, 0)) printf("  handler at %#lx\n", places[i]);
  }
}

static volatile int alarms;

static void tick(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)info;
  (void)context;
  clobber_all();
  alarms++;
}

/* Others come at any moment: while a frame is made, or taken back. */
static void among_others(void) {
  install(SIGALRM, tick, SA_ONSTACK | SA_RESTART);
  struct itimerval often = {.it_interval = {0, 300}, .it_value = {0, 300}};
  setitimer(ITIMER_REAL, &often, NULL);
  level = level_count - 1;
  install(SIGUSR1, enter_handler, SA_ONSTACK);
  kind = ALTERNATE;
  wrong = 0;
  for (unsigned round = 0; round < 4 * ROUNDS; round++) send_once(round);
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  CHECK_EQ(wrong, 0);
  CHECK(alarms > 0);
  level = 0;
}

static void find_levels(void) {
  unsigned a, b, c, d, low = 0, high = 0;
  __cpuid(1, a, b, c, d);
  if (!(c & bit_OSXSAVE)) return;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 6) == 6 && (c & bit_AVX)) level_count = 2;
  __cpuid_count(7, 0, a, b, c, d);
  if (level_count == 2 && (low & 0xe6) == 0xe6 && (b & bit_AVX512F)) level_count = 3;
}

int main(int argc, char **argv) {
  check_start("selfsignals", argc, argv);
  find_levels();
  alternate = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack_t set = {.ss_sp = alternate, .ss_size = STACK_BYTES};
  CHECK_EQ(sigaltstack(&set, NULL), 0);
  every_kind();
  two_at_once();
  among_others();
  hostile_frames();
  no_stack();
  no_handler();
  return check_report();
}

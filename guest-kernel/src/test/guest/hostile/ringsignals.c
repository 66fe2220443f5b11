/*
 * Forges calls that end in a signal handler, or return from one, in the pages in which the kernel's
 * entry code posts system calls: registers, vector state and frames of every sort, requests that are
 * posted again or are not, real calls and jumps into the entry code in between. Where the pages are
 * the kernel's alone the first store has to be the end. Each child does it until it dies of it.
 */
#include "hostile.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static const char *const USAGE = "ringsignals MILLIS";

static uint64_t x = 88172645463325252;
static volatile uint64_t *const words = (volatile uint64_t *)0x7f8000009000;
static volatile uint64_t *const vector = (volatile uint64_t *)0x7f800000a000;
static unsigned char stack[1 << 16] __attribute__((aligned(64)));
static uint64_t frame[512] __attribute__((aligned(64)));

static uint64_t next(void) {
  x ^= x << 13, x ^= x >> 7, x ^= x << 17;
  return x;
}

static uint64_t own_pid;

static void handler(int signal) { (void)signal; }

static uint64_t address(void) {
  switch (next() % 8) {
    case 0: return next();
    case 1: return KERNEL_AREA + next() % 0x10000;
    case 2: return 0x7f7fffffffff - next() % 64;
    case 3: return (uint64_t)handler;
    default: return (uint64_t)stack + sizeof stack / 2 + next() % 256;
  }
}

/* A frame of rt_sigreturn: sensible, but for some words of it. */
static void forge_frame(void) {
  memset(frame, 0, sizeof frame);
  frame[1] = 7;                                /* flags; before them the return address */
  frame[21] = (uint64_t)stack + 1024;          /* RSP */
  frame[22] = address();                       /* RIP */
  frame[23] = next() & 0x250fd7;               /* RFLAGS */
  frame[24] = 0x33 | 0x2bUL << 48;             /* CS, SS */
  frame[29] = (uint64_t)(frame + 64);          /* vector state */
  unsigned char *area = (unsigned char *)(frame + 64);
  *(uint32_t *)(area + 24) = next() % 4 ? 0x1f80 : (uint32_t)next();
  *(uint32_t *)(area + 464) = 0x46505853;
  *(uint32_t *)(area + 468) = 2692;
  *(uint64_t *)(area + 472) = 0xe7;
  *(uint32_t *)(area + 480) = 2688;
  *(uint64_t *)(area + 512) = next() & 0xe7;
  *(uint32_t *)(area + 2688) = 0x46505845;
  for (unsigned changes = next() % 4; changes > 0; changes--) frame[next() % 146] = next();
}

static void forge_call(void) {
  uint64_t kind = next();
  words[2] = words[3] = own_pid;
  words[4] = SIGUSR1;
  words[1] = SYS_tgkill;
  words[8] = address();
  words[9] = next();
  words[10] = address();
  if (kind % 3 == 0) {
    forge_frame();
    words[1] = SYS_rt_sigreturn;
    words[10] = (uint64_t)(frame + 1); /* as after the handler's ret */
  }
  for (unsigned changes = next() % 16; changes > 0; changes--) vector[next() % 512] = next();
  if (kind & 8) vector[64] = next() & 0xff;
}

static void jump_into(uint64_t target) {
  __asm__ volatile("lea 1f(%%rip), %%rcx\n mov $0x202, %%r11d\n mov %1, %%eax\n jmp *%0\n1:" ::"r"(target),
                   "r"((uint32_t)words[0])
                   : "rax", "rcx", "r11", "memory");
}

static void attack(unsigned seed) {
  x += seed * 0x9e3779b97f4a7c15UL;
  own_pid = (uint64_t)getpid();
  volatile uint32_t *sequence = (volatile uint32_t *)words;
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGUSR1, &action, NULL);
  for (unsigned round = 0; round < 3000; round++) {
    forge_call();
    (*sequence)++;
    for (volatile unsigned wait = (unsigned)(next() % 2000); wait > 0; wait--) continue;
    if (next() & 1) (*sequence)++;
    if (round % 16 == 0) syscall(SYS_tgkill, own_pid, own_pid, SIGUSR1);
    if (round % 64 == 0 && seed % 4 == 0) jump_into(ENTRY_PAGE + next() % 0x280);
  }
}

int main(int argc, char **argv) {
  uint64_t millis = number(argc > 1 ? argv[1] : NULL, USAGE);
  ANNOUNCE("writing into the ring, with signals");
  vector[0] = 1;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t end = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + millis;
  for (unsigned seed = 1;; seed++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(2);
      attack(seed);
      _exit(0);
    }
    if (child > 0) waitpid(child, NULL, 0);
    clock_gettime(CLOCK_MONOTONIC, &now);
    if ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 >= end) break;
  }
  return survived();
}

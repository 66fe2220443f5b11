/*
 * Writes into the page in which the kernel's entry code posts system calls, as fast as it can: new
 * numbers of requests, calls of every sort, garbage. It makes real calls in between. Where the page
 * is the kernel's alone the first store has to be the end.
 *
 * The calls are ones that this program could make anyway, and that could hurt no other.
 */
#include "hostile.h"

#include <time.h>

static const char *const USAGE = "ring MILLIS";

static uint64_t x = 88172645463325252;

static uint64_t next(void) {
  x ^= x << 13, x ^= x >> 7, x ^= x << 17;
  return x;
}

int main(int argc, char **argv) {
  uint64_t millis = number(argc > 1 ? argv[1] : NULL, USAGE);
  volatile uint64_t *words = (volatile uint64_t *)(KERNEL_AREA + 0x9000);
  volatile uint32_t *sequence = (volatile uint32_t *)words;
  static const uint64_t calls[] = {
      SYS_getpid, SYS_getppid,   SYS_gettid,    SYS_read,          SYS_pread64, SYS_lseek,
      SYS_poll,   SYS_nanosleep, SYS_futex,     SYS_sched_yield,   SYS_brk,     SYS_clock_gettime,
      SYS_mmap,   SYS_sysinfo,   SYS_arch_prctl, SYS_rt_sigreturn, SYS_fstat,   334,
      511,        1UL << 63,     ~0UL,          SYS_rt_sigprocmask, SYS_getcwd, SYS_clock_nanosleep};
  static struct timespec soon = {0, 1000000};
  static uint64_t target[512];
  ANNOUNCE("writing into the ring");
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t end = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + millis;
  for (unsigned round = 0;; round++) {
    uint64_t kind = next();
    words[1] = calls[kind % (sizeof calls / sizeof calls[0])];
    words[2] = kind & 1 ? (uint64_t)&soon : kind >> 40 & 7;
    words[3] = kind & 2 ? (uint64_t)target : next();
    words[4] = kind >> 20 & 0xfff;
    words[5] = kind & 4 ? 0 : (uint64_t)&soon;
    words[6] = kind & 8 ? 0 : next();
    words[7] = 0;
    if (kind & 16) words[10] = next();                     /* RSP */
    if (kind & 32) words[8 + (kind >> 24) % 500] = next(); /* anything */
    *sequence += (kind & 64) ? 1 : (uint32_t)next();
    if (round % 256 == 0) {
      /* Its result may be any by now, and so may what it did. */
      __asm__ volatile("syscall" : : "a"(SYS_getppid) : "rcx", "r11", "memory");
      clock_gettime(CLOCK_MONOTONIC, &now);
      if ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 >= end) break;
    }
  }
  return survived();
}

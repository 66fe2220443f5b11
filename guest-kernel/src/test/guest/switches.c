/*
 * Threads that follow each other: each waits for its turn in a futex and gives it to the next, and
 * has after every wait what it had before: general registers, vectors, rounding, bases of FS and GS.
 * For runs in which a server puts one thread in the place of another without an exit.
 */
#include "check.h"

#include <asm/prctl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { THREADS_MAX = 5, TURNS = 4000 };

static _Atomic uint32_t turns; /* whose turn it is, of so many threads, counted through */
static uint32_t threads;
static __thread uint32_t own_number;

struct thread {
  pthread_t handle;
  uint64_t gs_area[2]; /* the second word is read through GS */
  uint32_t number;
  unsigned wrong, waits;
};

static struct thread all[THREADS_MAX];

#define XMM(do) do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do(11) do(12) do(13) do(14) do(15)
#define LOAD(n) "movups 16*" #n "(%%r8), %%xmm" #n "\n"
#define STORE(n) "movups %%xmm" #n ", 16*" #n "(%%r9)\n"

struct registers {
  uint64_t vectors[32];
  uint64_t general[5];
};

/* futex(2) with these registers before; those after go to `after`. */
static long futex_with(_Atomic uint32_t *word, int operation, uint32_t value, const struct registers *before,
                       struct registers *after) {
  long result;
  register const struct registers *in __asm__("r8") = before;
  register struct registers *out __asm__("r9") = after;
  register void *timeout __asm__("r10") = NULL;
  __asm__ volatile(
      XMM(LOAD)
      "mov 256(%%r8), %%rbx\n  mov 264(%%r8), %%r12\n  mov 272(%%r8), %%r13\n"
      "mov 280(%%r8), %%r14\n  mov 288(%%r8), %%r15\n"
      "syscall\n"
      XMM(STORE)
      "mov %%rbx, 256(%%r9)\n  mov %%r12, 264(%%r9)\n  mov %%r13, 272(%%r9)\n"
      "mov %%r14, 280(%%r9)\n  mov %%r15, 288(%%r9)\n"
      : "=a"(result)
      : "a"(SYS_futex), "D"(word), "S"(operation), "d"(value), "r"(in), "r"(out), "r"(timeout)
      : "rcx", "r11", "rbx", "r12", "r13", "r14", "r15", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
        "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  return result;
}

static uint32_t rounding(void) {
  uint32_t value;
  __asm__ volatile("stmxcsr %0" : "=m"(value));
  return value & 0x6000;
}

static void set_rounding(uint32_t number) {
  uint32_t value = 0x1f80 | (number & 3) << 13;
  uint16_t old_one = 0x037f | (number & 3) << 10;
  __asm__ volatile("ldmxcsr %0\n fldcw %1" ::"m"(value), "m"(old_one));
}

static uint16_t control_word(void) {
  uint16_t value;
  __asm__ volatile("fnstcw %0" : "=m"(value));
  return value & 0x0c00;
}

static uint64_t through_gs(void) {
  uint64_t value;
  __asm__ volatile("movq %%gs:8, %0" : "=r"(value));
  return value;
}

static unsigned call(struct thread *self, int operation, uint32_t value, uint64_t pattern) {
  struct registers before, after;
  memset(&after, 0, sizeof after);
  for (unsigned i = 0; i < sizeof before / 8; i++)
    ((uint64_t *)&before)[i] = (pattern + i) * 0x9e3779b97f4a7c15UL ^ self->number;
  long result = futex_with(&turns, operation, value, &before, &after);
  unsigned wrong = memcmp(&before, &after, sizeof before) != 0;
  wrong += operation == FUTEX_WAIT_PRIVATE && result != 0 && result != -EAGAIN;
  wrong += rounding() != (self->number & 3) << 13 || control_word() != (self->number & 3) << 10;
  wrong += own_number != self->number || through_gs() != self->number;
  return wrong;
}

static void *take_turns(void *argument) {
  struct thread *self = argument;
  own_number = self->number;
  self->gs_area[1] = self->number;
  self->wrong = syscall(SYS_arch_prctl, ARCH_SET_GS, self->gs_area) != 0;
  set_rounding(self->number);
  for (uint32_t turn = self->number; turn < TURNS; turn += threads) {
    for (uint32_t now; (now = atomic_load(&turns)) != turn; self->waits++)
      self->wrong += call(self, FUTEX_WAIT_PRIVATE, now, turn);
    atomic_store(&turns, turn + 1);
    self->wrong += call(self, FUTEX_WAKE_PRIVATE, INT32_MAX, turn);
  }
  set_rounding(0);
  return NULL;
}

static void round_of(uint32_t count) {
  threads = count;
  atomic_store(&turns, 0);
  for (uint32_t i = 0; i < count; i++) {
    all[i] = (struct thread){.number = i};
    CHECK_EQ(pthread_create(&all[i].handle, NULL, take_turns, &all[i]), 0);
  }
  unsigned waits = 0;
  for (uint32_t i = 0; i < count; i++) {
    CHECK_EQ(pthread_join(all[i].handle, NULL), 0);
    CHECK_EQ(all[i].wrong, 0);
    waits += all[i].waits;
  }
  CHECK(waits > 0);
  CHECK(atomic_load(&turns) >= TURNS);
}

/* Threads that are made and end, with nothing in between; they begin with their maker's rounding. */
static void *short_life(void *argument) {
  return rounding() == 2 << 13 && control_word() == 2 << 10 ? argument : NULL;
}

static void short_lives(void) {
  set_rounding(2);
  for (int i = 0; i < 300; i++) {
    pthread_t thread;
    void *result = NULL;
    CHECK_EQ(pthread_create(&thread, NULL, short_life, all), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK(result == all);
    CHECK(rounding() == 2 << 13 && control_word() == 2 << 10);
  }
  set_rounding(0);
}

static void bind_to(unsigned long cpus) {
  CHECK(RAW(sched_setaffinity, 0, sizeof cpus, &cpus) >= 0);
}

int main(int argc, char **argv) {
  check_start("switches", argc, argv);
  round_of(2);
  round_of(THREADS_MAX);
  short_lives();
  bind_to(1);
  round_of(2);
  round_of(3);
  round_of(THREADS_MAX);
  short_lives();
  return check_report();
}

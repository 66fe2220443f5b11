/*
 * What registers.c checks, thousands of times and with calls of every kind: answered at once,
 * waiting, long, of the calling thread itself, unknown. For runs in which calls are answered in
 * shared memory and the processor is taken away at any instruction of that.
 */
#include "registers.h"

enum { ROUNDS = 20000, LONG_BYTES = 300 << 10 };

static char *block;
static int file;
static struct timespec shortly = {0, 1000};

/* One call, with flags that a kernel might lose; true if everything is as it has to be. */
static bool call_once(unsigned round, long number, const uint64_t arguments[3], long wanted) {
  const uint64_t flags[] = {0x202, 0x202 | CARRY | ZERO, 0x202 | DIRECTION, 0x202 | SIGN | OVERFLOW};
  patterns(round);
  registers_in[RAX] = (uint64_t)number;
  registers_in[RDI] = arguments[0];
  registers_in[RSI] = arguments[1];
  registers_in[RDX] = arguments[2];
  registers_in[FLAGS] = flags[round % 4];
  registers_call();
  for (int i = 0; i < FLAGS; i++)
    if (i != RAX && i != RCX && i != R11 && registers_in[i] != registers_out[i]) {
      printf("call %ld, round %u: register %d was %#lx, is %#lx\n", number, round, i,
             registers_in[i], registers_out[i]);
      return false;
    }
  if (registers_out[RAX] == (uint64_t)wanted && registers_out[RCX] == (uint64_t)registers_after &&
      registers_out[R11] == registers_in[FLAGS] && registers_out[FLAGS] == registers_in[FLAGS])
    return true;
  printf("call %ld, round %u: rax %#lx for %#lx, rcx %#lx, r11 %#lx, flags %#lx for %#lx\n", number,
         round, registers_out[RAX], (uint64_t)wanted, registers_out[RCX], registers_out[R11],
         registers_out[FLAGS], registers_in[FLAGS]);
  return false;
}

static void calls_of_every_kind(void) {
  unsigned long base = 0;
  RAW(arch_prctl, 0x1003 /* ARCH_GET_FS */, &base);
  const struct {
    const char *what;
    unsigned every; /* rounds */
    long number;
    uint64_t arguments[3];
    long wanted;
  } kinds[] = {
      {"answered", 1, SYS_getppid, {1, 2, 3}, getppid()},
      {"failing", 3, SYS_close, {0x3ffffff0, 0, 0}, -EBADF},
      {"unknown", 5, 511, {4, 5, 6}, -ENOSYS},
      {"reading", 7, SYS_read, {(uint64_t)file, (uint64_t)block, 64}, 64},
      {"yielding", 31, SYS_sched_yield, {0, 0, 0}, 0},
      {"its own vCPU's", 37, SYS_arch_prctl, {0x1002 /* ARCH_SET_FS */, base, 0}, 0},
      {"waiting", 101, SYS_nanosleep, {(uint64_t)&shortly, 0, 0}, 0},
      {"long", 211, SYS_write, {(uint64_t)file, (uint64_t)block, LONG_BYTES}, LONG_BYTES},
  };
  for (unsigned kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
    unsigned wrong = 0, calls = 0;
    for (unsigned round = 0; round < ROUNDS; round += kinds[kind].every) {
      if (calls++ % 1000 == 0) CHECK_EQ(wrong, 0);
      lseek(file, 0, SEEK_SET);
      wrong += !call_once(round, kinds[kind].number, kinds[kind].arguments, kinds[kind].wanted);
    }
    if (wrong) printf("%s: %u wrong\n", kinds[kind].what, wrong);
    CHECK_EQ(wrong, 0);
  }
}

/* The 128 bytes below RSP belong to the program: AMD64 ABI, 3.2.2. */
static void red_zone(void) {
  unsigned wrong = 0;
  for (uint64_t round = 0; round < ROUNDS; round++) {
    uint64_t difference;
    __asm__ volatile(
        "mov %[seed], %%rbx\n"
        "mov %%rbx, -8(%%rsp)\n  mov %%rbx, -16(%%rsp)\n  mov %%rbx, -64(%%rsp)\n"
        "mov %%rbx, -120(%%rsp)\n  mov %%rbx, -128(%%rsp)\n"
        "mov $110, %%eax\n"
        "syscall\n"
        "xor %%edx, %%edx\n"
        "mov -8(%%rsp), %%rax\n  xor %%rbx, %%rax\n  or %%rax, %%rdx\n"
        "mov -16(%%rsp), %%rax\n  xor %%rbx, %%rax\n  or %%rax, %%rdx\n"
        "mov -64(%%rsp), %%rax\n  xor %%rbx, %%rax\n  or %%rax, %%rdx\n"
        "mov -120(%%rsp), %%rax\n  xor %%rbx, %%rax\n  or %%rax, %%rdx\n"
        "mov -128(%%rsp), %%rax\n  xor %%rbx, %%rax\n  or %%rax, %%rdx\n"
        : "=&d"(difference)
        : [seed] "r"(round * 0x9e3779b97f4a7c15UL)
        : "rax", "rbx", "rcx", "r11", "memory", "cc");
    wrong += difference != 0;
  }
  CHECK_EQ(wrong, 0);
}

int main(int argc, char **argv) {
  check_start("ringregisters", argc, argv);
  block = malloc(LONG_BYTES);
  memset(block, 7, LONG_BYTES);
  file = (int)CHECK_OK(open("block", O_RDWR | O_CREAT | O_TRUNC, 0600));
  CHECK_EQ(write(file, block, LONG_BYTES), LONG_BYTES);
  calls_of_every_kind();
  red_zone();
  return check_report();
}

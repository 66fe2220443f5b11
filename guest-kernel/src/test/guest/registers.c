/*
 * What the `syscall` instruction leaves behind: RAX is the result, RCX the address after it, R11 the
 * flags, and nothing else has changed (AMD64 ABI, A.2.1; SDM, SYSCALL). The stack is not touched,
 * not even where a program may not have any.
 */
#include "registers.h"

/* Everything but RAX, RCX, R11 as it was; those three as defined. */
static void check_unchanged(const char *what) {
  int changed = 0;
  for (int i = 0; i < FLAGS; i++) {
    if (i == RAX || i == RCX || i == R11 || registers_in[i] == registers_out[i]) continue;
    changed++;
    printf("  %s: register %d was %#lx, is %#lx\n", what, i, registers_in[i], registers_out[i]);
  }
  CHECK_EQ(changed, 0);
  CHECK(registers_out[RCX] == (uint64_t)registers_after);
  CHECK_EQ(registers_out[R11], registers_in[FLAGS]);
  CHECK_EQ(registers_out[FLAGS], registers_in[FLAGS]);
}

static void every_register(void) {
  for (unsigned round = 0; round < 20; round++) {
    patterns(round);
    registers_in[RAX] = SYS_getppid;
    registers_in[FLAGS] = 0x202;
    registers_call();
    CHECK_EQ(registers_out[RAX], getppid());
    check_unchanged("getppid");
  }
  /* Calls that fail, that do not exist and that do much keep them as well. */
  const long calls[] = {SYS_close, SYS_read, 511, SYS_clock_gettime, SYS_madvise, SYS_getdents64};
  const long results[] = {-EBADF, -EBADF, -ENOSYS, -EINVAL, -EINVAL, -EBADF};
  for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    patterns(100 + i);
    registers_in[RAX] = (uint64_t)calls[i];
    registers_in[RDI] = 0x3ffffff0 + i; /* neither a descriptor nor a clock nor a page */
    registers_in[FLAGS] = 0x202;
    registers_call();
    CHECK_EQ(registers_out[RAX], results[i]);
    check_unchanged("a failing call");
  }
  struct timespec t = {0, 1000000};
  patterns(200);
  registers_in[RAX] = SYS_nanosleep;
  registers_in[RDI] = (uint64_t)&t;
  registers_in[RSI] = 0;
  registers_in[FLAGS] = 0x202;
  registers_call();
  CHECK_EQ(registers_out[RAX], 0);
  check_unchanged("nanosleep");
}

static void every_flag(void) {
  const uint64_t flags[] = {CARRY, PARITY, ADJUST, ZERO, SIGN, OVERFLOW, DIRECTION, IDENTIFICATION,
                            ALIGNMENT, CARRY | PARITY | ADJUST | ZERO | SIGN | OVERFLOW,
                            DIRECTION | OVERFLOW | CARRY | IDENTIFICATION | ALIGNMENT};
  for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
    patterns(300 + i);
    registers_in[RAX] = SYS_getppid;
    registers_in[RSP] &= ~15UL;
    registers_in[FLAGS] = flags[i] | INTERRUPT | 2;
    registers_call();
    CHECK_EQ(registers_out[RAX], getppid());
    check_unchanged("flags");
  }
  /* With the direction flag set a kernel that copies must still copy forwards. */
  static char target[64];
  int fd = (int)CHECK_OK(open("flags", O_RDWR | O_CREAT, 0600));
  CHECK_EQ(pwrite(fd, "0123456789abcdef", 16, 0), 16);
  patterns(400);
  registers_in[RAX] = SYS_read;
  registers_in[RDI] = (uint64_t)fd;
  registers_in[RSI] = (uint64_t)target + 16;
  registers_in[RDX] = 16;
  registers_in[FLAGS] = DIRECTION | INTERRUPT | 2;
  registers_call();
  CHECK_EQ(registers_out[RAX], 16);
  check_unchanged("read with DF");
  CHECK(!memcmp(target + 16, "0123456789abcdef", 16));
  CHECK(target[15] == 0 && target[32] == 0);
  close(fd);
}

static void wild_stacks(void) {
  const uint64_t stacks[] = {0, 1, 0xfff, 0x7ffffffff000, 0x8000000000000000, 0xffff800000000000,
                             -1UL, 0x7f8000006000, 0x7f8000000000, 0x800000000000};
  for (unsigned i = 0; i < sizeof stacks / sizeof stacks[0]; i++) {
    patterns(500 + i);
    registers_in[RAX] = SYS_getppid;
    registers_in[RSP] = stacks[i];
    registers_in[FLAGS] = 0x202;
    registers_call();
    CHECK_EQ(registers_out[RAX], getppid());
    check_unchanged("a wild stack pointer");
  }
}

/* The 128 bytes below RSP belong to the program: AMD64 ABI, 3.2.2. */
static void red_zone(void) {
  uint64_t zone[16] = {0};
  for (int round = 0; round < 50; round++) {
    long result;
    __asm__ volatile(
        "lea -128(%%rsp), %%rdi\n"
        "mov $16, %%ecx\n"
        "mov %[seed], %%rax\n"
        "1: mov %%rax, (%%rdi)\n"
        "add $0x1234567, %%rax\n"
        "add $8, %%rdi\n"
        "dec %%ecx\n"
        "jnz 1b\n"
        "mov $110, %%eax\n"
        "syscall\n"
        "mov %%rax, %[result]\n"
        "lea -128(%%rsp), %%rsi\n"
        "mov %[zone], %%rdi\n"
        "mov $16, %%ecx\n"
        "cld\n"
        "rep movsq\n"
        : [result] "=&r"(result)
        : [seed] "r"((uint64_t)round << 32), [zone] "r"(zone)
        : "rax", "rcx", "rsi", "rdi", "r11", "memory", "cc");
    int right = result == getppid();
    for (int i = 0; i < 16; i++)
      right += zone[i] == ((uint64_t)round << 32) + 0x1234567UL * (uint64_t)i;
    CHECK_EQ(right, 17);
  }
}

/* Registers across a spin long enough to be preempted a few times. */
static void preempted(void) {
  uint64_t in[10], out[10];
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < 10; i++) in[i] = 0x0101010101010101UL * (uint64_t)(i + 1 + 16 * round);
    uint64_t *from = in, *to = out;
    __asm__ volatile(
        "push %%rbp\n"
        "push %%rdi\n"
        "mov 0(%%rcx), %%rax\n  mov 8(%%rcx), %%rbx\n  mov 16(%%rcx), %%rdx\n"
        "mov 24(%%rcx), %%rsi\n mov 32(%%rcx), %%rbp\n mov 40(%%rcx), %%r8\n"
        "mov 48(%%rcx), %%r9\n  mov 56(%%rcx), %%r10\n mov 64(%%rcx), %%r11\n"
        "mov 72(%%rcx), %%r15\n"
        "mov $100000000, %%ecx\n"
        "1: dec %%ecx\n"
        "jnz 1b\n"
        "pop %%rdi\n"
        "mov %%rax, 0(%%rdi)\n  mov %%rbx, 8(%%rdi)\n  mov %%rdx, 16(%%rdi)\n"
        "mov %%rsi, 24(%%rdi)\n mov %%rbp, 32(%%rdi)\n mov %%r8, 40(%%rdi)\n"
        "mov %%r9, 48(%%rdi)\n  mov %%r10, 56(%%rdi)\n mov %%r11, 64(%%rdi)\n"
        "mov %%r15, 72(%%rdi)\n"
        "pop %%rbp\n"
        : "+c"(from), "+D"(to)
        :
        : "rax", "rbx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r15", "memory", "cc");
    CHECK(!memcmp(in, out, sizeof in));
  }
}

int main(int argc, char **argv) {
  check_start("registers", argc, argv);
  every_register();
  every_flag();
  wild_stacks();
  red_zone();
  preempted();
  return check_report();
}

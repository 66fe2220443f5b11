/*
 * Vector, x87 and segment-base state across system calls and across being preempted.
 *
 * The calls that do the work are assembly, so that the compiler has no say in which registers live.
 * Each loads its registers, makes `calls` getppid calls with `spin` turns of an empty loop after
 * each, and stores the registers again.
 */
#include "check.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <sys/auxv.h>

#ifndef HWCAP2_FSGSBASE
#define HWCAP2_FSGSBASE 2
#endif

void keep_sse(const void *in, void *out, long calls, long spin);
void keep_avx(const void *in, void *out, long calls, long spin);
void keep_avx512(const void *in, void *out, long calls, long spin);
void keep_x87(const void *in, void *out, long calls, long spin);
void keep_control(const void *in, void *out, long calls, long spin);
void keep_fs(const void *in, void *out, long calls, long spin);
void keep_gs(const void *in, void *out, long calls, long spin);

/* The loop of calls: rdi, rsi kept; r8 counts calls, r9 the turns between them. */
__asm__(
    ".macro make_calls\n"
    "  mov %rdx, %r8\n"
    "  mov %rcx, %r10\n"
    "1: mov $110, %eax\n"
    "  syscall\n"
    "  mov %r10, %r9\n"
    "2: sub $1, %r9\n"
    "  jg 2b\n"
    "  sub $1, %r8\n"
    "  jg 1b\n"
    ".endm\n"

    ".globl keep_sse, keep_avx, keep_avx512, keep_x87, keep_control, keep_fs, keep_gs\n"
    "keep_sse:\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "  movdqu \\n*16(%rdi), %xmm\\n\n"
    ".endr\n"
    "  make_calls\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "  movdqu %xmm\\n, \\n*16(%rsi)\n"
    ".endr\n"
    "  ret\n"

    "keep_avx:\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "  vmovdqu \\n*32(%rdi), %ymm\\n\n"
    ".endr\n"
    "  make_calls\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
    "  vmovdqu %ymm\\n, \\n*32(%rsi)\n"
    ".endr\n"
    "  vzeroupper\n"
    "  ret\n"

    /* 32 registers of 64 bytes, then eight masks of 8 */
    "keep_avx512:\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "  vmovdqu64 \\n*64(%rdi), %zmm\\n\n"
    ".endr\n"
    ".irp n,0,1,2,3,4,5,6,7\n"
    "  kmovw 2048+\\n*8(%rdi), %k\\n\n"
    ".endr\n"
    "  make_calls\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "  vmovdqu64 %zmm\\n, \\n*64(%rsi)\n"
    ".endr\n"
    ".irp n,0,1,2,3,4,5,6,7\n"
    "  kmovw %k\\n, 2048+\\n*8(%rsi)\n"
    ".endr\n"
    "  vzeroupper\n"
    "  ret\n"

    /* Eight extended values of 16 bytes each; loaded so that st(0) is the first. */
    "keep_x87:\n"
    ".irp n,7,6,5,4,3,2,1,0\n"
    "  fldt \\n*16(%rdi)\n"
    ".endr\n"
    "  make_calls\n"
    ".irp n,0,1,2,3,4,5,6,7\n"
    "  fstpt \\n*16(%rsi)\n"
    ".endr\n"
    "  ret\n"

    /* The x87 control word (2 bytes), then MXCSR (4 bytes, at 4); the caller's come back. */
    "keep_control:\n"
    "  fnstcw -8(%rsp)\n"
    "  stmxcsr -16(%rsp)\n"
    "  fldcw (%rdi)\n"
    "  ldmxcsr 4(%rdi)\n"
    "  make_calls\n"
    "  fnstcw (%rsi)\n"
    "  stmxcsr 4(%rsi)\n"
    "  fldcw -8(%rsp)\n"
    "  ldmxcsr -16(%rsp)\n"
    "  ret\n"

    /* The base the program set itself, without the kernel's help. */
    "keep_fs:\n"
    "  rdfsbase %rax\n"
    "  mov %rax, -8(%rsp)\n"
    "  mov (%rdi), %rax\n"
    "  wrfsbase %rax\n"
    "  make_calls\n"
    "  rdfsbase %rax\n"
    "  mov %rax, (%rsi)\n"
    "  mov -8(%rsp), %rax\n"
    "  wrfsbase %rax\n"
    "  ret\n"
    "keep_gs:\n"
    "  rdgsbase %rax\n"
    "  mov %rax, -8(%rsp)\n"
    "  mov (%rdi), %rax\n"
    "  wrgsbase %rax\n"
    "  make_calls\n"
    "  rdgsbase %rax\n"
    "  mov %rax, (%rsi)\n"
    "  mov -8(%rsp), %rax\n"
    "  wrgsbase %rax\n"
    "  ret\n");

static const long MANY_CALLS = 2000;     /* with hardly a spin */
static const long LONG_SPIN = 120000000; /* some ten preemption ticks of 10 ms */

typedef void keeper(const void *, void *, long, long);

/* Different bytes in every register and every round. */
static void fill(unsigned char *bytes, size_t n, unsigned seed) {
  for (size_t i = 0; i < n; i++) {
    seed = seed * 1103515245 + 12345;
    bytes[i] = (unsigned char)(seed >> 16);
  }
}

static void kept(const char *what, keeper *keep, size_t size) {
  static unsigned char in[4096], out[4096];
  for (unsigned round = 0; round < 5; round++) {
    fill(in, size, 77 * round + 1);
    memset(out, 0, sizeof out);
    keep(in, out, round == 4 ? 2 : MANY_CALLS, round == 4 ? LONG_SPIN : 10);
    if (!CHECK(!memcmp(in, out, size))) printf("  %s, round %u\n", what, round);
  }
}

static void vectors(void) {
  kept("sse", keep_sse, 16 * 16);
  unsigned a, b, c, d, low, high = 0;
  __cpuid(1, a, b, c, d);
  if (!(c & bit_OSXSAVE)) {
    check_skip("AVX: not offered");
    return;
  }
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  CHECK((low & 3) == 3);
  if ((low & 6) == 6 && (c & bit_AVX)) kept("avx", keep_avx, 16 * 32);
  else check_skip("AVX: not offered");
  b = 0;
  __get_cpuid_count(7, 0, &a, &b, &c, &d);
  if ((low & 0xe6) == 0xe6 && (b & bit_AVX512F)) {
    static unsigned char in[4096], out[4096];
    for (unsigned round = 0; round < 3; round++) {
      fill(in, sizeof in, round + 9);
      memset(out, 0, sizeof out);
      keep_avx512(in, out, round == 2 ? 2 : MANY_CALLS, round == 2 ? LONG_SPIN : 10);
      CHECK(!memcmp(in, out, 32 * 64));
      int masks = 0;
      for (int k = 0; k < 8; k++) masks += !memcmp(in + 2048 + k * 8, out + 2048 + k * 8, 2);
      CHECK_EQ(masks, 8);
    }
  } else {
    check_skip("AVX-512: not offered");
  }
}

static void floating_point(void) {
  long double in[8], out[8];
  for (int round = 0; round < 3; round++) {
    memset(in, 0, sizeof in);
    memset(out, 0, sizeof out);
    for (int i = 0; i < 8; i++) in[i] = 1.0L / (i + 3 + round) + i;
    keep_x87(in, out, round == 2 ? 2 : MANY_CALLS, round == 2 ? LONG_SPIN : 10);
    int same = 0;
    for (int i = 0; i < 8; i++) same += in[i] == out[i];
    CHECK_EQ(same, 8);
  }
  const uint32_t words[][2] = {
      {0x037f, 0x1f80}, /* as a program starts */
      {0x0c7f, 0x7f80}, /* round to zero, both */
      {0x067f, 0xbf80}, /* round up and down to double; flush to zero */
      {0x037b, 0x1d80}, /* division by zero not masked, x87 and SSE */
      {0x007f, 0x1fff & ~0x3f},
  };
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    uint32_t got[2] = {0, 0};
    keep_control(words[i], got, MANY_CALLS, 10);
    CHECK_EQ(got[0] & 0xffff, words[i][0]);
    CHECK_EQ(got[1], words[i][1]);
  }
  uint32_t got[2] = {0, 0};
  keep_control(words[1], got, 2, LONG_SPIN);
  CHECK(got[0] == words[1][0] && got[1] == words[1][1]);

  uint16_t control;
  uint32_t mxcsr;
  __asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(control), "=m"(mxcsr));
  CHECK_EQ(control, 0x37f); /* what the ABI promises a new process */
  CHECK_EQ(mxcsr & ~0x3fU, 0x1f80);
}

/* Sets the FS base by call, reads through it and puts it back, with no use of errno in between. */
static unsigned long through_fs(unsigned long base) {
  unsigned long old, value;
  __asm__ volatile(
      "movq %%fs:0, %[old]\n"
      "mov %[set], %%edi\n"
      "mov %[base], %%rsi\n"
      "mov $158, %%eax\n"
      "syscall\n"
      "mov $110, %%eax\n"
      "syscall\n"
      "movq %%fs:8, %[value]\n"
      "mov %[set], %%edi\n"
      "mov %[old], %%rsi\n"
      "mov $158, %%eax\n"
      "syscall\n"
      : [old] "=&r"(old), [value] "=&r"(value)
      : [base] "r"(base), [set] "i"(ARCH_SET_FS)
      : "rax", "rcx", "r11", "rdi", "rsi", "memory");
  return value;
}

static void segment_bases(void) {
  static unsigned long area[2] = {0, 0x1122334455667788};
  CHECK(through_fs((unsigned long)area) == area[1]);
  unsigned long base = 0, by_gs = 0;
  CHECK_EQ(RAW(arch_prctl, ARCH_SET_GS, area), 0);
  CHECK_EQ(RAW(arch_prctl, ARCH_GET_GS, &base), 0);
  CHECK(base == (unsigned long)area);
  __asm__ volatile("movq %%gs:8, %0" : "=r"(by_gs));
  CHECK(by_gs == area[1]);
  CHECK_EQ(RAW(arch_prctl, ARCH_SET_GS, 0L), 0);
  if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE)) {
    check_skip("wrfsbase: not offered");
    return;
  }
  const unsigned long bases[] = {0, 1, (unsigned long)area, 0x7ffffffff000, 0xffff800000000000, -1UL};
  for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
    unsigned long got = 7;
    keep_fs(&bases[i], &got, MANY_CALLS, 10);
    CHECK(got == bases[i]);
    got = 7;
    keep_gs(&bases[i], &got, MANY_CALLS, 10);
    CHECK(got == bases[i]);
  }
  unsigned long got = 7;
  keep_fs(&bases[3], &got, 2, LONG_SPIN);
  CHECK(got == bases[3]);
  got = 7;
  keep_gs(&bases[2], &got, 2, LONG_SPIN);
  CHECK(got == bases[2]);
}

int main(int argc, char **argv) {
  check_start("vector", argc, argv);
  vectors();
  floating_point();
  segment_bases();
  return check_report();
}

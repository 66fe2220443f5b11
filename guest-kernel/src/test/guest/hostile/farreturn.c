/*
 * Far return to a selector, then `syscall`. The bytes behind it are exit_group... of exit(0) in
 * 64-bit code; in 32-bit code the same bytes make some other call, and ud2 ends them.
 */
#include "hostile.h"

static const char *const USAGE = "farreturn SELECTOR";

int main(int argc, char **argv) {
  (void)argc;
  uint64_t selector = number(argv[1], USAGE);
  ANNOUNCE("lretq to selector 0x%lx, then syscall", selector);
  __asm__ volatile(
      "mov $60, %%r9d\n"
      "pushq %0\n"
      "lea 1f(%%rip), %%rax\n" /* linked below 4 GiB, so 32-bit code is there as well */
      "pushq %%rax\n"
      "lretq\n"
      "1: mov $60, %%eax\n"
      "xor %%edi, %%edi\n"
      "syscall\n"
      "ud2\n" ::"r"(selector)
      : "rax", "rdi", "r9", "memory");
  return survived();
}

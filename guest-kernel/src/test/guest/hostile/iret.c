/* Interrupt return with selectors, flags and an address of the caller's choice, then exit(0). */
#include "hostile.h"

static const char *const USAGE = "iret CS SS [FLAGS [RIP]]";

int main(int argc, char **argv) {
  if (argc < 3) usage(USAGE);
  uint64_t cs = number(argv[1], USAGE), ss = number(argv[2], USAGE);
  uint64_t flags = argc > 3 ? number(argv[3], USAGE) : 0x202;
  uint64_t rip = argc > 4 ? number(argv[4], USAGE) : 0;
  ANNOUNCE("iretq to cs 0x%lx ss 0x%lx flags 0x%lx rip 0x%lx", cs, ss, flags, rip);
  __asm__ volatile(
      "mov %%rsp, %%rax\n"
      "pushq %[ss]\n"
      "pushq %%rax\n"
      "pushq %[flags]\n"
      "pushq %[cs]\n"
      "lea 1f(%%rip), %%rax\n"
      "test %[rip], %[rip]\n"
      "cmovnz %[rip], %%rax\n"
      "pushq %%rax\n"
      "iretq\n"
      "1: mov $60, %%eax\n"
      "xor %%edi, %%edi\n"
      "syscall\n"
      "ud2\n" ::[ss] "r"(ss), [cs] "r"(cs), [flags] "r"(flags), [rip] "r"(rip)
      : "rax", "memory", "cc");
  return survived();
}

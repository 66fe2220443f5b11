/* The trap flag and other odd flags, across calls and across instructions that delay a trap. */
#include "hostile.h"

static const char *const USAGE = "trap syscall|movss|movss_int3|entry|sysret|flags FLAGS";

#define SET_TRAP "pushfq\norl $0x100, (%%rsp)\n"

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  uint64_t flags = argc > 2 ? number(argv[2], USAGE) : 0;
  ANNOUNCE("%s, flags 0x%lx", what, flags);
  if (!strcmp(what, "syscall")) {
    __asm__ volatile(SET_TRAP "mov $39, %%eax\npopfq\nsyscall\nnop\nnop" ::: "rax", "rcx", "r11", "memory", "cc");
  } else if (!strcmp(what, "movss")) { /* no trap between mov ss and what follows: SDM, MOV */
    __asm__ volatile("mov %%ss, %%edx\n" SET_TRAP "mov $39, %%eax\npopfq\nmov %%edx, %%ss\nsyscall\nnop\nnop" ::
                         : "rax", "rcx", "rdx", "r11", "memory", "cc");
  } else if (!strcmp(what, "movss_int3")) {
    __asm__ volatile("mov %%ss, %%edx\n" SET_TRAP "popfq\nmov %%edx, %%ss\nint3\nnop" ::: "rdx", "memory", "cc");
  } else if (!strcmp(what, "entry")) { /* into the entry page with the flag set */
    __asm__ volatile(SET_TRAP "mov $39, %%eax\nlea 1f(%%rip), %%rcx\npopfq\njmp *%0\n1: nop" ::"r"(ENTRY_PAGE)
                     : "rax", "rcx", "r11", "memory", "cc");
  } else if (!strcmp(what, "sysret")) { /* the flag in R11 alone, set in a call's saved flags */
    __asm__ volatile("mov $39, %%eax\nsyscall\nor $0x100, %%r11\npush %%r11\npopfq\nnop\nnop" ::
                         : "rax", "rcx", "r11", "memory", "cc");
  } else if (!strcmp(what, "flags")) { /* then exit(0), with no use of the stack */
    __asm__ volatile("push %0\npopfq\nmov $39, %%eax\nsyscall\nmov $231, %%eax\nxor %%edi, %%edi\nsyscall\nud2" ::
                         "r"(flags) : "rax", "rcx", "rdi", "r11", "memory", "cc");
  } else {
    usage(USAGE);
  }
  return survived();
}

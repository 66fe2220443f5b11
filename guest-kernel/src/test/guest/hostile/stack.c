/* The stack: overflowing it, and calls and faults while the stack pointer is anywhere. */
#include "hostile.h"

static const char *const USAGE = "stack overflow|skip|call ADDRESS|fault ADDRESS";

static __attribute__((noinline)) int descend(int depth) {
  volatile char frame[4096];
  if (depth < 0) return 0;
  frame[0] = (char)depth;
  return descend(depth + 1) + frame[0];
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  ANNOUNCE("%s %s", what, argc > 2 ? argv[2] : "");
  if (!strcmp(what, "overflow")) return descend(0);
  if (!strcmp(what, "skip")) { /* over the guard, far below the limit */
    __asm__ volatile("movb $1, -(1 << 30)(%%rsp)" ::: "memory");
    return survived();
  }
  uint64_t address = number(argc > 2 ? argv[2] : NULL, USAGE);
  if (!strcmp(what, "call")) { /* a call does not look at the stack; then exit(0) */
    __asm__ volatile("mov %0, %%rsp\nmov $39, %%eax\nsyscall\nmov $231, %%eax\nxor %%edi, %%edi\nsyscall\nud2" ::
                         "r"(address) : "rax", "rcx", "rdi", "r11");
  } else if (!strcmp(what, "fault")) {
    __asm__ volatile("mov %0, %%rsp\nud2" ::"r"(address));
  }
  usage(USAGE);
}

/* A software interrupt of any number; EAX as for a harmless 32-bit call. */
#include "hostile.h"

static const char *const USAGE = "interrupt NUMBER";

int main(int argc, char **argv) {
  (void)argc;
  uint64_t vector = number(argv[1], USAGE);
  unsigned char *code = pages(0, 1, PROT_READ | PROT_WRITE | PROT_EXEC);
  memcpy(code, (unsigned char[]){0xcd, (unsigned char)vector, 0xc3}, 3); /* int n; ret */
  ANNOUNCE("int 0x%02lx", vector);
  __asm__ volatile("call *%0" ::"r"(code), "a"(20L), "b"(0L)
                   : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
  return survived();
}

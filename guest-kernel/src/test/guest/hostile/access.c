/* Reads, writes, prefetches or flushes an address that is not the program's. */
#include "hostile.h"

static const char *const USAGE =
    "access read|write|prefetch|flush|atomic|copy|rodata|none ADDRESS (none for the last two)";

static const char constant[64] __attribute__((aligned(64))) = "constant";

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  uint64_t address;
  if (!strcmp(how, "rodata")) address = (uint64_t)constant;
  else if (!strcmp(how, "none")) address = (uint64_t)pages(0, 1, PROT_NONE);
  else address = number(argc > 2 ? argv[2] : NULL, USAGE);
  volatile unsigned char *p = (void *)address;
  ANNOUNCE("%s at 0x%lx", how, address);
  if (!strcmp(how, "read") || !strcmp(how, "none")) (void)*p;
  else if (!strcmp(how, "write") || !strcmp(how, "rodata")) *p = 0xcc;
  else if (!strcmp(how, "prefetch")) __asm__ volatile("prefetcht0 %0\nprefetchw %0" ::"m"(*p));
  else if (!strcmp(how, "flush")) __asm__ volatile("clflush %0" ::"m"(*p));
  else if (!strcmp(how, "atomic")) __asm__ volatile("lock orb $0, %0" : "+m"(*p));
  else if (!strcmp(how, "copy")) __asm__ volatile("rep movsb" ::"S"(constant), "D"(p), "c"(64L) : "memory");
  else usage(USAGE);
  return survived();
}

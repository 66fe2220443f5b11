/*
 * `syscall` at the very end of what is mapped, so that the return address is not the program's:
 * below the kernel's area, below the end of the lower half, before a hole; or an instruction that
 * begins on a page and ends on none.
 */
#include "hostile.h"

static const char *const USAGE = "edge kernel|top|hole|split";

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  uint64_t at = 0;
  if (!strcmp(what, "kernel")) at = KERNEL_AREA - PAGE_BYTES;
  else if (!strcmp(what, "top")) at = 0x7fffffffe000;
  else if (strcmp(what, "hole") && strcmp(what, "split")) usage(USAGE);
  unsigned char *page = pages(at, at ? 1 : 2, PROT_READ | PROT_WRITE | PROT_EXEC);
  if (!at) munmap(page + PAGE_BYTES, PAGE_BYTES);
  unsigned char *end = page + PAGE_BYTES;
  if (!strcmp(what, "split")) end[-1] = 0x0f;
  else memcpy(end - 2, (unsigned char[]){0x0f, 0x05}, 2);
  end -= strcmp(what, "split") ? 2 : 1;
  ANNOUNCE("getpid by the syscall at %p", (void *)end);
  __asm__ volatile("jmp *%0" ::"r"(end), "a"(39L) : "rcx", "r11");
  __builtin_unreachable();
}

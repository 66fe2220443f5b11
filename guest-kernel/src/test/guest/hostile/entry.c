/* Jumps into the kernel's entry page with the registers of exit_group(0), or of a bad return. */
#include "hostile.h"

static const char *const USAGE = "entry OFFSET [RETURN_ADDRESS]";

int main(int argc, char **argv) {
  uint64_t offset = number(argv[1], USAGE), rcx = argc > 2 ? number(argv[2], USAGE) : 0x400000;
  ANNOUNCE("jumping to the entry page + 0x%lx with rcx 0x%lx", offset, rcx);
  jump(ENTRY_PAGE + offset, rcx);
}

/* Jumps to where no code of the program is. */
#include "hostile.h"

static const char *const USAGE = "jump ADDRESS | data | hole";

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  uint64_t target;
  if (!strcmp(what, "data")) {
    unsigned char *p = pages(0, 1, PROT_READ | PROT_WRITE);
    memset(p, 0x90, PAGE_BYTES);
    target = (uint64_t)p;
  } else if (!strcmp(what, "hole")) {
    unsigned char *p = pages(0, 2, PROT_READ | PROT_EXEC);
    munmap(p + PAGE_BYTES, PAGE_BYTES);
    target = (uint64_t)p + PAGE_BYTES + PAGE_BYTES / 2;
  } else {
    target = number(argv[1], USAGE);
  }
  ANNOUNCE("jumping to %s, 0x%lx", what, target);
  jump(target, 0x8000000000000000);
}

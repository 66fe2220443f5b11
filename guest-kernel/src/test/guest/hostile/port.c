/* Port input and output from a program. */
#include "hostile.h"

static const char *const USAGE = "port out|in|outs|iopl PORT";

int main(int argc, char **argv) {
  if (argc != 3) usage(USAGE);
  uint16_t port = (uint16_t)number(argv[2], USAGE);
  ANNOUNCE("%s, port 0x%x", argv[1], port);
  if (!strcmp(argv[1], "out") && port == 0xe0) {
    __asm__ volatile("out %%al, $0xe0" ::"a"(39)); /* the entry page's own instruction */
  } else if (!strcmp(argv[1], "out")) {
    __asm__ volatile("out %%al, %%dx" ::"a"(39), "d"(port));
  } else if (!strcmp(argv[1], "in")) {
    unsigned char value;
    __asm__ volatile("in %%dx, %%al" : "=a"(value) : "d"(port));
  } else if (!strcmp(argv[1], "outs")) {
    __asm__ volatile("rep outsb" ::"d"(port), "S"(USAGE), "c"(4L) : "memory");
  } else if (!strcmp(argv[1], "iopl")) { /* first asks for the privilege, which popf does not give */
    __asm__ volatile("pushq $0x3202\npopfq\nout %%al, %%dx" ::"a"(39), "d"(port) : "cc");
  } else {
    usage(USAGE);
  }
  return survived();
}

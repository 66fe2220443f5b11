/*
 * Every system call number from 0 to 600 with the same hostile value in all six arguments, but for
 * calls that end, block or replace the program or reach beyond it (calls.h). Whatever a call says,
 * the program must still be there and its memory as it was.
 */
#include "hostile.h"

#include <fcntl.h>

#include "../calls.h"

static const char *const USAGE =
    "sweep ones|zero|one|page-end|none|kernel|entry|non-canonical|canonical-edge|read-only|int-min";

enum { REPORT_FD = 100, NULL_FD = 101 };

/* With all arguments alike these might wait for ever, stop the program or unmap its own memory. */
static int unfit(long number) {
  switch (number) {
    case SYS_select:
    case SYS_pselect6:
    case SYS_ppoll: /* no descriptors and no time limit */
    case SYS_kill:
    case SYS_tgkill: /* process 0 or 1 */
    case SYS_prctl: /* a signal when the parent ends */
    case SYS_arch_prctl: /* the thread's own segment base */
      return 1;
    default:
      return 0;
  }
}

static uint64_t value_of(const char *what) {
  unsigned char *p = pages(0, 3, PROT_READ | PROT_WRITE);
  memset(p, 'x', PAGE_BYTES); /* no terminator: a string that runs off the page */
  munmap(p + PAGE_BYTES, PAGE_BYTES);
  mprotect(p + 2 * PAGE_BYTES, PAGE_BYTES, PROT_NONE);
  if (!strcmp(what, "ones")) return ~0UL;
  if (!strcmp(what, "zero")) return 0;
  if (!strcmp(what, "one")) return 1;
  if (!strcmp(what, "page-end")) return (uint64_t)p + PAGE_BYTES - 1;
  if (!strcmp(what, "none")) return (uint64_t)p + 2 * PAGE_BYTES;
  if (!strcmp(what, "kernel")) return KERNEL_AREA;
  if (!strcmp(what, "entry")) return ENTRY_PAGE;
  if (!strcmp(what, "non-canonical")) return 0x8000000000000000;
  if (!strcmp(what, "canonical-edge")) return 0x7fffffffffff;
  if (!strcmp(what, "read-only")) return (uint64_t)USAGE & ~7UL;
  if (!strcmp(what, "int-min")) return 0xffffffff80000000;
  usage(USAGE);
}

/* Descriptors 0 to 2 are /dev/null, so that no call that takes them finds anything else. */
static void restore_descriptors(void) {
  for (int fd = 0; fd < 3; fd++) dup2(NULL_FD, fd);
}

int main(int argc, char **argv) {
  uint64_t value = value_of(argc > 1 ? argv[1] : "");
  ANNOUNCE("calls 0 to 600 with 0x%lx in every argument", value);
  int null = open("/dev/null", O_RDWR);
  if (null < 0 || dup2(null, NULL_FD) < 0 || dup2(1, REPORT_FD) < 0) return 3;
  close(null);
  static const char text[] = "memory is as it was";
  static char copy[sizeof text];
  memcpy(copy, text, sizeof text);
  const unsigned long arguments[6] = {value, value, value, value, value, value};
  int made = 0;
  for (long number = 0; number <= 600; number++) {
    if (forbidden(number) || unfit(number)) continue;
    restore_descriptors();
    bare_call(number, arguments);
    made++;
  }
  dup2(REPORT_FD, 1);
  if (!strcmp(argv[1], "read-only")) { /* the one value that is a name: what was made goes again */
    unlink((char *)value);
    rmdir((char *)value);
  }
  if (memcmp(copy, text, sizeof text)) return 4;
  ANNOUNCE("%d calls made", made);
  return survived();
}

/* Sends itself a signal; what happens is the default action of signal(7). */
#include "hostile.h"

static const char *const USAGE = "raise SIGNAL_NUMBER";

int main(int argc, char **argv) {
  (void)argc;
  uint64_t signal = number(argv[1], USAGE);
  ANNOUNCE("tgkill of itself with signal %lu", signal);
  if (syscall(SYS_tgkill, getpid(), getpid(), signal)) {
    perror("tgkill");
    return 1;
  }
  return survived();
}

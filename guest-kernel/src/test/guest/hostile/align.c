/* An unaligned access with alignment checking on: EFLAGS.AC, SDM 6.15, vector 17. */
#include "hostile.h"

int main(void) {
  static uint64_t words[2];
  ANNOUNCE("unaligned read with AC set");
  __asm__ volatile("pushfq\norl $0x40000, (%%rsp)\npopfq\nmov 1(%0), %%rax\n"
                   "pushfq\nandl $~0x40000, (%%rsp)\npopfq" ::"r"(words)
                   : "rax", "memory", "cc");
  return survived();
}

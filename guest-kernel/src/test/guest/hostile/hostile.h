/*
 * For programs that attack. Each says what it is about to do and does it; the list expect.txt says
 * how it must end. One that is still there afterwards says so and exits with 0; 2 is a wrong
 * argument. No signal handler is ever installed but where that is the attack: the default
 * action is what is tested.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's own part of the address space under Biscotti; on Linux nothing is there. */
static const uint64_t KERNEL_AREA = 0x7f8000000000, ENTRY_PAGE = 0x7f8000006000;
enum { PAGE_BYTES = 4096 };

#define ANNOUNCE(...)         \
  do {                        \
    printf(__VA_ARGS__);      \
    putchar('\n');            \
    fflush(stdout);           \
  } while (0)

static inline int survived(void) {
  ANNOUNCE("survived");
  return 0;
}

static inline void __attribute__((noreturn)) usage(const char *text) {
  fprintf(stderr, "usage: %s\n", text);
  exit(2);
}

/* A number argument, decimal or 0x; anything else is a usage error. */
static inline uint64_t number(const char *argument, const char *text) {
  char *end;
  if (!argument) usage(text);
  errno = 0;
  uint64_t value = strtoull(argument, &end, 0);
  if (errno || end == argument || *end) usage(text);
  return value;
}

/* Fresh pages, readable, writable and executable where asked; address 0 means anywhere. */
static inline unsigned char *pages(uint64_t address, size_t count, int protection) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | (address ? 0x100000 /* MAP_FIXED_NOREPLACE */ : 0);
  void *p = mmap((void *)address, count * PAGE_BYTES, protection, flags, -1, 0);
  if (p == MAP_FAILED) {
    ANNOUNCE("no page at 0x%lx: %s", address, strerror(errno));
    exit(0);
  }
  return p;
}

/* Jumps to an address with RAX and RDI loaded as for exit_group(0), RCX as given. */
static inline void __attribute__((noreturn)) jump(uint64_t target, uint64_t rcx) {
  __asm__ volatile("jmp *%0" ::"r"(target), "a"(231L), "D"(0L), "c"(rcx));
  __builtin_unreachable();
}

#endif

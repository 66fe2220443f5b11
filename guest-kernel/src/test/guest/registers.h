/*
 * A system call with every register known before and seen after it, for registers.c and
 * ringregisters.c.
 */
#ifndef REGISTERS_H
#define REGISTERS_H

#include "check.h"

/* rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8 to r15, rflags. */
enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, FLAGS, COUNT };
enum { CARRY = 1, PARITY = 4, ADJUST = 0x10, ZERO = 0x40, SIGN = 0x80, INTERRUPT = 0x200,
       DIRECTION = 0x400, OVERFLOW = 0x800, ALIGNMENT = 0x40000, IDENTIFICATION = 0x200000 };

uint64_t registers_in[COUNT], registers_out[COUNT], registers_spin, registers_saved_stack;
extern const char registers_after[];
void registers_call(void);

/* Loads every register from registers_in, makes the call, spins, stores all in registers_out. */
__asm__(
    ".globl registers_call, registers_after\n"
    "registers_call:\n"
    "  push %rbx\n  push %rbp\n  push %r12\n  push %r13\n  push %r14\n  push %r15\n"
    "  mov %rsp, registers_saved_stack(%rip)\n"
    "  mov registers_in+8*1(%rip), %rbx\n"
    "  mov registers_in+8*2(%rip), %rcx\n"
    "  mov registers_in+8*3(%rip), %rdx\n"
    "  mov registers_in+8*4(%rip), %rsi\n"
    "  mov registers_in+8*5(%rip), %rdi\n"
    "  mov registers_in+8*6(%rip), %rbp\n"
    "  mov registers_in+8*8(%rip), %r8\n"
    "  mov registers_in+8*9(%rip), %r9\n"
    "  mov registers_in+8*10(%rip), %r10\n"
    "  mov registers_in+8*11(%rip), %r11\n"
    "  mov registers_in+8*12(%rip), %r12\n"
    "  mov registers_in+8*13(%rip), %r13\n"
    "  mov registers_in+8*14(%rip), %r14\n"
    "  mov registers_in+8*15(%rip), %r15\n"
    "  pushq registers_in+8*16(%rip)\n"
    "  popfq\n"
    "  mov registers_in+8*0(%rip), %rax\n"
    "  mov registers_in+8*7(%rip), %rsp\n"
    "  syscall\n"
    "registers_after:\n"
    "  mov %rsp, registers_out+8*7(%rip)\n"
    "  mov registers_saved_stack(%rip), %rsp\n"
    "  pushfq\n"
    "  popq registers_out+8*16(%rip)\n"
    "  mov %rax, registers_out+8*0(%rip)\n"
    "  mov %rbx, registers_out+8*1(%rip)\n"
    "  mov %rcx, registers_out+8*2(%rip)\n"
    "  mov %rdx, registers_out+8*3(%rip)\n"
    "  mov %rsi, registers_out+8*4(%rip)\n"
    "  mov %rdi, registers_out+8*5(%rip)\n"
    "  mov %rbp, registers_out+8*6(%rip)\n"
    "  mov %r8, registers_out+8*8(%rip)\n"
    "  mov %r9, registers_out+8*9(%rip)\n"
    "  mov %r10, registers_out+8*10(%rip)\n"
    "  mov %r11, registers_out+8*11(%rip)\n"
    "  mov %r12, registers_out+8*12(%rip)\n"
    "  mov %r13, registers_out+8*13(%rip)\n"
    "  mov %r14, registers_out+8*14(%rip)\n"
    "  mov %r15, registers_out+8*15(%rip)\n"
    "  pushq $0x202\n"
    "  popfq\n"
    "  pop %r15\n  pop %r14\n  pop %r13\n  pop %r12\n  pop %rbp\n  pop %rbx\n"
    "  ret\n");

static void patterns(unsigned round) {
  uint64_t x = 0x9e3779b97f4a7c15UL * (round + 1);
  for (int i = 0; i < COUNT; i++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    registers_in[i] = x;
  }
}

#endif

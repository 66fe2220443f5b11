package org.biscotti.kernel.mem;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A system call instruction in the code of a program that a jump can be put in front of: two bytes
 * are too few for one, but what precedes them, nearly always {@code mov eax, number}, has room.
 *
 * <p>The {@code syscall} itself stays where it is, so that a jump straight to it, or a call that is
 * made again, finds what it expects.
 *
 * <pre>
 *   mov eax, 1          jmp trampoline                trampoline: mov eax, 1
 *   syscall             syscall                                   lea rcx, [next]
 *   next:               next:                                     jmp the entry page
 * </pre>
 *
 * <p>For {@code xor eax, eax}, which has two bytes, the jump goes in two steps: a short one into
 * the padding after the function's {@code ret}, where there is room for a long one. That is how the
 * C library's read(2) looks.
 */
final class CallSite {
  static final int SYSCALL_BYTES = 2;
  private static final int JUMP_BYTES = 5;
  private static final int SHORT_JUMP_BYTES = 2;

  /** So many bytes of the program at most are executed in the trampoline instead. */
  static final int MOVED_BYTES_MAX = 16;

  private static final int MOV_EAX_IMMEDIATE = 0xb8;

  /** mov rax, imm32: how the C libraries call rt_sigreturn, so that debuggers know it. */
  private static final byte[] MOV_RAX_IMMEDIATE = {0x48, (byte) 0xc7, (byte) 0xc0};

  private static final int JUMP = 0xe9;
  private static final int SHORT_JUMP = 0xeb;
  private static final int INT3 = 0xcc;

  /** xor eax, eax; syscall. */
  private static final byte[] ZERO_AND_CALL = {0x31, (byte) 0xc0, 0x0f, 0x05};

  /** cmp rax, -4096; ja somewhere; ret. */
  private static final byte[] CHECK = {0x48, 0x3d, 0, (byte) 0xf0, (byte) 0xff, (byte) 0xff, 0x77};

  private static final int CHECK_BYTES = CHECK.length + 1;
  private static final int RET = 0xc3;

  /** Offset in the page of the first byte that moves to the trampoline. */
  final int start;

  /** Offset of the {@code syscall} instruction. */
  final int call;

  /** Offset of the jump of five bytes. */
  final int jump;

  private CallSite(int start, int call, int jump) {
    this.start = start;
    this.call = call;
    this.jump = jump;
  }

  /**
   * Looks at the code before a system call.
   *
   * @param page the bytes of a page
   * @param call offset of the {@code syscall} in it
   * @param number the system call that has been made
   * @return null if no jump fits, or it is not certain what the bytes are
   */
  static @Nullable CallSite find(byte[] page, int call, long number) {
    if (call < 0
        || call + SYSCALL_BYTES > page.length
        || page[call] != 0x0f
        || page[call + 1] != 0x05) {
      return null;
    }
    for (int start = call - JUMP_BYTES; start >= Math.max(0, call - MOVED_BYTES_MAX); start--) {
      int bytes = longBytes(page, start, call, number);
      if (bytes != 0 && leadsTo(page, start + bytes, call)) {
        return new CallSite(start, call, start);
      }
    }
    int start = call - SHORT_JUMP_BYTES;
    if (number == 0
        && start >= 0
        && matches(page, start, ZERO_AND_CALL)
        && !hasPrefix(page, start)) {
      int padding = paddingAfter(page, call + SYSCALL_BYTES);
      if (padding >= 0) {
        return new CallSite(start, call, padding);
      }
    }
    return null;
  }

  /**
   * Length of an instruction that a jump fits into, does the same elsewhere, and is no tail of a
   * longer one; 0 for any other.
   */
  private static int longBytes(byte[] page, int at, int call, long number) {
    if ((page[at] & 0xff) == MOV_EAX_IMMEDIATE) {
      return number == immediate(page, at + 1) && !hasPrefix(page, at) ? JUMP_BYTES : 0;
    }
    if (matches(page, at, MOV_RAX_IMMEDIATE)) {
      int bytes = MOV_RAX_IMMEDIATE.length + Integer.BYTES;
      boolean fits = at + bytes <= call;
      return fits && number == immediate(page, at + MOV_RAX_IMMEDIATE.length) ? bytes : 0;
    }
    return instructionBytes(page, at, call) == JUMP_BYTES ? JUMP_BYTES : 0;
  }

  private static long immediate(byte[] page, int at) {
    long value = 0;
    for (int i = 3; i >= 0; i--) {
      value = value << 8 | (page[at + i] & 0xff);
    }
    return value;
  }

  /** True if what is before could be a prefix that makes it another instruction: REX. */
  private static boolean hasPrefix(byte[] page, int at) {
    return at == 0 || (page[at - 1] & 0xf0) == 0x40;
  }

  private static boolean leadsTo(byte[] page, int from, int call) {
    int at = from;
    while (at < call) {
      int bytes = instructionBytes(page, at, call);
      if (bytes == 0) {
        return false;
      }
      at += bytes;
    }
    return at == call;
  }

  /**
   * Length of one of the few instructions that stand between a number and its system call, and mean
   * the same wherever they are: moves and exclusive-ors of registers, loads from the stack (SDM
   * vol. 2). 0 for any other.
   */
  private static int instructionBytes(byte[] page, int from, int end) {
    int at = from;
    if ((page[at] & 0xf0) == 0x40 && at + 1 < end) {
      at++;
    }
    int opcode = page[at] & 0xff;
    boolean move = opcode == 0x89 || opcode == 0x8b;
    boolean exclusiveOr = opcode == 0x31 || opcode == 0x33;
    if (at + 1 >= end || !(move || exclusiveOr)) {
      return 0;
    }
    int modrm = page[at + 1] & 0xff;
    if (modrm >> 6 == 3) {
      return at + 2 - from;
    }
    boolean stack = opcode == 0x8b && modrm >> 6 == 1 && (modrm & 7) == 4;
    return stack && at + 3 < end && page[at + 2] == 0x24 && (from == at || (page[from] & 3) == 0)
        ? at + 4 - from
        : 0;
  }

  private static boolean matches(byte[] page, int at, byte[] wanted) {
    return at + wanted.length <= page.length
        && Arrays.equals(page, at, at + wanted.length, wanted, 0, wanted.length);
  }

  /** Where five bytes that nobody executes follow the end of the function, else -1. */
  private static int paddingAfter(byte[] page, int at) {
    int ret = at + CHECK_BYTES;
    if (!matches(page, at, CHECK) || ret >= page.length || (page[ret] & 0xff) != RET) {
      return -1;
    }
    int end = ret + 1;
    while (end - ret - 1 < JUMP_BYTES) {
      int bytes = paddingBytes(page, end);
      if (bytes == 0) {
        return -1;
      }
      end += bytes;
    }
    return end <= page.length ? ret + 1 : -1;
  }

  /** Length of a no-operation of an assembler's alignment, or of an INT3; 0 for anything else. */
  private static int paddingBytes(byte[] page, int from) {
    int at = from;
    while (at < page.length && (page[at] == 0x66 || page[at] == 0x2e)) {
      at++;
    }
    if (at + 2 >= page.length) {
      return 0;
    }
    int opcode = page[at] & 0xff;
    if (opcode == 0x90 || (opcode == INT3 && at == from)) {
      return at + 1 - from;
    }
    if (opcode != 0x0f || page[at + 1] != 0x1f) {
      return 0;
    }
    int operand =
        switch (page[at + 2] & 0xff) {
          case 0x00 -> 0;
          case 0x40 -> 1;
          case 0x44 -> 2;
          case 0x80 -> 4;
          case 0x84 -> 5;
          default -> -3;
        };
    return operand < 0 ? 0 : at + 3 + operand - from;
  }

  /** How many bytes are executed in the trampoline instead. */
  int movedBytes() {
    return start == jump ? call - start : SHORT_JUMP_BYTES;
  }

  /** Offset of the first byte that is changed. */
  int from() {
    return start;
  }

  /** Offset after the last byte that is changed. */
  int to() {
    return jump + JUMP_BYTES;
  }

  /**
   * What is to be there instead, from {@link #from} to {@link #to}.
   *
   * @param page the bytes of the page
   * @param displacement from the start of the page to the trampoline
   */
  byte[] jumping(byte[] page, long displacement) {
    byte[] code = Arrays.copyOfRange(page, from(), to());
    if (start != jump) {
      code[0] = (byte) SHORT_JUMP;
      code[1] = (byte) (jump - (start + SHORT_JUMP_BYTES));
    }
    int at = jump - from();
    code[at] = (byte) JUMP;
    long relative = displacement - (jump + JUMP_BYTES);
    for (int i = 0; i < Integer.BYTES; i++) {
      code[at + 1 + i] = (byte) (relative >> (8 * i));
    }
    return code;
  }
}

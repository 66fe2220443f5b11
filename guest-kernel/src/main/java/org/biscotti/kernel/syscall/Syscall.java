package org.biscotti.kernel.syscall;

import org.biscotti.kernel.task.Interruption;

/**
 * A row of the table of system calls.
 *
 * @param number as in {@code asm/unistd_64.h}
 * @param name as in the man pages
 * @param handler serves it
 * @param arguments what the arguments are, one word each, for tracing
 * @param support how much of it there is
 * @param note what differs from Linux; empty if nothing is known to
 * @param interruption what becomes of it when a signal interrupts it
 */
public record Syscall(
    int number,
    String name,
    SyscallHandler handler,
    String arguments,
    Support support,
    String note,
    Interruption interruption) {

  /** How much of a call there is. */
  public enum Support {
    /** As Linux has it. */
    FULL,
    /** What programs commonly use; the note says what is missing. */
    PARTIAL,
    /** Fails the way it does on a Linux that was built without it. */
    REFUSED
  }
}

package org.biscotti.kernel.serve;

/** Whether busy system call instructions are replaced by jumps in a program's memory. */
public enum Patching {
  /** Where the host makes the instruction dear. */
  AUTO,
  /** Never: programs' code stays as it is. */
  OFF
}

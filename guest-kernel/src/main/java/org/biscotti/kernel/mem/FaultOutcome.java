package org.biscotti.kernel.mem;

/** What became of a page fault; the signals are those of sigaction(2). */
public enum FaultOutcome {
  /** The access can be tried again. */
  HANDLED,

  /** SIGSEGV with SEGV_MAPERR: nothing is mapped there. */
  SEGV_MAPERR,

  /** SIGSEGV with SEGV_ACCERR: the mapping does not allow the access. */
  SEGV_ACCERR,

  /** SIGBUS with BUS_ADRERR: beyond the end of a mapped file, or the file could not be read. */
  BUS_ADRERR,

  /** There is no frame left; the task has to go. */
  OUT_OF_MEMORY
}

package org.biscotti.kernel.fs;

/** What /proc shows of one thread of a process; see {@link ProcessView}. */
public interface ThreadView {
  int threadId();

  /** At most 15 bytes, as ISO 8859-1. */
  String name();

  void setName(String name);

  /** State letter as in /proc/pid/stat. */
  char state();

  /** User time in nanoseconds. */
  long userNanos();

  /** System time in nanoseconds. */
  long systemNanos();

  /** Minor page faults so far. */
  long minorFaults();

  /** Signals that wait for this thread, bit n-1 for signal n. */
  long pendingSignals();

  /** Signals that it blocks. */
  long blockedSignals();
}

package org.biscotti.kernel.fs;

/** What /proc shows alike of a process as a whole and of one of its threads. */
public interface RunningView {
  /** Its number: a process's is that of its first thread. */
  int number();

  /** Its name, at most 15 bytes (PR_SET_NAME), as ISO 8859-1; a process's is its first thread's. */
  String name();

  /** State letter as in /proc/pid/stat: R, S, D, Z, T. */
  char state();

  /** User time in nanoseconds. */
  long userNanos();

  /** System time in nanoseconds. */
  long systemNanos();

  /** Minor page faults so far. */
  long minorFaults();
}

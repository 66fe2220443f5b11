package org.biscotti.kernel.fs;

import org.jspecify.annotations.Nullable;

/** The processes there are, for /proc. */
public interface ProcessDirectory {
  /** The process with a number, or null if there is none. */
  @Nullable ProcessView find(int pid);

  /** Numbers of all processes, ascending. */
  int[] pids();

  /** Numbers are below this (kernel.pid_max). */
  int numbersMax();
}

package org.biscotti.kvm.cli;

import org.biscotti.kernel.syscall.SyscallObserver;
import org.jspecify.annotations.Nullable;

/** What {@code --strace} and {@code --stats} watch while a program runs. */
final class Observation implements AutoCloseable {
  /** Value of {@code --strace} without a file. */
  static final String STANDARD_ERROR = "-";

  static Observation of(@Nullable String strace, boolean stats) {
    return new Observation();
  }

  @Nullable SyscallObserver observer() {
    return null;
  }

  void report(MachineCounts counts, Console console) {}

  @Override
  public void close() {}
}

package org.biscotti.kernel.fs;

/** What /proc shows of one thread of a process; see {@link ProcessView}. */
public interface ThreadView extends RunningView {
  int threadId();

  @Override
  default int number() {
    return threadId();
  }

  void setName(String name);

  /** Signals that wait for this thread, bit n-1 for signal n. */
  long pendingSignals();

  /** Signals that it blocks. */
  long blockedSignals();
}

package org.biscotti.kernel.wait;

/**
 * Calls that take long although they do not wait: they look between parts of the work whether a
 * signal has come, and return what they have done by then.
 *
 * <p>Only a virtual thread is told of signals. So whoever may take long leaves the vCPU's thread
 * first, by {@link MustWait#unlessVirtual}.
 */
public final class LongWork {
  private LongWork() {}

  /** True if a signal has come for the call that the current thread serves. */
  public static boolean mustStop() {
    Thread current = Thread.currentThread();
    return current.isVirtual() && current.isInterrupted();
  }
}

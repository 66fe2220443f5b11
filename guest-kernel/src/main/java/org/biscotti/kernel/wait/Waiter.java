package org.biscotti.kernel.wait;

import java.util.concurrent.locks.LockSupport;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;

/** A thread that waits, in one {@link WaitQueue} or in several; a wake unparks it directly. */
public final class Waiter implements WaitQueue.Listener {
  private final Thread thread = Thread.currentThread();
  private volatile boolean woken;

  /** It has been told to look once more although a signal has come. */
  private boolean toldInterrupted;

  /** A waiter for the current thread. */
  public Waiter() {}

  @Override
  public void woken(int events) {
    wake();
  }

  /** Wakes it; once is enough until it has looked. */
  public void wake() {
    if (!woken) {
      woken = true;
      LockSupport.unpark(thread);
    }
  }

  /**
   * Parks until the next wake, or returns at once if there was one since the last time. After a
   * signal that happens once at most, however many wakes there are.
   *
   * @param deadline by System.nanoTime, {@link Long#MAX_VALUE} for none
   * @return false if the deadline has passed
   * @throws ErrnoException EINTR if a signal comes
   */
  public boolean await(long deadline) {
    while (!woken || toldInterrupted) {
      if (Thread.interrupted()) {
        throw ErrnoException.of(Errno.EINTR);
      }
      if (deadline == Long.MAX_VALUE) {
        LockSupport.park(this);
      } else {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          return false;
        }
        LockSupport.parkNanos(this, left);
      }
    }
    woken = false;
    toldInterrupted = thread.isInterrupted();
    return true;
  }
}

package org.biscotti.kernel.wait;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;

/** Parks a virtual thread until something reports that it is ready. */
public final class Readiness {
  private Readiness() {}

  /**
   * Waits for one report.
   *
   * @param subscribe called once with what is to be run when the thing is ready
   * @throws ErrnoException EINTR if the thread is interrupted: a signal has come
   */
  public static void await(Consumer<Runnable> subscribe) {
    await(subscribe, Long.MAX_VALUE);
  }

  /**
   * Waits for one report, or until a time has passed.
   *
   * @param nanos how long at most; {@link Long#MAX_VALUE} for ever
   * @return false if the time has passed
   * @throws ErrnoException EINTR if the thread is interrupted: a signal has come
   */
  public static boolean await(Consumer<Runnable> subscribe, long nanos) {
    CountDownLatch ready = new CountDownLatch(1);
    subscribe.accept(ready::countDown);
    try {
      if (nanos == Long.MAX_VALUE) {
        ready.await();
        return true;
      }
      return ready.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw ErrnoException.of(Errno.EINTR);
    }
  }
}

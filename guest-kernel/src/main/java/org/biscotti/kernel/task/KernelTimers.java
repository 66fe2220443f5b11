package org.biscotti.kernel.task;

import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Everything that has to happen at a time: one thread that sleeps until the first of it. It is
 * started by the first use.
 */
public final class KernelTimers implements AutoCloseable {
  private final ScheduledThreadPoolExecutor executor;
  private final KernelLog log;

  /** Timers that log what goes wrong in them. */
  public KernelTimers(KernelLog log) {
    this.log = log;
    executor =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("kernel-timers").factory());
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    // After close() timers are of no use to anybody.
    executor.setRejectedExecutionHandler((task, closed) -> {});
  }

  /**
   * Runs something once.
   *
   * @param nanos from now; at once if it is not positive
   * @return to cancel it
   */
  public Future<?> after(long nanos, Runnable then) {
    return executor.schedule(() -> guarded(then), Math.max(nanos, 0), TimeUnit.NANOSECONDS);
  }

  private void guarded(Runnable then) {
    try {
      then.run();
    } catch (RuntimeException | Error e) {
      log.failure("a timer failed", e);
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}

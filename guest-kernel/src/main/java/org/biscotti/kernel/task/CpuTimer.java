package org.biscotti.kernel.task;

import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.TimerSetting;
import org.jspecify.annotations.Nullable;

/**
 * An interval timer that runs with a process's own time: ITIMER_VIRTUAL and ITIMER_PROF
 * (setitimer(2)), and RLIMIT_CPU.
 *
 * <p>The timer looks when it could have expired at the earliest; it does not look while no task of
 * the process runs.
 */
final class CpuTimer {
  private static final long SHORTEST_NANOS = 1_000_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Process process;
  private final Runnable action;
  private final boolean systemToo;

  private long expiry;
  private long interval;
  private volatile boolean armed;
  private volatile boolean dormant;
  private long generation;
  private @Nullable Future<?> scheduled;

  /**
   * Makes a timer, not armed.
   *
   * @param action what happens when it expires; called without locks
   * @param systemToo true if the time that calls take counts too
   */
  CpuTimer(Process process, Runnable action, boolean systemToo) {
    this.process = process;
    this.action = action;
    this.systemToo = systemToo;
  }

  private long used() {
    return systemToo ? process.cpuNanos() : process.userNanos();
  }

  TimerSetting get() {
    lock.lock();
    try {
      return setting();
    } finally {
      lock.unlock();
    }
  }

  private TimerSetting setting() {
    return new TimerSetting(armed ? Math.max(expiry - used(), 1) : 0, interval);
  }

  TimerSetting set(long nanos, long newInterval) {
    lock.lock();
    try {
      TimerSetting old = setting();
      cancel();
      armed = nanos > 0;
      interval = armed ? newInterval : 0;
      if (armed) {
        expiry = used() + nanos;
        schedule(nanos);
      }
      return old;
    } finally {
      lock.unlock();
    }
  }

  private void cancel() {
    generation++;
    dormant = false;
    if (scheduled != null) {
      scheduled.cancel(false);
      scheduled = null;
    }
  }

  private void schedule(long nanos) {
    long current = generation;
    scheduled =
        process.kernel().timers().after(Math.max(nanos, SHORTEST_NANOS), () -> decide(current));
  }

  private void decide(long current) {
    if (!process.isExiting() && expires(current)) {
      action.run();
    }
  }

  private boolean expires(long current) {
    lock.lock();
    try {
      if (current != generation || !armed) {
        return false;
      }
      long used = used();
      boolean expired = used >= expiry;
      if (expired && interval == 0) {
        armed = false;
        return true;
      }
      if (expired) {
        expiry += ((used - expiry) / interval + 1) * interval;
      }
      // In this order: whoever begins to run now either is seen here, or sees the mark.
      dormant = true;
      if (process.kernel().scheduler().isRunning(task -> task.process() == process)) {
        dormant = false;
        schedule(expiry - used);
      }
      return expired;
    } finally {
      lock.unlock();
    }
  }

  /** A task of the process begins to run. */
  void runs() {
    if (dormant) {
      lock.lock();
      try {
        if (dormant) {
          dormant = false;
          schedule(expiry - used());
        }
      } finally {
        lock.unlock();
      }
    }
  }

  void delete() {
    lock.lock();
    try {
      cancel();
      armed = false;
    } finally {
      lock.unlock();
    }
  }
}

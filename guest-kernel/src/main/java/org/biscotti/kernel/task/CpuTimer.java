package org.biscotti.kernel.task;

import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.biscotti.kernel.abi.TimerSetting;
import org.jspecify.annotations.Nullable;

/**
 * An interval timer that runs with the time of a process or of one of its tasks: ITIMER_VIRTUAL and
 * ITIMER_PROF (setitimer(2)), RLIMIT_CPU, and clocks of CPU time (timer_create(2)).
 *
 * <p>The timer looks when it could have expired at the earliest; it does not look while nobody runs
 * whose time it is.
 */
final class CpuTimer {
  private static final long SHORTEST_NANOS = 1_000_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Process process;
  private final Runnable action;
  private final LongSupplier used;
  private final Predicate<Task> uses;

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
   * @param used the time that counts, in nanoseconds
   * @param uses true for the tasks of the process whose time it is
   */
  CpuTimer(Process process, Runnable action, LongSupplier used, Predicate<Task> uses) {
    this.process = process;
    this.action = action;
    this.used = used;
    this.uses = uses;
  }

  /** One for the time of all tasks of a process. */
  CpuTimer(Process process, Runnable action, LongSupplier used) {
    this(process, action, used, task -> true);
  }

  /** The time that has been used, in nanoseconds. */
  long used() {
    return used.getAsLong();
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
      if (process
          .kernel()
          .scheduler()
          .isRunning(task -> task.process() == process && uses.test(task))) {
        dormant = false;
        schedule(expiry - used);
      }
      return expired;
    } finally {
      lock.unlock();
    }
  }

  /** A task of the process begins to run, or to run in another's place. */
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

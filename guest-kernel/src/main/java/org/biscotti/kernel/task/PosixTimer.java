package org.biscotti.kernel.task;

import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.TimerSetting;
import org.jspecify.annotations.Nullable;

/**
 * A timer that sends a signal: of setitimer(2) for real time, or of timer_create(2) for a clock
 * that runs by itself or the CPU time of a process or task.
 *
 * <p>At most one signal of it waits at a time, and it does not run meanwhile: what it has missed is
 * counted when the signal is taken. So an interval of a nanosecond costs no more than its handler.
 * A signal that still waits when the timer is set anew stands for the new setting's first one.
 */
public final class PosixTimer implements PendingSignals.Source {
  /** A timer whose signal is ignored looks again no more often than this. */
  private static final long IGNORED_NANOS = 10_000_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Process process;
  private final @Nullable Task target;
  private final @Nullable SignalInfo info;
  private final int clock;
  private final @Nullable CpuTime time;
  private final @Nullable CpuTimer cpu;

  private long expiry;
  private long interval;
  private boolean armed;

  /** Whether a signal of this timer is among those that wait for the process or the task. */
  private final AtomicBoolean queued = new AtomicBoolean();

  /** Whether the timer has expired as it is set now, and does not go on before that is taken. */
  private boolean waiting;

  private int overrun;
  private long generation;
  private @Nullable Future<?> scheduled;

  /**
   * Makes a timer, not armed.
   *
   * @param target the task that gets the signal, or null for the process
   * @param info the signal, or null for none (SIGEV_NONE)
   * @param clock number of its clock
   * @param time what runs it, null for a clock that runs by itself
   */
  PosixTimer(
      Process process,
      @Nullable Task target,
      @Nullable SignalInfo info,
      int clock,
      @Nullable CpuTime time) {
    this.process = process;
    this.target = target;
    this.info = info;
    this.clock = clock;
    this.time = time;
    cpu = time == null ? null : new CpuTimer(process, this::cpuExpired, time::nanos, time::counts);
  }

  /** The time by which it runs, from wherever it counts; in nanoseconds. */
  private long now() {
    return cpu == null ? System.nanoTime() : cpu.used();
  }

  /** A task of the process begins to run. */
  void runs() {
    if (cpu != null) {
      cpu.runs();
    }
  }

  /** Number of its clock. */
  public int clock() {
    return clock;
  }

  /** What runs it, null for a clock that runs by itself. */
  public @Nullable CpuTime time() {
    return time;
  }

  /** What is set now. */
  public TimerSetting get() {
    lock.lock();
    try {
      return setting(now());
    } finally {
      lock.unlock();
    }
  }

  private TimerSetting setting(long now) {
    if (!armed) {
      return new TimerSetting(0, interval);
    }
    long left = expiry - now;
    if (left <= 0 && interval > 0) {
      left += (-left / interval + 1) * interval;
    }
    return left <= 0 && info == null
        ? new TimerSetting(0, 0)
        : new TimerSetting(Math.max(left, 1), interval);
  }

  /**
   * Sets the timer.
   *
   * @param nanos until the first expiry, at once if negative
   * @param arm false to disarm it
   * @param newInterval between expiries; 0 for one expiry
   * @return what was set before
   */
  public TimerSetting set(long nanos, boolean arm, long newInterval) {
    lock.lock();
    try {
      long now = now();
      TimerSetting old = setting(now);
      cancel();
      overrun = 0;
      armed = arm;
      interval = arm ? newInterval : 0;
      if (arm) {
        expiry = now + Math.max(nanos, 0);
        schedule(nanos);
      }
      return old;
    } finally {
      lock.unlock();
    }
  }

  private void cancel() {
    generation++;
    waiting = false;
    if (scheduled != null) {
      scheduled.cancel(false);
      scheduled = null;
    }
    if (cpu != null) {
      cpu.delete();
    }
  }

  private void schedule(long nanos) {
    if (info != null) {
      long current = generation;
      if (cpu != null) {
        cpu.set(Math.max(nanos, 1), 0);
      } else {
        scheduled = process.kernel().timers().after(nanos, () -> expired(current));
      }
    }
  }

  private void cpuExpired() {
    long current;
    lock.lock();
    try {
      if (now() < expiry) {
        return; // it has been set anew meanwhile
      }
      current = generation;
    } finally {
      lock.unlock();
    }
    expired(current);
  }

  private void expired(long current) {
    lock.lock();
    try {
      if (current != generation || info == null) {
        return;
      }
      waiting = true;
      armed = interval > 0; // before anybody can know of the signal
      if (!queued.compareAndSet(false, true)) {
        return;
      }
    } finally {
      lock.unlock();
    }
    if (!SignalDelivery.send(null, process, target, info, this)) {
      dropped();
    }
  }

  /** Nobody takes the signal: the timer goes on, but not under the process's lock. */
  @Override
  public void dropped() {
    queued.set(false);
    var _ = process.kernel().timers().after(0, this::goOn);
  }

  private void goOn() {
    lock.lock();
    try {
      if (waiting && !queued.get()) {
        waiting = false;
        if (interval > 0) {
          long now = now();
          expiry += (Math.max(now - expiry, 0) / interval + 1) * interval;
          schedule(Math.max(expiry - now, IGNORED_NANOS));
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** The signal has been taken: the timer goes on, and says how often it would have come. */
  @Override
  public SignalInfo taken(SignalInfo signal) {
    lock.lock();
    try {
      queued.set(false);
      if (!waiting) {
        return signal;
      }
      waiting = false;
      overrun = 0;
      if (interval > 0) {
        long now = now();
        long missed = Math.max(now - expiry, 0) / interval;
        overrun = (int) Math.min(missed, Integer.MAX_VALUE);
        expiry += (missed + 1) * interval;
        schedule(expiry - now);
      }
      return signal.code() == SignalInfo.SI_TIMER ? signal.withOverrun(overrun) : signal;
    } finally {
      lock.unlock();
    }
  }

  /** timer_getoverrun(2): expiries that the last signal taken stands for, beside its own. */
  public int overrun() {
    lock.lock();
    try {
      return overrun;
    } finally {
      lock.unlock();
    }
  }

  /** Disarms it for good. */
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

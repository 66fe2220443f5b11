package org.biscotti.kernel;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.exec.Vvar;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.GuestCpu;

/**
 * Keeps the vDSO's clock right: compares a vCPU's time-stamp counter with the host's clock at
 * start, and then about once a second while programs run.
 */
final class ClockKeeper {
  private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** A reading of the counter that took longer than this between two of the clock is no good. */
  private static final long WINDOW_NANOS = 20_000;

  private static final int TRIES = 5;

  /**
   * More tries than that if none was about as quick as the quickest so far: on a loaded machine
   * many are disturbed, and half of a window is how wrong the clock may be for the next second.
   */
  private static final int TRIES_MAX = 50;

  private final ReentrantLock lock = new ReentrantLock();
  private final Vvar vvar;
  private final Clock clock;
  private volatile long nextNanos;

  /** The quickest reading so far, guarded by the lock. */
  private long usualWindow = WINDOW_NANOS;

  ClockKeeper(Vvar vvar, Clock clock) {
    this.vvar = vvar;
    this.clock = clock;
    nextNanos = clock.monotonicNanos();
  }

  /** Takes a sample if it is time for one; called by vCPU threads between two runs. */
  void tick(GuestCpu cpu, long nowNanos) {
    if (nowNanos - nextNanos >= 0 && lock.tryLock()) {
      try {
        nextNanos = nowNanos + INTERVAL_NANOS;
        sample(cpu);
      } finally {
        lock.unlock();
      }
    }
  }

  /** The best of a few samples; with none that is good the old parameters stay. */
  private void sample(GuestCpu cpu) {
    long frequency = cpu.timestampFrequency();
    if (frequency == 0) {
      vvar.disable();
      return;
    }
    long bestWindow = WINDOW_NANOS;
    long bestTsc = 0;
    long bestNanos = 0;
    for (int i = 0; i < TRIES || (i < TRIES_MAX && bestWindow > 2 * usualWindow); i++) {
      long before = clock.monotonicNanos();
      long tsc = cpu.timestampCounter();
      long window = clock.monotonicNanos() - before;
      if (window < bestWindow) {
        bestWindow = window;
        bestTsc = tsc;
        bestNanos = before + window / 2;
      }
    }
    usualWindow = Math.min(usualWindow, Math.max(bestWindow, 1));
    if (bestWindow < WINDOW_NANOS) {
      vvar.update(bestTsc, frequency, bestNanos, bestNanos + realtimeOffset());
    }
  }

  /**
   * How far CLOCK_REALTIME is ahead of CLOCK_MONOTONIC, in nanoseconds; the best of a few looks.
   */
  private long realtimeOffset() {
    long bestWindow = Long.MAX_VALUE;
    long offset = 0;
    for (int i = 0; i < TRIES; i++) {
      long before = clock.monotonicNanos();
      long realtime = clock.realtimeNanos();
      long window = clock.monotonicNanos() - before;
      if (window < bestWindow) {
        bestWindow = window;
        offset = realtime - (before + window / 2);
      }
    }
    return offset;
  }
}

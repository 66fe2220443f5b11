package org.biscotti.kernel;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.exec.ClockSample;
import org.biscotti.kernel.exec.Vvar;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.GuestCpu;

/**
 * Keeps the vDSO's clock right: compares a vCPU's time-stamp counter with the host's clock at
 * start, and then, while programs run, ever less often until it is about once a second.
 */
final class ClockKeeper {
  /** Time to the second sample, doubled from one to the next; to the next one at most. */
  private static final long FIRST_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Readings for one sample, and how many more if they leave the clock too uncertain. */
  private static final int READINGS = 5;

  private static final int READINGS_MAX = 50;

  /** How exact a sample should be. */
  private static final long WANTED_NANOS = 300;

  /** How often the start of the clock is put off for want of such a sample. */
  private static final int PATIENCE = 20;

  /** Readings that are further apart tell of the counter's true rate too; start again. */
  private static final long APART_NANOS = 500_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Vvar vvar;
  private final Clock clock;
  private volatile long nextNanos;

  /** Guarded by the lock. */
  private long interval = FIRST_INTERVAL_NANOS;

  /** How often that has been; guarded by the lock. */
  private int putOff;

  /** Between the bounds was CLOCK_MONOTONIC when the counter was {@code tsc}. */
  private record Reading(long tsc, long low, long high) {
    long middle() {
      return low + (high - low) / 2;
    }

    long error() {
      return Math.max((high - low + 1) / 2, 1);
    }
  }

  ClockKeeper(Vvar vvar, Clock clock) {
    this.vvar = vvar;
    this.clock = clock;
    nextNanos = clock.monotonicNanos();
  }

  /** Takes a sample if it is time for one; called by vCPU threads between two runs. */
  void tick(GuestCpu cpu, long nowNanos) {
    if (nowNanos - nextNanos >= 0 && lock.tryLock()) {
      try {
        sample(cpu);
        nextNanos = nowNanos + interval;
      } finally {
        lock.unlock();
      }
    }
  }

  private void sample(GuestCpu cpu) {
    long frequency = cpu.timestampFrequency();
    if (frequency == 0) {
      vvar.disable();
      interval = INTERVAL_NANOS;
      return;
    }
    Reading reading = readCounter(cpu, frequency);
    if (reading.error() > WANTED_NANOS && putOff < PATIENCE) {
      putOff++;
      return;
    }
    putOff = PATIENCE;
    interval = Math.min(interval * 2, INTERVAL_NANOS);
    if (reading.error() <= ClockSample.ERROR_MAX) {
      vvar.update(withRealtime(reading), frequency);
    }
  }

  /**
   * Reads the counter several times, between two readings of the clock each. None is exact, and a
   * thread can lose its core in the middle of one; but each gives bounds, and the truth lies in all
   * of them.
   */
  private Reading readCounter(GuestCpu cpu, long frequency) {
    long tsc = cpu.timestampCounter();
    long low = Long.MIN_VALUE;
    long high = Long.MAX_VALUE;
    double nanosPerTick = (double) TimeUnit.SECONDS.toNanos(1) / frequency;
    for (int i = 0; i < READINGS || (i < READINGS_MAX && high - low > 2 * WANTED_NANOS); i++) {
      long before = clock.monotonicNanos();
      long now = cpu.timestampCounter();
      long after = clock.monotonicNanos();
      long passed = Math.round((now - tsc) * nanosPerTick);
      if (passed > APART_NANOS || before - passed > high || after - passed < low) {
        tsc = now;
        low = before;
        high = after;
      } else {
        low = Math.max(low, before - passed);
        high = Math.min(high, after - passed);
      }
    }
    return new Reading(tsc, low, high);
  }

  /** How far CLOCK_REALTIME is ahead of CLOCK_MONOTONIC is found in the same way. */
  private ClockSample withRealtime(Reading reading) {
    long lowest = Long.MIN_VALUE;
    long highest = Long.MAX_VALUE;
    for (int i = 0; i < READINGS; i++) {
      long before = clock.monotonicNanos();
      long realtime = clock.realtimeNanos();
      long after = clock.monotonicNanos();
      lowest = Math.max(lowest, realtime - after);
      highest = Math.min(highest, realtime - before);
    }
    if (lowest > highest) { // the clock has been set just now; the next sample will tell
      highest = lowest;
    }
    long half = (highest - lowest) / 2;
    return new ClockSample(reading.tsc, reading.middle(), reading.error(), lowest + half, half + 1);
  }
}

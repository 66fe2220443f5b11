package org.biscotti.kernel.exec;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.invoke.VarHandle;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;

/**
 * Writes the clock page from which the vDSO tells the time without leaving the guest.
 *
 * <p>The page holds a {@link ClockLine}: nanoseconds as a function of the time-stamp counter.
 * {@link #update} is called about once a second with a sample of the host's clocks. It measures how
 * fast the counter runs, and bends the line so that what readers see meets the host's clock again.
 *
 * <p><b>Time never steps back.</b> Readers go on with the old line L until they see the sequence
 * counter odd, so the new line N has to satisfy N(x) &ge; L(x) for every x that any of them can
 * still have read. Both pass through the same point p, the pivot:
 *
 * <ul>
 *   <li>if N is steeper, p is the sample, which is in the past: N is above L from there on;
 *   <li>if N is flatter, p must not be before the last use of L. The host's clock is read once more
 *       after the counter is odd, for all to see; no reader that succeeded with L read the TSC
 *       after that moment. Readers extrapolate N backwards from p, where it is above L too.
 * </ul>
 *
 * <p>The value at p is rounded up, because readers round down. A clock far behind the host's steps
 * forward; one ahead of it is slowed down, and never set back. Only a counter that itself fails
 * (see {@link #update}) can break this.
 *
 * <p>CLOCK_MONOTONIC_RAW is CLOCK_MONOTONIC, CLOCK_BOOTTIME too (no guest is ever suspended), and
 * CLOCK_TAI is CLOCK_REALTIME, as on a Linux that nobody told the number of leap seconds.
 *
 * <p>Safe for any number of threads.
 */
public final class Vvar {
  /** Resolution of the COARSE clocks, in nanoseconds: a tick of 250 Hz. */
  public static final int COARSE_TICK_NANOS = 4_000_000;

  // Offsets in the page; struct clock_page in vdso.c is the other side. Sequence counter (low) and
  // mode (high) are one word, so both change at once.
  static final int SEQUENCE_AND_MODE = 0;
  static final int BASE_TSC = 8;
  static final int MULT = 16;
  static final int SHIFT = 24;
  static final int COARSE_TICK = 28;
  static final int BASE_NANOS = 32;
  static final int REALTIME_OFFSET = 40;
  static final int BOOTTIME_OFFSET = 48;
  static final int TAI_OFFSET = 56;

  private static final long MODE_SYSTEM_CALL = 0;
  private static final long MODE_TSC = 1;

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  /** A counter outside these bounds is no TSC. */
  private static final long TSC_HZ_MIN = 1_000_000;

  private static final long TSC_HZ_MAX = 1_000_000_000_000L;

  /** Latest time that is taken seriously, 146 years: leaves room for sums. */
  private static final long NANOS_MAX = 1L << 62;

  /** Two samples further apart than this, a year and a bit, are not of one run of the counter. */
  private static final long SAMPLE_GAP_NANOS_MAX = 1L << 55;

  /** Longest time between a sample and its use, an hour. */
  private static final long LATE_NANOS_MAX = 3600 * NANOS_PER_SECOND;

  /** How far apart in time the TSC and the clock of one sample may have been read. */
  private static final long SAMPLE_SKEW_NANOS = 20_000;

  /** A clock this far behind the host's steps forward; less is worked off. */
  private static final long STEP_NANOS = 100_000_000;

  /** An error up to this is worked off gently. */
  private static final long GENTLE_NANOS = 10_000_000;

  /** Change of the rate while an error is worked off: what adjtime(3) uses, and the hard way. */
  private static final double GENTLE_RATE = 500e-6;

  private static final double HARD_RATE = 0.05;

  /** Shortest time over which the counter's rate is measured. */
  private static final long RATE_NANOS_MIN = NANOS_PER_SECOND / 2;

  /** A measured rate that differs more than this from the nominal one is a disturbed sample. */
  private static final double RATE_DEVIATION_MAX = 1000e-6;

  /** Noise in the difference of two clocks read one after the other. */
  private static final long OFFSET_NOISE_NANOS = 10_000;

  private final RankedLock lock = new RankedLock(LockRank.LEAF);
  private final GuestMemory memory;
  private final long gpa;
  private final Clock clock;

  @GuardedBy("lock")
  private boolean running;

  @GuardedBy("lock")
  private int sequence;

  @GuardedBy("lock")
  private ClockLine line = new ClockLine(0, 0, 0);

  /** Nominal rate of the counter, the estimate of the true one in nanoseconds per tick. */
  @GuardedBy("lock")
  private long tscHz;

  @GuardedBy("lock")
  private double nanosPerTick;

  /** The last sample, and the one from which the rate is being measured. */
  @GuardedBy("lock")
  private long lastTsc;

  @GuardedBy("lock")
  private long lastNanos;

  @GuardedBy("lock")
  private long rateTsc;

  @GuardedBy("lock")
  private long rateNanos;

  @GuardedBy("lock")
  private boolean rateMeasured;

  /** CLOCK_REALTIME less CLOCK_MONOTONIC, and a different value that was seen once. */
  @GuardedBy("lock")
  private long realtimeOffset;

  @GuardedBy("lock")
  private long candidateOffset;

  /**
   * Takes over a page. Until the first {@link #update} it sends every reader to the kernel.
   *
   * @param memory guest memory
   * @param gpa the clock page, page-aligned
   * @param clock the host's clocks, the ones that the samples are taken from
   */
  public Vvar(GuestMemory memory, long gpa, Clock clock) {
    this.memory = memory;
    this.gpa = gpa;
    this.clock = clock;
    memory.zero(gpa, GuestMemory.PAGE_SIZE);
  }

  /**
   * Corrects the clock by a sample. The three readings belong to one moment; if TSC and
   * CLOCK_MONOTONIC were read more than 20 µs apart, time as programs see it could step back by a
   * few nanoseconds.
   *
   * @param tsc the guest's time-stamp counter
   * @param tscHz its nominal rate in ticks per second
   * @param monotonicNs CLOCK_MONOTONIC in nanoseconds
   * @param realtimeNs CLOCK_REALTIME in nanoseconds since 1970; an earlier time counts as 0
   * @return false if the readings make no sense; the vDSO then uses system calls until the next
   *     good sample
   */
  public boolean update(long tsc, long tscHz, long monotonicNs, long realtimeNs) {
    lock.lock();
    try {
      boolean sane =
          tscHz >= TSC_HZ_MIN
              && tscHz <= TSC_HZ_MAX
              && monotonicNs >= 0
              && monotonicNs <= NANOS_MAX
              && (!running || follows(tsc, monotonicNs));
      if (!sane) {
        stop();
        return false;
      }
      if (!running) {
        start(tsc, tscHz, monotonicNs);
      } else if (tscHz != this.tscHz) {
        setNominalRate(tsc, tscHz, monotonicNs);
      }
      updateOffset(Math.clamp(realtimeNs, 0, NANOS_MAX) - monotonicNs);
      steer(tsc, monotonicNs);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Makes the vDSO use system calls, until the next {@link #update}. */
  public void disable() {
    lock.lock();
    try {
      stop();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void start(long tsc, long tscHz, long nanos) {
    setNominalRate(tsc, tscHz, nanos);
    line = ClockLine.through(tsc, nanos, nanosPerTick);
    lastTsc = tsc;
    lastNanos = nanos;
    realtimeOffset = Long.MIN_VALUE; // far from whatever is measured next
    running = true;
  }

  @GuardedBy("lock")
  private void setNominalRate(long tsc, long tscHz, long nanos) {
    this.tscHz = tscHz;
    nanosPerTick = (double) NANOS_PER_SECOND / tscHz;
    rateMeasured = false;
    rateTsc = tsc;
    rateNanos = nanos;
  }

  @GuardedBy("lock")
  private void stop() {
    running = false;
    beginWrite();
    endWrite(MODE_SYSTEM_CALL);
  }

  /** True if a sample is later than the last one, and not by an absurd time. */
  @GuardedBy("lock")
  private boolean follows(long tsc, long nanos) {
    long ticks = tsc - lastTsc;
    return ticks >= 0
        && ticks * nanosPerTick < SAMPLE_GAP_NANOS_MAX
        && nanos >= lastNanos
        && nanos - lastNanos < SAMPLE_GAP_NANOS_MAX;
  }

  /**
   * Keeps the difference between the two clocks, unless the host's clock was set: reading one after
   * the other gives noise, and CLOCK_REALTIME would jump with it. A change below the step limit
   * counts when it is seen twice in a row, because a thread can lose its core between two readings.
   */
  @GuardedBy("lock")
  private void updateOffset(long measured) {
    long change = absoluteDifference(measured, realtimeOffset);
    if (change <= OFFSET_NOISE_NANOS) {
      candidateOffset = realtimeOffset;
    } else if (change >= STEP_NANOS
        || absoluteDifference(measured, candidateOffset) <= OFFSET_NOISE_NANOS) {
      realtimeOffset = candidateOffset = measured;
    } else {
      candidateOffset = measured;
    }
  }

  private static long absoluteDifference(long a, long b) {
    long difference = a - b;
    boolean overflow = ((a ^ b) & (a ^ difference)) < 0;
    return overflow || difference == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(difference);
  }

  /** Replaces the line by one that leads to the host's clock. */
  @GuardedBy("lock")
  private void steer(long tsc, long nanos) {
    measureRate(tsc, nanos);
    long error = nanos - line.floor(tsc);
    double limit = Math.abs(error) < GENTLE_NANOS ? GENTLE_RATE : HARD_RATE;
    // Half of the error is gone by the next update, whatever the time between updates is: stable.
    double horizon = Math.max(NANOS_PER_SECOND, 2.0 * (nanos - lastNanos));
    double correction = Math.clamp(error / horizon, -limit, limit);
    long mult = ClockLine.slope(nanosPerTick * (1 + correction));

    beginWrite();
    try {
      long pivot = tsc;
      if (mult < line.mult()) {
        long late = Math.clamp(clock.monotonicNanos() - nanos, 0, LATE_NANOS_MAX);
        pivot += (long) Math.ceil((late + SAMPLE_SKEW_NANOS) / nanosPerTick);
      }
      long base = line.ceiling(pivot);
      if (error >= STEP_NANOS) {
        base += error;
      }
      line = new ClockLine(pivot, base, mult);
      storeLine();
    } finally {
      endWrite(MODE_TSC);
    }
    lastTsc = tsc;
    lastNanos = nanos;
  }

  /** Follows the counter's true rate, which differs from the nominal one and changes slowly. */
  @GuardedBy("lock")
  private void measureRate(long tsc, long nanos) {
    if (nanos - rateNanos < RATE_NANOS_MIN) {
      return;
    }
    double measured = (double) (nanos - rateNanos) / (tsc - rateTsc);
    rateTsc = tsc;
    rateNanos = nanos;
    double deviation = measured * tscHz / NANOS_PER_SECOND - 1;
    if (Math.abs(deviation) <= RATE_DEVIATION_MAX) {
      nanosPerTick = rateMeasured ? nanosPerTick + (measured - nanosPerTick) / 4 : measured;
      rateMeasured = true;
    }
  }

  /** Makes the sequence counter odd, visibly to every vCPU before anything that follows. */
  @GuardedBy("lock")
  private void beginWrite() {
    sequence++;
    long mode = memory.getLong(gpa + SEQUENCE_AND_MODE) >>> 32;
    memory.setLongRelease(gpa + SEQUENCE_AND_MODE, mode << 32 | Integer.toUnsignedLong(sequence));
    VarHandle.fullFence();
  }

  @GuardedBy("lock")
  private void endWrite(long mode) {
    sequence++;
    memory.setLongRelease(gpa + SEQUENCE_AND_MODE, mode << 32 | Integer.toUnsignedLong(sequence));
  }

  @GuardedBy("lock")
  private void storeLine() {
    memory.setLong(gpa + BASE_TSC, line.baseTsc());
    memory.setLong(gpa + MULT, line.mult());
    memory.setInt(gpa + SHIFT, ClockLine.SHIFT);
    memory.setInt(gpa + COARSE_TICK, COARSE_TICK_NANOS);
    memory.setLong(gpa + BASE_NANOS, line.baseNanos());
    memory.setLong(gpa + REALTIME_OFFSET, realtimeOffset);
    memory.setLong(gpa + BOOTTIME_OFFSET, 0);
    memory.setLong(gpa + TAI_OFFSET, realtimeOffset);
  }
}

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
 * <p>The page holds two {@link ClockLine}s, nanoseconds as functions of the time-stamp counter, and
 * readers take the later of both times. One is the best estimate of the host's clock. The other,
 * the bridge, leads there from what readers have been told so far.
 *
 * <p><b>The estimate.</b> A {@link ClockSample} says between which bounds the host's clock is; the
 * line so far and how well its slope is known give another pair of bounds. The truth lies in both,
 * and the middle of what they have in common is the estimate. Bounds that have nothing in common
 * mean that the host's clock has changed its rate; then the sample alone counts, and the rate is
 * measured anew.
 *
 * <p><b>Time never steps back.</b> Readers go on with the old lines, together L, until they see the
 * sequence counter odd, so the new ones, together N, have to satisfy N(x) &ge; L(x) for every x
 * that any of them can still have read. The host's clock is read once more after the counter is
 * odd, for all to see; no reader that succeeded with L read the TSC after that moment, p. The
 * bridge goes through the point (p, L(p)), rounded up because readers round down, and is flatter
 * than anything that L can be made of: so it is above L before p, and what it says at p is more
 * than L ever said. An estimate above the bridge counts at once: a clock that is behind steps
 * forward. One below it counts from where they meet: a clock that is ahead is slowed down by a
 * hundredth. Only a counter that itself fails (see {@link #update}) can break this.
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
  static final int BRIDGE_NANOS = 64;
  static final int BRIDGE_MULT = 72;

  private static final long MODE_SYSTEM_CALL = 0;
  private static final long MODE_TSC = 1;

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  /** A counter outside these bounds is no TSC. */
  private static final long TSC_HZ_MIN = 1_000_000;

  private static final long TSC_HZ_MAX = 1_000_000_000_000L;

  /** Two samples further apart than this, a year and a bit, are not of one run of the counter. */
  private static final long SAMPLE_GAP_NANOS_MAX = 1L << 55;

  /** Longest time between a sample and its use, an hour. */
  private static final long LATE_NANOS_MAX = 3600 * NANOS_PER_SECOND;

  /**
   * So much later than it seems, besides twice the error of a sample, may a line have been used.
   */
  private static final long LATE_SLACK_NANOS = 100;

  /** How much flatter a bridge is than the counter's nominal rate. */
  private static final double BRIDGE_SLOWDOWN = 0.01;

  /** Shortest time over which the counter's rate is measured. */
  private static final long RATE_NANOS_MIN = 5_000_000;

  /** Longest time over which it is: rates change slowly, with the temperature. */
  private static final long RATE_NANOS_MAX = 60 * NANOS_PER_SECOND;

  /** How far the true rate may be from the nominal one: twice what adjtimex(2) can do. */
  private static final double RATE_DEVIATION_MAX = 1000e-6;

  /** How much less is known of the rate each second. */
  private static final double RATE_WANDER = 1e-8;

  /** What rounding can make of two equal times. */
  private static final long ROUNDING_NANOS = 2;

  private final RankedLock lock = new RankedLock(LockRank.LEAF);
  private final GuestMemory memory;
  private final long gpa;
  private final Clock clock;

  @GuardedBy("lock")
  private boolean running;

  @GuardedBy("lock")
  private int sequence;

  /** The estimate of the host's clock, and how far it may be off at the last sample. */
  @GuardedBy("lock")
  private ClockLine line = new ClockLine(0, 0, 0);

  @GuardedBy("lock")
  private long lineError;

  /** The way from what readers saw to the estimate. */
  @GuardedBy("lock")
  private ClockLine bridge = new ClockLine(0, 0, 0);

  /** Nominal rate of the counter, the estimate of the true one in nanoseconds per tick. */
  @GuardedBy("lock")
  private long tscHz;

  @GuardedBy("lock")
  private double nanosPerTick;

  /** How far that may be off, as a part of it. */
  @GuardedBy("lock")
  private double rateError;

  /** The last sample's counter and clock. */
  @GuardedBy("lock")
  private long lastTsc;

  @GuardedBy("lock")
  private long lastNanos;

  /** The moment from which on the rate is being measured. */
  @GuardedBy("lock")
  private long anchorTsc;

  @GuardedBy("lock")
  private long anchorNanos;

  @GuardedBy("lock")
  private long anchorError;

  /** CLOCK_REALTIME less CLOCK_MONOTONIC: between these bounds. */
  @GuardedBy("lock")
  private long offsetLow;

  @GuardedBy("lock")
  private long offsetHigh;

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
   * Corrects the clock by a sample.
   *
   * @param tscHz the counter's nominal rate in ticks per second
   * @return false if the readings make no sense; the vDSO then uses system calls until the next
   *     good sample
   */
  public boolean update(ClockSample sample, long tscHz) {
    lock.lock();
    try {
      boolean sane =
          tscHz >= TSC_HZ_MIN
              && tscHz <= TSC_HZ_MAX
              && sample.isSane()
              && (!running || follows(sample.tsc(), sample.nanos()));
      if (!sane) {
        stop();
        return false;
      }
      if (!running) {
        start(sample, tscHz);
      } else if (tscHz != this.tscHz) {
        setNominalRate(sample, tscHz);
      }
      updateOffset(sample.offset(), sample.offsetError());
      correct(sample);
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
  private void start(ClockSample sample, long tscHz) {
    setNominalRate(sample, tscHz);
    line = ClockLine.through(sample.tsc(), sample.nanos(), nanosPerTick);
    bridge = line;
    lineError = sample.error();
    lastTsc = sample.tsc();
    lastNanos = sample.nanos();
    offsetLow = Long.MIN_VALUE;
    offsetHigh = Long.MAX_VALUE;
    running = true;
  }

  @GuardedBy("lock")
  private void setNominalRate(ClockSample sample, long tscHz) {
    this.tscHz = tscHz;
    nanosPerTick = (double) NANOS_PER_SECOND / tscHz;
    rateError = RATE_DEVIATION_MAX;
    anchor(sample.tsc(), sample.nanos(), sample.error());
  }

  @GuardedBy("lock")
  private void anchor(long tsc, long nanos, long error) {
    anchorTsc = tsc;
    anchorNanos = nanos;
    anchorError = error;
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
   * The difference between the two clocks is a constant, about which each sample can only tell
   * more; unless the host's clock was set, and the bounds have nothing in common.
   */
  @GuardedBy("lock")
  private void updateOffset(long offset, long error) {
    long low = offset - error;
    long high = offset + error;
    boolean known = low <= offsetHigh && high >= offsetLow;
    offsetLow = known ? Math.max(low, offsetLow) : low;
    offsetHigh = known ? Math.min(high, offsetHigh) : high;
  }

  /** Replaces the estimate, and makes a bridge to it. */
  @GuardedBy("lock")
  private void correct(ClockSample sample) {
    long tsc = sample.tsc();
    long nanos = estimate(sample);
    measureRate(tsc, nanos);
    double slowest = (double) NANOS_PER_SECOND / tscHz * (1 - BRIDGE_SLOWDOWN);

    beginWrite();
    try {
      long late = Math.clamp(clock.monotonicNanos() - sample.nanos(), 0, LATE_NANOS_MAX);
      double slack = late * RATE_DEVIATION_MAX + 2 * sample.error() + LATE_SLACK_NANOS;
      long pivot = tsc + (long) Math.ceil((late + slack) / nanosPerTick);
      long told = Math.max(line.ceiling(pivot), bridge.ceiling(pivot));
      bridge = new ClockLine(pivot, told, Math.min(bridge.mult(), ClockLine.slope(slowest)));
      line = ClockLine.through(tsc, nanos, nanosPerTick).from(pivot);
      storeLines();
    } finally {
      endWrite(MODE_TSC);
    }
    lastTsc = tsc;
    lastNanos = sample.nanos();
  }

  /** The host's clock at a sample, from the sample and from the line so far. */
  @GuardedBy("lock")
  private long estimate(ClockSample sample) {
    long since = sample.nanos() - lastNanos;
    long expected = line.floor(sample.tsc());
    double drift = rateError * since;
    long slack = lineError + ROUNDING_NANOS + (long) Math.min(drift, LATE_NANOS_MAX);
    long low = Math.max(expected - slack, sample.nanos() - sample.error());
    long high = Math.min(expected + slack, sample.nanos() + sample.error());
    rateError = Math.min(RATE_DEVIATION_MAX, rateError + RATE_WANDER * since / NANOS_PER_SECOND);
    if (low > high) {
      rateError = RATE_DEVIATION_MAX;
      anchor(sample.tsc(), sample.nanos(), sample.error());
      lineError = sample.error();
      return sample.nanos();
    }
    lineError = (high - low + 1) / 2;
    return low + (high - low) / 2;
  }

  /** Follows the counter's true rate, which differs from the nominal one and changes slowly. */
  @GuardedBy("lock")
  private void measureRate(long tsc, long nanos) {
    long time = nanos - anchorNanos;
    if (time < RATE_NANOS_MIN || tsc == anchorTsc) {
      return;
    }
    double measured = (double) time / (tsc - anchorTsc);
    double error = (double) (lineError + anchorError + ROUNDING_NANOS) / time;
    double deviation = measured * tscHz / NANOS_PER_SECOND - 1;
    if (error < rateError && Math.abs(deviation) <= RATE_DEVIATION_MAX) {
      nanosPerTick = measured;
      rateError = error;
    }
    if (time > RATE_NANOS_MAX) {
      anchor(tsc, nanos, lineError);
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
  private void storeLines() {
    long offset = offsetLow + (offsetHigh - offsetLow) / 2;
    memory.setLong(gpa + BASE_TSC, line.baseTsc());
    memory.setLong(gpa + MULT, line.mult());
    memory.setInt(gpa + SHIFT, ClockLine.SHIFT);
    memory.setInt(gpa + COARSE_TICK, COARSE_TICK_NANOS);
    memory.setLong(gpa + BASE_NANOS, line.baseNanos());
    memory.setLong(gpa + BRIDGE_NANOS, bridge.baseNanos());
    memory.setLong(gpa + BRIDGE_MULT, bridge.mult());
    memory.setLong(gpa + REALTIME_OFFSET, offset);
    memory.setLong(gpa + BOOTTIME_OFFSET, 0);
    memory.setLong(gpa + TAI_OFFSET, offset);
  }
}

package org.biscotti.kernel.exec;

/**
 * What the host's clocks showed when the guest's time-stamp counter had a certain value.
 *
 * @param tsc the guest's time-stamp counter
 * @param nanos CLOCK_MONOTONIC at that moment, in nanoseconds
 * @param error how far that may be off, in nanoseconds; at most {@link #ERROR_MAX}
 * @param offset CLOCK_REALTIME less CLOCK_MONOTONIC, in nanoseconds
 * @param offsetError how far that may be off, in nanoseconds
 */
public record ClockSample(long tsc, long nanos, long error, long offset, long offsetError) {
  /** A sample worse than this is none. */
  public static final long ERROR_MAX = 10_000;

  /** Latest time that is taken seriously, 146 years: leaves room for sums. */
  private static final long NANOS_MAX = 1L << 62;

  private static final long OFFSET_ERROR_MAX = 1_000_000_000;

  /** The same with an offset that gives a CLOCK_REALTIME between 1970 and the end of time. */
  public ClockSample {
    if (nanos >= 0 && nanos <= NANOS_MAX) {
      offset = Math.clamp(offset, -nanos, NANOS_MAX - nanos);
    }
  }

  boolean isSane() {
    return nanos >= 0
        && nanos <= NANOS_MAX
        && error >= 0
        && error <= ERROR_MAX
        && offsetError >= 0
        && offsetError <= OFFSET_ERROR_MAX;
  }
}

package org.biscotti.kernel.exec;

/**
 * Time as a function of the time-stamp counter: a straight line.
 *
 * @param baseTsc TSC value at which the line starts
 * @param baseNanos nanoseconds there
 * @param mult slope: nanoseconds per tick, times 2^{@value #SHIFT}; not negative
 */
record ClockLine(long baseTsc, long baseNanos, long mult) {
  /**
   * Binary places of the slope. With 48 of them the slope of a 3 GHz counter is exact to 1e-14, a
   * nanosecond in a day, and any counter above 31 kHz fits into 63 bits. The product of a
   * difference and the slope has 128 bits, so it cannot overflow.
   */
  static final int SHIFT = 48;

  private static final double SCALE = 0x1p48;

  /** A line through a point with a slope in nanoseconds per tick. */
  static ClockLine through(long tsc, long nanos, double nanosPerTick) {
    return new ClockLine(tsc, nanos, slope(nanosPerTick));
  }

  /** The same line, given by where it is at another counter value; up to a nanosecond higher. */
  ClockLine from(long tsc) {
    return new ClockLine(tsc, ceiling(tsc), mult);
  }

  /** The slope as {@link #mult} has it. */
  static long slope(double nanosPerTick) {
    return Math.round(nanosPerTick * SCALE);
  }

  /** Nanoseconds at a counter value, before or after the base, rounded down: what readers see. */
  long floor(long tsc) {
    long ticks = tsc - baseTsc;
    long high = Math.multiplyHigh(ticks, mult);
    long low = ticks * mult;
    return baseNanos + ((high << -SHIFT) | (low >>> SHIFT));
  }

  /** The same, rounded up. */
  long ceiling(long tsc) {
    long fraction = ((tsc - baseTsc) * mult) & ((1L << SHIFT) - 1);
    return floor(tsc) + (fraction == 0 ? 0 : 1);
  }
}

package org.biscotti.kernel.trace;

/**
 * Counts of durations in classes that are at most three per cent wide: 32 for each power of two.
 * Recording allocates nothing. Not safe for use by several threads at once.
 *
 * <p>HdrHistogram would do the same, but it is no named module, and requiring it makes every start
 * of the JVM 25 to 30 ms longer, with statistics or without.
 */
final class LatencyHistogram {
  private static final int CLASSES_SHIFT = 5;
  private static final int CLASSES = 1 << CLASSES_SHIFT;

  /** Longer durations, of 18 minutes and more, count as this long. */
  private static final long NANOS_MAX = (1L << 40) - 1;

  private final long[] counts = new long[indexOf(NANOS_MAX) + 1];
  private long total;

  void record(long nanos) {
    counts[indexOf(Math.clamp(nanos, 0, NANOS_MAX))]++;
    total++;
  }

  void add(LatencyHistogram other) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] += other.counts[i];
    }
    total += other.total;
  }

  /**
   * The duration that a part of all does not exceed.
   *
   * @param percentile from 0 to 100
   * @return nanoseconds, the longest of its class; 0 if nothing has been recorded
   */
  long percentileNanos(double percentile) {
    long rank = Math.max(1, (long) Math.ceil(percentile / 100 * total));
    long seen = 0;
    for (int i = 0; i < counts.length; i++) {
      seen += counts[i];
      if (seen >= rank) {
        return longestOf(i);
      }
    }
    return 0;
  }

  /** Exact below {@link #CLASSES}; above, the exponent and the five bits after the first one. */
  private static int indexOf(long nanos) {
    int exponent = Math.max(0, 63 - CLASSES_SHIFT - Long.numberOfLeadingZeros(nanos));
    return (exponent << CLASSES_SHIFT) + (int) (nanos >>> exponent);
  }

  private static long longestOf(int index) {
    if (index < 2 * CLASSES) {
      return index;
    }
    int exponent = (index >>> CLASSES_SHIFT) - 1;
    long mantissa = (long) CLASSES + (index & (CLASSES - 1));
    return ((mantissa + 1) << exponent) - 1;
  }
}

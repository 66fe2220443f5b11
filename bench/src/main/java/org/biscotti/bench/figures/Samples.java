package org.biscotti.bench.figures;

import java.util.Arrays;

/** Measurements of the same thing, in order of size. */
final class Samples {
  private final double[] sorted;

  private Samples(double... sorted) {
    this.sorted = sorted;
  }

  static Samples of(double... values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return new Samples(sorted);
  }

  int count() {
    return sorted.length;
  }

  /** The value below which so many per cent are, between two of them if need be; NaN if none. */
  double percentile(double percent) {
    if (sorted.length == 0) {
      return Double.NaN;
    }
    double at = percent / 100 * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  Samples times(double factor) {
    return new Samples(Arrays.stream(sorted).map(value -> value * factor).toArray());
  }
}

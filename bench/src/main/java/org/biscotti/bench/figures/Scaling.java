package org.biscotti.bench.figures;

/** How work gets faster with processors. */
final class Scaling {
  private Scaling() {}

  /** Time on one processor divided by time on several. */
  static double speedUp(double one, double several) {
    return one / several;
  }

  /**
   * The share of the work on one processor that does not get faster, by Amdahl's law, from what was
   * measured (Karp and Flatt, Measuring parallel processor performance, 1990). Below 0 where the
   * speed-up is more than the number of processors; NaN for one processor.
   */
  static double serialShare(double speedUp, int processors) {
    if (processors < 2) {
      return Double.NaN;
    }
    return (1 / speedUp - 1.0 / processors) / (1 - 1.0 / processors);
  }
}

package org.biscotti.bench.figures;

/**
 * One thing that was measured.
 *
 * @param series what it belongs to: a line of the picture, or a group of bars
 * @param x where it is in the series: a size, a number, a name
 * @param metric what was measured, with its unit
 * @param median of the repetitions, or the one value
 * @param low the 25th percentile, or the lowest of few; the median where there is nothing else
 * @param high the 75th percentile, or the highest of few
 * @param count how many measurements that is the median of
 * @param command what made it
 */
record Point(
    String series,
    String x,
    String metric,
    double median,
    double low,
    double high,
    long count,
    String command) {
  /** The median and the quartiles of some measurements. */
  static Point of(String series, String x, String metric, Samples samples, String command) {
    return new Point(
        series,
        x,
        metric,
        samples.percentile(50),
        samples.percentile(25),
        samples.percentile(75),
        samples.count(),
        command);
  }

  /** A single value. */
  static Point of(String series, String x, String metric, double value, String command) {
    return new Point(series, x, metric, value, value, value, 1, command);
  }

  /** Where it is, as a number. */
  double xNumber() {
    return Double.parseDouble(x);
  }
}

package org.biscotti.bench.figures;

import java.util.List;

/**
 * What came out of an experiment.
 *
 * @param name the experiment's
 * @param title the experiment's
 * @param points what was measured
 * @param charts how to show it
 * @param findings in words: ratios, what must hold and whether it does
 * @param paper what the paper has, and why ours may differ
 */
record Result(
    String name,
    String title,
    List<Point> points,
    List<Chart> charts,
    List<String> findings,
    List<String> paper) {
  /** The median of a point; NaN if there is no such point. */
  double median(String series, String x, String metric) {
    return points.stream()
        .filter(p -> p.series().equals(series) && p.x().equals(x) && p.metric().equals(metric))
        .mapToDouble(Point::median)
        .findFirst()
        .orElse(Double.NaN);
  }
}

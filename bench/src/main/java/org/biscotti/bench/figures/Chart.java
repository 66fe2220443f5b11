package org.biscotti.bench.figures;

import java.util.List;

/**
 * A picture of some points: those of one metric, a series each.
 *
 * @param file name of its files, without an ending
 * @param title above it
 * @param metric which points it shows
 * @param xTitle below the axis
 * @param kind how it looks
 * @param series which series, in order
 */
record Chart(
    String file, String title, String metric, String xTitle, Kind kind, List<String> series) {
  /** How a picture looks. */
  enum Kind {
    /** Numbers on both axes. */
    LINES(false, false),
    /** The same, x logarithmic. */
    LINES_LOG_X(true, false),
    /** The same, both logarithmic. */
    LINES_LOG(true, true),
    /** A bar for each name. */
    BARS(false, false);

    final boolean xLogarithmic;
    final boolean yLogarithmic;

    Kind(boolean xLogarithmic, boolean yLogarithmic) {
      this.xLogarithmic = xLogarithmic;
      this.yLogarithmic = yLogarithmic;
    }
  }
}

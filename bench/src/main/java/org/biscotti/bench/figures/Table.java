package org.biscotti.bench.figures;

import static java.util.Locale.ROOT;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The points of one metric, a row for each x and a column for each series.
 *
 * @param metric what the cells are
 * @param series the columns
 * @param rows x, and a cell for each series
 */
record Table(String metric, List<String> series, List<List<String>> rows) {
  /** A table for each metric of a result, in the order in which they appear. */
  static List<Table> of(Result result) {
    Set<String> metrics = new LinkedHashSet<>();
    result.points().forEach(point -> metrics.add(point.metric()));
    return metrics.stream().map(metric -> of(result, metric)).toList();
  }

  private static Table of(Result result, String metric) {
    List<Point> points = result.points().stream().filter(p -> p.metric().equals(metric)).toList();
    Set<String> series = new LinkedHashSet<>();
    Set<String> xs = new LinkedHashSet<>();
    for (Point point : points) {
      series.add(point.series());
      xs.add(point.x());
    }
    List<List<String>> rows = new ArrayList<>();
    for (String x : xs) {
      List<String> row = new ArrayList<>(List.of(x));
      for (String column : series) {
        row.add(
            points.stream()
                .filter(p -> p.series().equals(column) && p.x().equals(x))
                .map(Table::cell)
                .findFirst()
                .orElse(""));
      }
      rows.add(row);
    }
    return new Table(metric, List.copyOf(series), rows);
  }

  private static String cell(Point point) {
    String median = number(point.median());
    return point.count() == 1 || point.low() == point.high()
        ? median
        : median + " (" + number(point.low()) + "–" + number(point.high()) + ")";
  }

  /** Three significant digits. */
  static String number(double value) {
    if (!Double.isFinite(value)) {
      return "–";
    }
    double size = Math.abs(value);
    int decimals =
        size >= 100 || value == Math.rint(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
    return String.format(ROOT, "%,." + decimals + "f", value);
  }

  /** For a terminal. */
  String text() {
    List<List<String>> all = new ArrayList<>();
    List<String> header = new ArrayList<>(List.of(""));
    header.addAll(series);
    all.add(header);
    all.addAll(rows);
    StringBuilder text = new StringBuilder("  ").append(metric).append('\n');
    for (List<String> row : all) {
      text.append("  ");
      for (int column = 0; column < row.size(); column++) {
        int index = column;
        int width = all.stream().mapToInt(r -> r.get(index).length()).max().orElse(0);
        String format =
            column == 0 ? "%-" + Math.max(1, width) + "s" : "  %" + Math.max(1, width) + "s";
        text.append(String.format(ROOT, format, row.get(column)));
      }
      text.append('\n');
    }
    return text.toString();
  }
}

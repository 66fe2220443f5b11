package org.biscotti.bench;

import static java.util.Locale.ROOT;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;

/** The figures of {@link CallSweep} as a table for other programs, and as a picture. */
final class Sweep {
  private static final String BENCHMARK = "CallSweep.nullCalls";
  private static final int WIDTH = 900;
  private static final int HEIGHT = 600;

  private Sweep() {}

  /** Numbers of threads that there are figures of, in order. */
  static List<Long> threads(List<Figure> figures) {
    return figures.stream()
        .filter(f -> f.benchmark().equals(BENCHMARK))
        .map(Figure::size)
        .distinct()
        .sorted()
        .toList();
  }

  /** Wall time per call in nanoseconds, or NaN. */
  static double nanos(List<Figure> figures, CallSweep.Side side, long threads) {
    return figures.stream()
        .filter(f -> f.benchmark().equals(BENCHMARK))
        .filter(f -> f.side().equals(side.name()) && f.size() == threads)
        .mapToDouble(Figure::ownNanos)
        .findFirst()
        .orElse(Double.NaN);
  }

  /**
   * Writes {@code callsweep.csv} and {@code callsweep.png} if there are figures for them.
   *
   * @return what was written
   */
  static List<Path> write(List<Figure> figures, Path directory) throws IOException {
    List<Long> threads = threads(figures);
    if (threads.isEmpty()) {
      return List.of();
    }
    Path table = directory.resolve("callsweep.csv");
    Files.writeString(table, table(figures, threads));
    Path picture = directory.resolve("callsweep.png");
    Files.write(picture, ChartEncoder.getBytes(chart(figures, threads), "png"));
    return List.of(table, picture);
  }

  static String table(List<Figure> figures, List<Long> threads) {
    StringBuilder text = new StringBuilder("threads,policy,ns_per_call\n");
    for (CallSweep.Side side : CallSweep.Side.values()) {
      for (long count : threads) {
        double nanos = nanos(figures, side, count);
        if (!Double.isNaN(nanos)) {
          text.append(String.format(ROOT, "%d,%s,%.1f%n", count, name(side), nanos));
        }
      }
    }
    return text.toString();
  }

  private static String name(CallSweep.Side side) {
    return side.name().toLowerCase(ROOT);
  }

  private static XYChart chart(List<Figure> figures, List<Long> threads) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title("A null system call, by threads that call at once")
            .xAxisTitle("threads of one process")
            .yAxisTitle("wall time per call, ns")
            .build();
    chart.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true);
    for (CallSweep.Side side : CallSweep.Side.values()) {
      List<Double> x = new ArrayList<>();
      List<Double> y = new ArrayList<>();
      for (long count : threads) {
        double nanos = nanos(figures, side, count);
        if (!Double.isNaN(nanos)) {
          x.add((double) count);
          y.add(nanos);
        }
      }
      if (!x.isEmpty()) {
        chart.addSeries(name(side), x, y);
      }
    }
    return chart;
  }
}

package org.biscotti.bench.figures;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/** Latency of a call that is due every 100 µs while the kernel allocates, by collector. */
final class LatencyFigure implements Experiment {
  private static final String LATENCY = "latency, µs";
  private static final int PERIOD_MICROS = 100;
  private static final int BYTES = 256 << 10;
  private static final int PAUSE_MICROS = 2000;
  private static final int KEPT = 512;
  private static final int OBJECTS = 1_000_000;
  private static final List<Double> PERCENTILES =
      List.of(50.0, 90.0, 99.0, 99.9, 99.99, 99.999, 100.0);

  @Override
  public String name() {
    return "latency";
  }

  @Override
  public String title() {
    return "Garbage collection and latency";
  }

  @Override
  public int steps(Extent extent) {
    return extent.collectors().size();
  }

  @Override
  public Result run(Lab lab) throws IOException {
    List<Point> points = new ArrayList<>();
    List<String> findings = new ArrayList<>();
    for (String collector : lab.collectors()) {
      lab.step("latency, " + collector);
      Lab.Output output =
          lab.guest(
              List.of("--research-calls", "--gc=" + collector, "--kernel-heap=2G"),
              List.of(
                  lab.program("latency"),
                  lab.choose("4", "60"),
                  Integer.toString(PERIOD_MICROS),
                  Integer.toString(BYTES),
                  Integer.toString(PAUSE_MICROS),
                  Integer.toString(KEPT),
                  Integer.toString(OBJECTS)));
      Histogram histogram = new Histogram(3);
      for (double[] row : output.rows()) {
        histogram.recordValueWithCount((long) row[0], (long) row[1]);
      }
      for (double percentile : PERCENTILES) {
        double micros = histogram.getValueAtPercentile(percentile) / 1e3;
        points.add(Point.of(collector, name(percentile), LATENCY, micros, output.command()));
      }
      findings.add(
          "%s: median %.1f µs, 99.99 %% %.0f µs, worst %.0f µs of %d calls"
              .formatted(
                  collector,
                  histogram.getValueAtPercentile(50) / 1e3,
                  histogram.getValueAtPercentile(99.99) / 1e3,
                  histogram.getMaxValue() / 1e3,
                  histogram.getTotalCount()));
    }
    return new Result(
        name(),
        title(),
        points,
        List.of(
            new Chart(
                "latency",
                "Latency of a call that is due every %d µs".formatted(PERIOD_MICROS),
                LATENCY,
                "percentile",
                Chart.Kind.BARS,
                lab.collectors())),
        findings,
        List.of(
            "The paper is concerned about deadlines that a collection makes a program miss (section "
                + "5), and has no figure. A call that a pause makes late counts with all of its delay.",
            "Another thread has the kernel allocate %d KiB every %d µs meanwhile, beside %,d live objects."
                .formatted(BYTES >> 10, PAUSE_MICROS, OBJECTS)));
  }

  private static String name(double percentile) {
    return percentile == 100 ? "worst" : Double.toString(percentile) + " %";
  }
}

package org.biscotti.bench.figures;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The paper's figure 2: large reads of a cached file, by one thread, by a transient thread for each
 * part, and by whoever is idle; beside them what memory allows.
 */
final class ReadFigure implements Experiment {
  private static final String BANDWIDTH = "GB/s";
  private static final String TIME = "µs per call";
  private static final String INLINE = "inline";
  private static final String THREAD = "a thread for each part";
  private static final String ADAPTIVE = "adaptive";
  private static final String NATIVE = "native Linux";
  private static final double BANDWIDTH_MIN = 0.8;
  private static final double SLOWER_MAX = 1.05;
  private static final Map<String, String> POLICIES =
      Map.of(INLINE, "inline", THREAD, "thread", ADAPTIVE, "adaptive");

  @Override
  public String name() {
    return "read";
  }

  @Override
  public String title() {
    return "Figure 2: parallel read";
  }

  @Override
  public int steps(boolean quick) {
    return POLICIES.size() + 3;
  }

  @Override
  public Result run(Lab lab) throws IOException {
    List<String> sizes = new ArrayList<>();
    for (long size = 4096; size <= 256L << 20; size *= lab.choose(4, 2)) {
      sizes.add(Long.toString(size));
    }
    List<Point> points = new ArrayList<>();
    List<String> program = new ArrayList<>(List.of(lab.program("parread"), "read", "/tmp"));
    program.addAll(sizes);
    for (String series : List.of(INLINE, THREAD, ADAPTIVE)) {
      lab.step("reads, " + series);
      List<String> options = List.of("--memory=2G", "--parallel=" + POLICIES.get(series));
      add(points, series, lab.guest(options, program));
    }
    lab.step("reads, native");
    program.set(2, "/dev/shm");
    add(points, NATIVE, lab.natively(program));
    List<String> copies = new ArrayList<>();
    for (int threads : new int[] {1, Lab.cores()}) {
      String series = threads == 1 ? "memcpy, 1 thread" : "memcpy, %d threads".formatted(threads);
      lab.step(series);
      copies.add(series);
      List<String> copy =
          new ArrayList<>(List.of(lab.program("parread"), "copy", Integer.toString(threads)));
      copy.addAll(sizes);
      add(points, series, lab.natively(copy));
    }
    List<String> series = new ArrayList<>(List.of(INLINE, THREAD, ADAPTIVE, NATIVE));
    series.addAll(copies);
    Result result =
        new Result(
            name(),
            title(),
            points,
            List.of(
                new Chart(
                    "read",
                    "Reads of a cached file",
                    BANDWIDTH,
                    "bytes of one read",
                    Chart.Kind.LINES_LOG_X,
                    series)),
            new ArrayList<>(),
            List.of(
                "The paper prints the code (figure 2) and does not measure it: a thread for each block.",
                "Native memcpy is bound by memory. A read in the guest goes page by page, by the "
                    + "kernel's tables, and small ones have the cost of a system call in them."));
    judge(result, sizes, copies.getLast());
    return result;
  }

  private static void judge(Result result, List<String> sizes, String allCores) {
    double worst = 0;
    String where = "";
    String pays = "no size";
    for (String size : sizes) {
      double inline = result.median(INLINE, size, TIME);
      double slower = result.median(ADAPTIVE, size, TIME) / inline;
      if (slower > worst) {
        worst = slower;
        where = Lab.bytes(Double.parseDouble(size));
      }
      if (pays.equals("no size") && result.median(THREAD, size, TIME) < 0.95 * inline) {
        pays = Lab.bytes(Double.parseDouble(size));
      }
    }
    String largest = sizes.getLast();
    double share =
        result.median(ADAPTIVE, largest, BANDWIDTH) / result.median(allCores, largest, BANDWIDTH);
    result
        .findings()
        .addAll(
            List.of(
                "adaptive, %s: %.2f times the bandwidth of %s; at least %.1f is asked for"
                    .formatted(
                        Lab.bytes(Double.parseDouble(largest)), share, allCores, BANDWIDTH_MIN),
                "adaptive is at most %.2f times as slow as inline (%s); at most %.2f is asked for"
                    .formatted(worst, where, SLOWER_MAX),
                "a thread for each part pays from " + pays + " on"));
  }

  private static void add(List<Point> points, String series, Lab.Output output) {
    for (double[] row : output.rows()) {
      String size = Long.toString((long) row[0]);
      points.add(
          new Point(
              series,
              size,
              BANDWIDTH,
              row[0] / row[2],
              row[0] / row[4],
              row[0] / row[3],
              (long) row[1],
              output.command()));
      points.add(
          new Point(
              series,
              size,
              TIME,
              row[2] / 1000,
              row[3] / 1000,
              row[4] / 1000,
              (long) row[1],
              output.command()));
    }
  }
}

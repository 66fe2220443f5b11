package org.biscotti.bench.figures;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The paper's figure 2: large reads and writes of a cached file, by one thread, by a transient
 * thread for each page or for each part, and by whoever is idle; beside them what memory allows.
 */
final class ReadFigure implements Experiment {
  private static final String BANDWIDTH = "GB/s";
  private static final String TIME = "µs per call";
  private static final String INLINE = "inline";
  private static final String THREAD = "a thread for each part";
  private static final String BLOCK = "a thread for each page";
  private static final String ADAPTIVE = "adaptive";
  private static final String NATIVE = "native Linux";
  private static final double BANDWIDTH_MIN = 0.8;
  private static final double SLOWER_MAX = 1.05;

  /** What {@code --parallel} calls the policies. */
  private static final Map<String, String> POLICIES =
      Map.of(INLINE, "inline", THREAD, "thread", BLOCK, "block", ADAPTIVE, "adaptive");

  private static final List<String> SUBJECTS = List.of(INLINE, BLOCK, THREAD, ADAPTIVE, NATIVE);

  /** What is done to the file, as the program and as the results name it. */
  private enum Operation {
    READ("reads"),
    WRITE("overwrites");

    final String plural;

    Operation(String plural) {
      this.plural = plural;
    }

    String argument() {
      return name().toLowerCase(Locale.ROOT);
    }

    String series(String subject) {
      return plural + ", " + subject;
    }
  }

  @Override
  public String name() {
    return "read";
  }

  @Override
  public String title() {
    return "Figure 2: parallel read";
  }

  @Override
  public int steps(Extent extent) {
    return Operation.values().length * SUBJECTS.size() * rounds(extent.quick()) + 2;
  }

  /** Each JVM compiles a little differently: what is compared is the median of several. */
  private static int rounds(boolean quick) {
    return quick ? 1 : 3;
  }

  @Override
  public Result run(Lab lab) throws IOException {
    List<String> sizes = new ArrayList<>();
    for (long size = 4096; size <= 256L << 20; size *= lab.choose(16, 2)) {
      sizes.add(Long.toString(size));
    }
    List<Point> points = new ArrayList<>();
    List<String> copies = new ArrayList<>();
    for (int threads : new int[] {1, Lab.cores()}) {
      String series = threads == 1 ? "memcpy, 1 thread" : "memcpy, %d threads".formatted(threads);
      lab.step(series);
      copies.add(series);
      Lab.Output output = lab.natively(command(lab, sizes, "copy", Integer.toString(threads)));
      add(points, series, List.of(output));
    }
    List<Chart> charts = new ArrayList<>();
    for (Operation operation : Operation.values()) {
      Map<String, List<Lab.Output>> outputs = new HashMap<>();
      for (int round = 0; round < rounds(lab.quick()); round++) {
        for (String subject : SUBJECTS) {
          lab.step(operation.series(subject));
          outputs
              .computeIfAbsent(subject, _ -> new ArrayList<>())
              .add(measure(lab, sizes, operation, subject));
        }
      }
      List<String> shown = new ArrayList<>();
      for (String subject : SUBJECTS) {
        String series = operation.series(subject);
        shown.add(series);
        add(points, series, outputs.getOrDefault(subject, List.of()));
      }
      shown.addAll(copies);
      charts.add(
          new Chart(
              operation.argument(),
              "Cached file, " + operation.plural,
              BANDWIDTH,
              "bytes of one call",
              Chart.Kind.LINES_LOG_X,
              shown));
    }
    Result result =
        new Result(
            name(),
            title(),
            points,
            charts,
            new ArrayList<>(),
            List.of(
                "The paper prints the code (figure 2) and does not measure it: a thread for each block, "
                    + "here for each page. Section 4.3 hands out several at once.",
                "Native memcpy is bound by memory. A call in the guest goes page by page, by the "
                    + "kernel's tables, and small ones have the cost of a system call in them.",
                "Several threads write only to pages that the file has; new ones are one thread's."));
    for (Operation operation : Operation.values()) {
      judge(result, operation, sizes, copies.getLast());
    }
    return result;
  }

  private static Lab.Output measure(
      Lab lab, List<String> sizes, Operation operation, String subject) throws IOException {
    if (subject.equals(NATIVE)) {
      return lab.natively(command(lab, sizes, operation.argument(), "/dev/shm"));
    }
    return lab.guest(
        List.of("--memory=2G", "--parallel=" + POLICIES.get(subject)),
        command(lab, sizes, operation.argument(), "/tmp"));
  }

  private static List<String> command(Lab lab, List<String> sizes, String... words) {
    List<String> command = new ArrayList<>(List.of(lab.program("parread")));
    command.addAll(List.of(words));
    command.addAll(sizes);
    return command;
  }

  private static void judge(
      Result result, Operation operation, List<String> sizes, String allCores) {
    String adaptive = operation.series(ADAPTIVE);
    double worst = 0;
    String where = "";
    String pays = "no size";
    for (String size : sizes) {
      double inline = result.median(operation.series(INLINE), size, TIME);
      double slower = result.median(adaptive, size, TIME) / inline;
      if (slower > worst) {
        worst = slower;
        where = Lab.bytes(Double.parseDouble(size));
      }
      if (pays.equals("no size")
          && result.median(operation.series(THREAD), size, TIME) < 0.95 * inline) {
        pays = Lab.bytes(Double.parseDouble(size));
      }
    }
    String largest = sizes.getLast();
    double share =
        result.median(adaptive, largest, BANDWIDTH) / result.median(allCores, largest, BANDWIDTH);
    result
        .findings()
        .addAll(
            List.of(
                "%s, %s: %.2f times the bandwidth of %s; at least %.1f is asked for"
                    .formatted(
                        adaptive,
                        Lab.bytes(Double.parseDouble(largest)),
                        share,
                        allCores,
                        BANDWIDTH_MIN),
                "%s: at most %.2f times as slow as inline (%s); at most %.2f is asked for"
                    .formatted(adaptive, worst, where, SLOWER_MAX),
                "%s: a thread for each part pays from %s on".formatted(operation.plural, pays)));
  }

  /** Adds, for each size, the median of the runs. */
  private static void add(List<Point> points, String series, List<Lab.Output> runs) {
    List<List<double[]>> tables = runs.stream().map(Lab.Output::rows).toList();
    Lab.Output output = runs.getFirst();
    for (int i = 0; i < tables.getFirst().size(); i++) {
      int line = i;
      double[] row =
          tables.stream()
              .map(table -> table.get(line))
              .sorted(Comparator.comparingDouble(numbers -> numbers[2]))
              .toList()
              .get(tables.size() / 2);
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

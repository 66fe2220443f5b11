package org.biscotti.bench.figures;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.biscotti.kernel.parallel.Parallelism;

/**
 * The paper's figure 2: large reads and writes of a cached file, by one thread, by a transient
 * thread for each page or for each part, and by whoever is idle; beside them what memory allows.
 */
final class ReadFigure implements Experiment {
  private static final String BANDWIDTH = "GB/s";
  private static final String TIME = "µs per call";
  private static final String NATIVE = "native Linux";
  private static final double BANDWIDTH_MIN = 0.8;
  private static final double SLOWER_MAX = 1.05;

  /** What takes a smaller share of the time is faster, not lucky. */
  private static final double PAYS = 0.95;

  /** Where the program's lines have the median and the policy. */
  private static final int MEDIAN_COLUMN = 2;

  private static final int POLICY_COLUMN = 5;

  /** What a policy is called in the results. */
  private static String subject(Parallelism policy) {
    return switch (policy) {
      case INLINE -> "inline";
      case THREAD -> "a thread for each part";
      case BLOCK -> "a thread for each page";
      case HELPER -> "idle cores always";
      case ADAPTIVE -> "adaptive";
    };
  }

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

    String series(Parallelism policy) {
      return series(subject(policy));
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
    return Operation.values().length * 2 * rounds(extent.quick()) + 2;
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
      add(points, series, List.of(output), Parallelism.INLINE);
    }
    List<Chart> charts = new ArrayList<>();
    List<String> findings = new ArrayList<>();
    for (Operation operation : Operation.values()) {
      List<Lab.Output> guest = new ArrayList<>();
      List<Lab.Output> natively = new ArrayList<>();
      for (int round = 0; round < rounds(lab.quick()); round++) {
        lab.step(operation.series("by each policy"));
        guest.add(inGuest(lab, sizes, operation));
        lab.step(operation.series(NATIVE));
        natively.add(lab.natively(command(lab, sizes, operation.argument(), "/dev/shm")));
      }
      List<String> shown = new ArrayList<>();
      for (Parallelism policy : Parallelism.values()) {
        shown.add(operation.series(policy));
        add(points, shown.getLast(), guest, policy);
      }
      shown.add(operation.series(NATIVE));
      add(points, shown.getLast(), natively, Parallelism.INLINE);
      shown.addAll(copies);
      findings.add(slowest(operation, sizes, guest));
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
            findings,
            List.of(
                "The policies take turns of 50 ms in the same JVM, as each JVM compiles a little "
                    + "differently; what is shown is the median of %d such."
                        .formatted(rounds(lab.quick())),
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

  private static Lab.Output inGuest(Lab lab, List<String> sizes, Operation operation)
      throws IOException {
    return lab.guest(
        List.of("--memory=2G", "--research-calls", "--env=POLICIES=" + Parallelism.values().length),
        command(lab, sizes, operation.argument(), "/tmp"));
  }

  private static List<String> command(Lab lab, List<String> sizes, String... words) {
    List<String> command = new ArrayList<>(List.of(lab.program("parread")));
    command.addAll(List.of(words));
    command.addAll(sizes);
    return command;
  }

  /** Where the adaptive policy loses most against doing everything inline in the same JVM. */
  private static String slowest(
      Operation operation, List<String> sizes, List<Lab.Output> machines) {
    List<double[]> ratios = machines.stream().map(ReadFigure::adaptiveByInline).toList();
    double worst = 0;
    String where = "";
    for (int i = 0; i < sizes.size(); i++) {
      int line = i;
      Stream<Double> each = ratios.stream().map(of -> of[line]);
      double slower = median(each, Comparator.naturalOrder());
      if (slower > worst) {
        worst = slower;
        where = Lab.bytes(Double.parseDouble(sizes.get(i)));
      }
    }
    return "%s: at most %.2f times as slow as inline (%s); at most %.2f is asked for"
        .formatted(operation.series(Parallelism.ADAPTIVE), worst, where, SLOWER_MAX);
  }

  /** How long it takes in one machine, for each size. */
  private static double[] adaptiveByInline(Lab.Output machine) {
    List<double[]> adaptive = lines(machine, Parallelism.ADAPTIVE);
    List<double[]> inline = lines(machine, Parallelism.INLINE);
    return IntStream.range(0, inline.size())
        .mapToDouble(i -> adaptive.get(i)[MEDIAN_COLUMN] / inline.get(i)[MEDIAN_COLUMN])
        .toArray();
  }

  private static void judge(
      Result result, Operation operation, List<String> sizes, String allCores) {
    String adaptive = operation.series(Parallelism.ADAPTIVE);
    String pays = "no size";
    for (String size : sizes.reversed()) {
      if (result.median(operation.series(Parallelism.HELPER), size, TIME)
          > PAYS * result.median(operation.series(Parallelism.INLINE), size, TIME)) {
        break;
      }
      pays = Lab.bytes(Double.parseDouble(size));
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
                "%s: idle cores pay from %s on".formatted(operation.plural, pays)));
  }

  /**
   * What a program has printed of a policy, a line for each size; a native one knows the first
   * only.
   */
  private static List<double[]> lines(Lab.Output output, Parallelism policy) {
    return output.rows().stream().filter(row -> row[POLICY_COLUMN] == policy.number()).toList();
  }

  private static <T> T median(Stream<T> values, Comparator<T> order) {
    List<T> sorted = values.sorted(order).toList();
    return sorted.get(sorted.size() / 2);
  }

  /** Adds, for each size, the median of the runs. */
  private static void add(
      List<Point> points, String series, List<Lab.Output> runs, Parallelism policy) {
    List<List<double[]>> tables = runs.stream().map(run -> lines(run, policy)).toList();
    Lab.Output output = runs.getFirst();
    for (int i = 0; i < tables.getFirst().size(); i++) {
      int line = i;
      double[] row =
          median(
              tables.stream().map(table -> table.get(line)),
              Comparator.comparingDouble(numbers -> numbers[MEDIAN_COLUMN]));
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

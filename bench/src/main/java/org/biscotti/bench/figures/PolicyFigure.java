package org.biscotti.bench.figures;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.biscotti.kernel.serve.Policies;

/**
 * What system calls cost by each policy, in turns in one kernel, alone and beside other programs.
 */
final class PolicyFigure implements Experiment {
  private static final String TIME = "ns per operation";
  private static final String RATIO = "times inline";
  private static final double SLOWER_MAX = 1.05;

  /** What bench/guest/policies.c measures, in its order. */
  private static final List<String> OPERATIONS =
      List.of(
          "getppid",
          "open and close",
          "stat",
          "pread 1 B",
          "pread 4 KiB",
          "pwrite 1 B",
          "pread 1 MiB",
          "life of a small file",
          "pipe round trip");

  // The program's columns.
  private static final int OPERATION = 0;
  private static final int POLICY = 1;
  private static final int TURNS = 2;
  private static final int MEDIAN = 3;
  private static final int LOW = 4;
  private static final int HIGH = 5;

  /** What runs beside the program that is measured. */
  private enum Load {
    IDLE("alone"),
    COMPUTING("one computing"),
    CALLING("one calling");

    final String words;

    Load(String words) {
      this.words = words;
    }
  }

  @Override
  public String name() {
    return "policies";
  }

  @Override
  public String title() {
    return "Policies of system calls";
  }

  private static List<Load> loads(boolean quick) {
    return quick ? List.of(Load.IDLE) : List.of(Load.values());
  }

  @Override
  public int steps(Extent extent) {
    return loads(extent.quick()).size();
  }

  @Override
  public Result run(Lab lab) throws IOException {
    List<Point> points = new ArrayList<>();
    List<Chart> charts = new ArrayList<>();
    List<String> findings = new ArrayList<>();
    for (Load load : loads(lab.quick())) {
      lab.step(load.words);
      Lab.Output output =
          lab.guest(
              List.of("--research-calls"),
              List.of(
                  lab.program("policies"),
                  "/tmp",
                  Integer.toString(Policies.values().length),
                  lab.choose("7", "101"),
                  load.name().toLowerCase(Locale.ROOT)));
      double inline = 0;
      for (double[] row : output.rows()) {
        // The simplest one comes first of each operation; and operations differ by a thousand
        // times.
        inline = row[POLICY] == Policies.INLINE.number() ? row[MEDIAN] : inline;
        double ratio = row[MEDIAN] / inline;
        points.add(point(load, row, output.command()));
        points.add(Point.of(series(load, row), operation(row), RATIO, ratio, output.command()));
      }
      charts.add(
          new Chart(
              "policies-" + load.name().toLowerCase(Locale.ROOT),
              "System calls by policy, " + load.words,
              RATIO,
              "operation",
              Chart.Kind.BARS,
              Arrays.stream(Policies.values()).map(policy -> series(load, policy)).toList()));
    }
    Result result =
        new Result(
            name(),
            title(),
            points,
            charts,
            findings,
            List.of(
                "The paper would have a thread for each call, \"adaptively turned into queuing of "
                    + "closures\" where that is cheaper (section 3), and has no figure.",
                "The policies take turns of 10 ms in the same JVM, so that they meet the same compiled "
                    + "code. One that is the only one a JVM has ever seen costs a little less.",
                "Alone: another vCPU is idle, and its thread serves. One computing, one calling: another "
                    + "program does nothing but that, so that on two vCPUs every call is an exit."));
    for (Load load : loads(lab.quick())) {
      findings.add(worst(result, load) + (lab.quick() ? "; these are too few turns" : ""));
    }
    return result;
  }

  private static String series(Load load, Policies policy) {
    return policy.name().toLowerCase(Locale.ROOT) + ", " + load.words;
  }

  private static String series(Load load, double[] row) {
    return series(load, Policies.of((long) row[POLICY]).orElseThrow());
  }

  private static String operation(double[] row) {
    return OPERATIONS.get((int) row[OPERATION]);
  }

  private static Point point(Load load, double[] row, String command) {
    return new Point(
        series(load, row),
        operation(row),
        TIME,
        row[MEDIAN],
        row[LOW],
        row[HIGH],
        (long) row[TURNS],
        command);
  }

  /** Where the adaptive policy is farthest from the best of the others. */
  private static String worst(Result result, Load load) {
    double worst = 0;
    String where = "";
    for (String operation : OPERATIONS) {
      double best =
          Arrays.stream(Policies.values())
              .filter(policy -> policy != Policies.ADAPTIVE)
              .mapToDouble(policy -> result.median(series(load, policy), operation, TIME))
              .min()
              .orElseThrow();
      double ratio = result.median(series(load, Policies.ADAPTIVE), operation, TIME) / best;
      if (ratio > worst) {
        worst = ratio;
        where = operation;
      }
    }
    return "%s: adaptive takes at most %.2f times the best of the others (%s); at most %.2f is asked for"
        .formatted(load.words, worst, where, SLOWER_MAX);
  }
}

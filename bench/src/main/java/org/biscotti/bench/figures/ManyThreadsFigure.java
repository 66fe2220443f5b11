package org.biscotti.bench.figures;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What a thread and a switch between threads cost, with ten and with ten thousand of them. */
final class ManyThreadsFigure implements Experiment {
  private static final String MICROS = "µs each";
  private static final String NATIVE = "native Linux";
  private static final String GUEST = "guest";

  /** What bench/guest/manythreads.c measures, in the order of its columns behind the first. */
  private static final List<String> OPERATIONS = List.of("create", "switch", "join");

  @Override
  public String name() {
    return "manythreads";
  }

  @Override
  public String title() {
    return "Many threads in one process";
  }

  @Override
  public int steps(Extent extent) {
    return 2;
  }

  @Override
  public Result run(Lab lab) throws IOException {
    List<String> program = new ArrayList<>(List.of(lab.program("manythreads")));
    for (int count = 10; count <= lab.choose(1_000, 10_000); count *= 10) {
      program.add(Integer.toString(count));
      program.add(Integer.toString(count)); // the first time is not all compiled
    }
    List<Point> points = new ArrayList<>();
    lab.step("native");
    add(points, NATIVE, lab.natively(program));
    lab.step("guest");
    add(points, GUEST, lab.guest(List.of(), program));
    List<String> series = new ArrayList<>();
    for (String operation : OPERATIONS) {
      series.add(GUEST + ", " + operation);
      series.add(NATIVE + ", " + operation);
    }
    Result result =
        new Result(
            name(),
            title(),
            points,
            List.of(
                new Chart(
                    "manythreads",
                    "Threads of one process",
                    MICROS,
                    "threads",
                    Chart.Kind.LINES_LOG,
                    series)),
            new ArrayList<>(),
            List.of(
                "The paper has no figure of it. A switch: a thread is woken by a futex, wakes the"
                    + " next and waits. What scales stays level."));
    judge(result, program.get(1), program.getLast());
    return result;
  }

  private static void add(List<Point> points, String side, Lab.Output output) {
    List<double[]> rows = output.rows();
    for (int i = 1; i < rows.size(); i += 2) {
      double[] row = rows.get(i);
      String threads = Long.toString((long) row[0]);
      for (int column = 1; column < row.length; column++) {
        String series = side + ", " + OPERATIONS.get(column - 1);
        points.add(Point.of(series, threads, MICROS, row[column] / 1000, output.command()));
      }
    }
  }

  private static void judge(Result result, String few, String many) {
    for (String operation : OPERATIONS) {
      String guest = GUEST + ", " + operation;
      String host = NATIVE + ", " + operation;
      result
          .findings()
          .add(
              "%s: with %s threads %.2f times what it is with %s; native %.2f times"
                  .formatted(
                      operation,
                      many,
                      result.median(guest, many, MICROS) / result.median(guest, few, MICROS),
                      few,
                      result.median(host, many, MICROS) / result.median(host, few, MICROS)));
    }
  }
}

package org.biscotti.bench.figures;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.biscotti.kvm.HostCpus;

/**
 * What processes, threads, signals and page faults cost, against native Linux on the same cores in
 * the same run.
 */
final class ProcessFigure implements Experiment {
  private static final String MICROS = "µs each";
  private static final String RATIO = "times native";
  private static final String NATIVE = "native Linux";
  private static final String GUEST = "guest";
  private static final String BAR = "at most";

  /** Round trips are between two. */
  private static final int CORES = 2;

  private static final int ROUNDS = 60;
  private static final int ROUNDS_QUICK = 8;

  /**
   * One that bench/guest/processes.c knows.
   *
   * @param name what it is called there
   * @param what for people
   * @param count how many make a round; of pages, how often all of them are touched
   * @param ratioMax how many times native it may cost
   */
  private record Measured(String name, String what, int count, double ratioMax) {}

  private static final List<Measured> ALL =
      List.of(
          new Measured("fork", "fork, exit, wait", 100, 6),
          new Measured("exec", "fork, exec, exit, wait", 100, 6),
          new Measured("pipe", "pipe round trip", 2000, 13),
          new Measured("futex", "futex round trip", 2000, 16),
          new Measured("signal", "signal to itself", 20_000, 3),
          new Measured("thread", "thread created and joined", 500, 4),
          new Measured("fault", "first touch of a page", 1, 2),
          new Measured("cowsingle", "copy on write, a page alone", 5, 20),
          new Measured("cow", "copy on write, in order", 1, 3));

  @Override
  public String name() {
    return "processes";
  }

  @Override
  public String title() {
    return "Processes, threads, signals and faults";
  }

  @Override
  public int steps(Extent extent) {
    return 2 * ALL.size();
  }

  @Override
  public Result run(Lab lab) throws IOException {
    String cores = cores();
    Result result =
        new Result(
            name(),
            title(),
            new ArrayList<>(),
            List.of(
                new Chart(
                    "processes",
                    "Against native Linux on the same cores",
                    RATIO,
                    "operation",
                    Chart.Kind.BARS,
                    List.of(GUEST, BAR))),
            new ArrayList<>(),
            List.of(
                "The paper has no figure of these. Both sides run on cores %s of the host, one right after the other; the guest has its kernel on them too."
                    .formatted(cores)));
    for (Measured measured : ALL) {
      List<String> program =
          List.of(
              lab.program("processes"),
              measured.name(),
              Integer.toString(measured.count()),
              Integer.toString(lab.choose(ROUNDS_QUICK, ROUNDS)));
      lab.step(measured.what() + ", native");
      add(result, NATIVE, measured.what(), lab.nativelyOn(cores, program));
      lab.step(measured.what() + ", guest");
      List<String> options = List.of("--cpus=" + cores.split(",", -1).length);
      add(result, GUEST, measured.what(), lab.guestOn(cores, options, program));
      addRatio(result, measured.what(), measured.ratioMax());
    }
    return result;
  }

  /** The first cores that this process may use. */
  private static String cores() {
    return Arrays.stream(HostCpus.allowed())
        .limit(CORES)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(","));
  }

  private static void add(Result result, String series, String what, Lab.Output output) {
    result.points().add(Point.of(series, what, MICROS, micros(output.output()), output.command()));
  }

  /** Microseconds of one operation, by round. Warm: the first half is left out. */
  static Samples micros(List<String> lines) {
    return Samples.of(
            lines.subList(lines.size() / 2, lines.size()).stream()
                .map(Lab.Output::named)
                .mapToDouble(values -> values.getOrDefault("ns", Double.NaN))
                .toArray())
        .times(1e-3);
  }

  /** The ratio of an operation, and whether it is what it has to be. */
  static void addRatio(Result result, String what, double ratioMax) {
    double ratio = result.median(GUEST, what, MICROS) / result.median(NATIVE, what, MICROS);
    String command = "computed from: " + MICROS;
    result.points().add(Point.of(GUEST, what, RATIO, ratio, command));
    result.points().add(Point.of(BAR, what, RATIO, ratioMax, command));
    result
        .findings()
        .add(
            "%s: %.2f times native; at most %.0f is asked for%s"
                .formatted(what, ratio, ratioMax, ratio <= ratioMax ? "" : ": MISSED"));
  }
}

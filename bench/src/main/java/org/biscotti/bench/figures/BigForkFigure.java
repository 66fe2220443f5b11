package org.biscotti.bench.figures;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.biscotti.kernel.mem.ForkPolicies;

/** The paper's section 4.3: forks of a large process, its page tables copied by policy. */
final class BigForkFigure implements Experiment {
  private static final String FORK = "fork call, ms";
  private static final String WHOLE = "fork, exit and wait, ms";
  private static final String CYCLES = "million cycles per fork call";
  private static final String NATIVE = "native Linux";
  private static final String BY_CORES = "parallel by cores";
  private static final String SPEED_UP = "fork call, times as fast as on one core";
  private static final String SERIAL = "serial share, %";
  private static final double SPEED_UP_MIN = 1.5;
  private static final double SERIAL_PERCENT_MAX = 15;

  @Override
  public String name() {
    return "fork";
  }

  @Override
  public String title() {
    return "Section 4.3: parallel fork";
  }

  @Override
  public int steps(Extent extent) {
    return 1 + ForkPolicies.values().length + Lab.cores();
  }

  @Override
  public Result run(Lab lab) throws IOException {
    int mebibytes = lab.choose(1024, 4096);
    int forks = lab.choose(100, 500);
    List<String> program =
        List.of(lab.program("bigfork"), Integer.toString(mebibytes), Integer.toString(forks));
    String memory = "--memory=" + (mebibytes * 5L / 4 + 512) + "M";
    List<Point> points = new ArrayList<>();
    List<String> series = new ArrayList<>(List.of(NATIVE));
    lab.step("fork of %d MiB, native".formatted(mebibytes));
    add(points, NATIVE, "all cores", lab.natively(program));
    for (ForkPolicies policy : ForkPolicies.values()) {
      String name = policy.name().toLowerCase(Locale.ROOT);
      series.add(name);
      lab.step("fork of %d MiB, %s".formatted(mebibytes, name));
      add(points, name, "all cores", lab.guest(List.of(memory, "--fork=" + name), program));
    }
    for (int used = 1; used <= Lab.cores(); used++) {
      lab.step("parallel fork of %d MiB on %d cores".formatted(mebibytes, used));
      add(points, BY_CORES, Integer.toString(used), lab.guest(onCores(used, memory), program));
    }
    Result result =
        new Result(
            name(),
            title(),
            points,
            List.of(
                new Chart(
                    "fork",
                    "Fork of %d MiB".formatted(mebibytes),
                    FORK,
                    "",
                    Chart.Kind.BARS,
                    series),
                new Chart(
                    "fork-scaling",
                    "Parallel fork by number of cores",
                    FORK,
                    "cores",
                    Chart.Kind.LINES,
                    List.of(BY_CORES)),
                new Chart(
                    "fork-speed-up",
                    "Parallel fork, speed-up by number of cores",
                    SPEED_UP,
                    "cores",
                    Chart.Kind.LINES,
                    List.of(BY_CORES))),
            new ArrayList<>(),
            List.of(
                "The paper forks with 4 GiB mapped: 525 million cycles sequentially, 70 million on "
                    + "eight cores, 7.5 times.",
                "Under shadow paging the host forgets the parent's translations in that time too, one "
                    + "by one and on one core. The parallel fork does that beside the copying; what is "
                    + "shared on demand still waits for it."));
    double sequential = result.median("sequential", "all cores", FORK);
    double parallel = result.median("parallel", "all cores", FORK);
    result
        .findings()
        .add(
            "parallel is %.2f times as fast as sequential on %d cores; the aim is %.1f on two"
                .formatted(sequential / parallel, Lab.cores(), SPEED_UP_MIN));
    for (String name : series) {
      result
          .findings()
          .add(
              "%s: %.2f ms, %.2f times native"
                  .formatted(
                      name,
                      result.median(name, "all cores", FORK),
                      result.median(name, "all cores", FORK)
                          / result.median(NATIVE, "all cores", FORK)));
    }
    addScaling(result, Lab.cores());
    return result;
  }

  /**
   * The options of a fork on some cores. On a single vCPU the child would run, and end, before the
   * parent's call returns: there, one core is the fork's when nobody helps.
   */
  private static List<String> onCores(int cores, String memory) {
    List<String> options = new ArrayList<>(List.of(memory, "--fork=parallel"));
    options.add("--cpus=" + Math.min(Lab.cores(), Math.max(2, cores)));
    if (cores == 1) {
      options.add("--parallel=inline");
    }
    return options;
  }

  /** Speed-up and serial share (see {@link Scaling}) for each number of cores. */
  static void addScaling(Result result, int cores) {
    double one = result.median(BY_CORES, "1", FORK);
    for (int used = 1; used <= cores; used++) {
      String x = Integer.toString(used);
      double speedUp = Scaling.speedUp(one, result.median(BY_CORES, x, FORK));
      String command = "computed from: " + FORK;
      result.points().add(Point.of(BY_CORES, x, SPEED_UP, speedUp, command));
      if (used == 1) {
        continue;
      }
      double percent = 100 * Scaling.serialShare(speedUp, used);
      result.points().add(Point.of(BY_CORES, x, SERIAL, percent, command));
      result
          .findings()
          .add(
              "%d cores: %.2f times as fast as one; the serial share is %.1f %%, at most %.0f %% is asked for"
                  .formatted(used, speedUp, percent, SERIAL_PERCENT_MAX));
    }
  }

  /** The first forks are cold, and left out. */
  private static void add(List<Point> points, String series, String x, Lab.Output output) {
    List<double[]> rows = output.rows();
    List<double[]> warm = rows.subList(rows.size() / 4, rows.size());
    Samples fork = Samples.of(warm.stream().mapToDouble(row -> row[0]).toArray());
    Samples whole = Samples.of(warm.stream().mapToDouble(row -> row[1]).toArray());
    points.add(Point.of(series, x, FORK, fork.times(1e-6), output.command()));
    points.add(Point.of(series, x, WHOLE, whole.times(1e-6), output.command()));
    points.add(
        Point.of(series, x, CYCLES, fork.times(HostClock.cyclesPerNano() / 1e6), output.command()));
  }
}

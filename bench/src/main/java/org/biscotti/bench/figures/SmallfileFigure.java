package org.biscotti.bench.figures;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.biscotti.kernel.fs.InodePolicies;
import org.biscotti.kernel.serve.Policies;

/**
 * The paper's figure 4: many small files created, read and removed, by policy, against native
 * Linux; and with a lock or, as in the paper, a thread for each inode. Warm: the first half of the
 * repetitions is left out.
 */
final class SmallfileFigure implements Experiment {
  private static final List<String> PHASES = List.of("create", "read", "unlink", "total");
  private static final String CYCLES = "million cycles";
  private static final String MICROS = "µs per file";
  private static final String NATIVE = "native Linux";
  private static final String EXITS = "exits only";
  private static final int FILES = 100;

  /** By exits a repetition takes dozens of times as long: there are so many times fewer. */
  private static final int EXITS_FEWER = 5;

  /** Files for the comparison of inodes: between creating and removing them all are live. */
  private static final int INODES = 400;

  /** What {@code --stats} says of threads of inodes. */
  private static final Pattern THREADS_PEAK =
      Pattern.compile("inodes: .* at most ([0-9,]+) at once");

  /** Million cycles for 100 files of 1 byte, on a disk (the paper's figure 4). */
  private static final Map<String, List<Integer>> PAPER =
      Map.of(
          "xv6 (paper)", List.of(2066, 36, 1014, 3117),
          "Biscuit (paper)", List.of(1742, 37, 956, 2735));

  @Override
  public String name() {
    return "smallfile";
  }

  @Override
  public String title() {
    return "Figure 4: smallfile";
  }

  @Override
  public int steps(Extent extent) {
    return Policies.values().length + InodePolicies.values().length + 2;
  }

  @Override
  public Result run(Lab lab) throws IOException {
    int repetitions = lab.choose(1500, 10_000);
    List<String> program = program(lab, FILES, repetitions);
    List<Point> points = new ArrayList<>();
    List<String> findings = new ArrayList<>();
    List<String> series = new ArrayList<>(List.of(NATIVE));
    lab.step("smallfile, native");
    List<String> natively = new ArrayList<>(List.of("env", "-C", "/dev/shm"));
    natively.addAll(program);
    double nativeTotal = add(points, NATIVE, lab.natively(natively), FILES);
    for (Policies policy : Policies.values()) {
      String name = policy.name().toLowerCase(Locale.ROOT);
      series.add(name);
      Lab.Output output = measure(lab, name, List.of("--syscalls=" + name), program, findings);
      findings.add(ratio(name, add(points, name, output, FILES), nativeTotal));
    }
    series.add(EXITS);
    List<String> fewer = program(lab, FILES, repetitions / EXITS_FEWER);
    Lab.Output output = measure(lab, EXITS, List.of("--exitless=off"), fewer, findings);
    findings.add(ratio(EXITS, add(points, EXITS, output, FILES), nativeTotal));
    compareInodes(lab, points, series, findings);
    PAPER.forEach((name, row) -> {
      for (int i = 0; i < PHASES.size(); i++) {
        points.add(Point.of(name, PHASES.get(i), CYCLES, row.get(i), "the paper, figure 4"));
      }
    });
    return new Result(
        name(),
        title(),
        points,
        List.of(
            new Chart("smallfile", "smallfile, warm", MICROS, "phase", Chart.Kind.BARS, series)),
        findings,
        List.of(
            "The paper's rows are of a file system on a disk, whose time is most of what they show; "
                + "ours is in memory. Only proportions can be compared.",
            "Where ring 0 is emulated an exit is dear: '"
                + EXITS
                + "' against the others shows what it saves to serve calls on an idle core.",
            "The paper's kernel has a thread for each inode, hundreds of them; '--inodes=thread' against "
                + "'--inodes=lock' is the price of that here. Both are with --stats and %d files."
                    .formatted(INODES)));
  }

  private static List<String> program(Lab lab, int files, int repetitions) {
    return List.of(
        lab.program("smallfile"),
        "--files",
        Integer.toString(files),
        "--dirs",
        "4",
        "--size",
        "1",
        "--repeat",
        Integer.toString(repetitions));
  }

  /** A lock against a thread for each inode; both with --stats, which counts the threads. */
  private static void compareInodes(
      Lab lab, List<Point> points, List<String> series, List<String> findings) throws IOException {
    List<String> program = program(lab, INODES, lab.choose(200, 2500));
    double lock = Double.NaN;
    for (InodePolicies policy : InodePolicies.values()) {
      String name = "--inodes=" + policy.name().toLowerCase(Locale.ROOT);
      series.add(name);
      Lab.Output output = measure(lab, name, List.of(name, "--stats"), program, findings);
      double total = add(points, name, output, INODES);
      String finding = "%s, %d files: %.2f µs a file".formatted(name, INODES, total);
      if (policy == InodePolicies.LOCK) {
        lock = total;
      } else {
        finding +=
            ", %.2f times a lock; at most %d threads of inodes at once"
                .formatted(total / lock, threadsPeak(output.errors()));
      }
      findings.add(finding);
    }
  }

  /** The most threads of inodes that there were at once, by the report of {@code --stats}. */
  static int threadsPeak(List<String> report) {
    return report.stream()
        .map(THREADS_PEAK::matcher)
        .filter(Matcher::matches)
        .mapToInt(m -> Integer.parseInt(m.group(1).replace(",", "")))
        .findFirst()
        .orElse(0);
  }

  private static String ratio(String series, double micros, double natively) {
    return "%s: %.2f µs a file, %.2f times native".formatted(series, micros, micros / natively);
  }

  private static Lab.Output measure(
      Lab lab, String series, List<String> options, List<String> program, List<String> findings)
      throws IOException {
    lab.step("smallfile, " + series);
    Path recording = lab.recording("smallfile");
    List<String> all = new ArrayList<>(options);
    all.add("--jfr=" + recording);
    Instant begin = Instant.now();
    Lab.Output output = lab.guest(all, program);
    Collections collections = Collections.read(recording, begin, Instant.now());
    Files.deleteIfExists(recording);
    findings.add(
        "%s: %d garbage collections, %.3f %% of the time paused, longest pause %.2f ms"
            .formatted(
                series,
                collections.count(),
                collections.pausedPercent(),
                collections.longestNanos() / 1e6));
    return output;
  }

  /**
   * Adds the points of a run; returns the median of the total in microseconds per file.
   *
   * @param files of one repetition. Cycles are for 100 files, as in the paper
   */
  private static double add(List<Point> points, String series, Lab.Output output, int files) {
    List<Map<String, Double>> lines = output.output().stream().map(Lab.Output::named).toList();
    List<Map<String, Double>> warm = lines.subList(lines.size() / 2, lines.size());
    double total = Double.NaN;
    for (String phase : PHASES) {
      Samples micros = samples(warm, phase + "_ns").times(1e-3 / files);
      Samples cycles = samples(warm, phase + "_cycles").times(1e-6 * FILES / files);
      points.add(Point.of(series, phase, MICROS, micros, output.command()));
      points.add(Point.of(series, phase, CYCLES, cycles, output.command()));
      total = micros.percentile(50);
    }
    return total;
  }

  private static Samples samples(List<Map<String, Double>> lines, String name) {
    return Samples.of(
        lines.stream().mapToDouble(line -> line.getOrDefault(name, Double.NaN)).toArray());
  }
}

package org.biscotti.bench.figures;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The paper's figure 5, BMGC: forks while the kernel's heap is full of live objects. */
final class CollectorFigure implements Experiment {
  private static final String CYCLES = "thousand cycles per fork";
  private static final String MICROS = "µs per fork";
  private static final String BARE = "µs per fork without its objects";
  private static final String LONGEST = "longest pause, ms";
  private static final String PAUSED = "paused, % of the time";
  private static final String PAUSES = "paused, ms in all";
  private static final String RATE = "allocated, MB/s";
  private static final String WHOLE = "collections of the whole heap";
  private static final String FORKS = "forks";

  /** What the kernel allocates for each fork, and for how many forks it lives: 256 MiB together. */
  private static final int BYTES_PER_FORK = 256 << 10;

  private static final int KEPT_FORKS = 1024;
  private static final int FORKS_MIN = 500;
  private static final int FORKS_MIN_QUICK = 100;
  private static final int COLLECTIONS_MIN = 10;
  private static final int COLLECTIONS_MIN_QUICK = 5;
  private static final int SECONDS_MAX = 480;
  private static final int SECONDS_MAX_QUICK = 8;
  private static final double ZGC_RATIO_MAX = 1.10;

  @Override
  public String name() {
    return "bmgc";
  }

  @Override
  public String title() {
    return "Figure 5: forks beside a full heap (BMGC)";
  }

  private static List<Integer> objects(boolean quick) {
    return quick
        ? List.of(100_000, 1_000_000)
        : List.of(100_000, 1_000_000, 10_000_000, 50_000_000);
  }

  /** The kernel's heap: at least twice what is live. */
  private static String heap(int objects) {
    return objects <= 1_000_000 ? "1G" : objects <= 10_000_000 ? "2G" : "6G";
  }

  /**
   * What makes a collector go through the whole heap while there is room. Where it does so when the
   * old generation is full, a small young one has what forks leave behind die in the old one.
   * Shenandoah would take the table for young, and mark all of it each time, for some cycles more.
   */
  private static String jvmOptions(String collector) {
    return switch (collector) {
      case "zgc" -> "-XX:ZCollectionIntervalMajor=1";
      case "shenandoah" ->
          "-XX:+UnlockExperimentalVMOptions -XX:ShenandoahGuaranteedOldGCInterval=1000"
              + " -XX:ShenandoahGenerationalMinTenuringAge=1"
              + " -XX:ShenandoahGenerationalMaxTenuringAge=1";
      default -> "-Xmn64m";
    };
  }

  @Override
  public int steps(Extent extent) {
    return extent.collectors().size() * objects(extent.quick()).size();
  }

  @Override
  public Result run(Lab lab) throws IOException {
    List<Point> points = new ArrayList<>();
    List<String> findings = new ArrayList<>();
    List<Integer> objects = objects(lab.quick());
    for (String collector : lab.collectors()) {
      for (int count : objects) {
        lab.step("%s, %,d live objects".formatted(collector, count));
        measure(lab, collector, count, points, findings);
      }
    }
    Result result =
        new Result(
            name(),
            title(),
            points,
            List.of(
                new Chart(
                    "bmgc",
                    "Forks beside live objects in the kernel",
                    CYCLES,
                    "live objects",
                    Chart.Kind.LINES_LOG_X,
                    lab.collectors()),
                new Chart(
                    "bmgc-pauses",
                    "Longest pause",
                    LONGEST,
                    "live objects",
                    Chart.Kind.LINES_LOG,
                    lab.collectors())),
            findings,
            List.of(
                "The paper's curve rises by 55 %, from 0.1 to 50 million objects, with a collector that "
                    + "marks the whole heap each time.",
                "Page tables are not on the heap here, so a fork allocates little of itself. %d KiB in "
                        .formatted(BYTES_PER_FORK >> 10)
                    + "objects of 64 bytes for each, which live for %d forks, stand for what the "
                        .formatted(KEPT_FORKS)
                    + "paper's kernel allocates: time and cycles count them, as most collections begin "
                    + "there. Forks go on until the whole heap has been collected "
                    + "%d times, or for %d s. ".formatted(collections(lab), limit(lab))
                    + "The heap has 1 GiB, with 10 million objects 2 and with 50 million 6. The table "
                    + "is collected twice before the forks, so that it is old when they begin.",
                "A heap with room is seldom collected whole: ZGC and Shenandoah are told to do it a "
                    + "second after they have done it; G1, Parallel and Serial have a young generation "
                    + "of 64 MiB, so that what forks leave behind dies in the old one. Shenandoah takes "
                    + "for old what has survived one collection, else it spends its time on marking "
                    + "the whole table as young.",
                "There is a vCPU less than cores, so that collectors have a core to run on, as those of "
                    + "the paper had."));
    String most = Integer.toString(objects.getLast());
    String least = Integer.toString(objects.getFirst());
    for (String collector : lab.collectors()) {
      double rise =
          result.median(collector, most, MICROS) / result.median(collector, least, MICROS);
      String bar =
          collector.equals("zgc") ? "; at most %.2f is asked for".formatted(ZGC_RATIO_MAX) : "";
      findings.add(
          "%s: a fork and its objects cost %.2f times as much beside %s objects as beside %s%s"
              .formatted(collector, rise, most, least, bar));
    }
    return result;
  }

  private static int collections(Lab lab) {
    return lab.choose(COLLECTIONS_MIN_QUICK, COLLECTIONS_MIN);
  }

  private static int limit(Lab lab) {
    return lab.choose(SECONDS_MAX_QUICK, SECONDS_MAX);
  }

  private static void measure(
      Lab lab, String collector, int count, List<Point> points, List<String> findings)
      throws IOException {
    Path recording = lab.recording("bmgc");
    Lab.Output output =
        lab.guest(
            List.of(
                "--research-calls",
                "--gc=" + collector,
                "--kernel-heap=" + heap(count),
                "--cpus=" + Math.max(1, Lab.cores() - 1),
                "--jvm=" + jvmOptions(collector),
                "--jfr=" + recording),
            List.of(
                lab.program("bmgc"),
                Integer.toString(count),
                Integer.toString(lab.choose(FORKS_MIN_QUICK, FORKS_MIN)),
                Integer.toString(collections(lab)),
                Integer.toString(BYTES_PER_FORK),
                Integer.toString(KEPT_FORKS),
                Integer.toString(limit(lab))));
    double[] row = Lab.Output.numbers(output.output().getLast());
    Collections collections =
        Collections.read(recording, Collections.instant(row[6]), Collections.instant(row[7]));
    Files.deleteIfExists(recording);
    String x = Integer.toString(count);
    String command = output.command();
    points.add(Point.of(collector, x, CYCLES, row[5] / 1e3, command));
    points.add(
        new Point(
            collector,
            x,
            MICROS,
            row[2] / 1e3,
            row[3] / 1e3,
            row[4] / 1e3,
            (long) row[0],
            command));
    points.add(Point.of(collector, x, BARE, row[8] / 1e3, command));
    points.add(Point.of(collector, x, LONGEST, collections.longestNanos() / 1e6, command));
    points.add(Point.of(collector, x, PAUSES, collections.pausedNanos() / 1e6, command));
    points.add(Point.of(collector, x, PAUSED, collections.pausedPercent(), command));
    points.add(Point.of(collector, x, RATE, collections.bytesPerSecond() / 1e6, command));
    points.add(Point.of(collector, x, WHOLE, collections.whole(), command));
    points.add(Point.of(collector, x, FORKS, row[0], command));
    if (collections.whole() < collections(lab)) {
      findings.add(
          "%s, %s objects: only %d collections of the whole heap in %.0f forks"
              .formatted(collector, x, collections.whole(), row[0]));
    }
  }
}

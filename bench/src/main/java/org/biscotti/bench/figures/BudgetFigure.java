package org.biscotti.bench.figures;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.biscotti.bench.ThreadBudget;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * What it costs to have work done by somebody else, against its size: the evidence behind the
 * threshold of {@code kernel.parallel.Parallel}.
 */
final class BudgetFigure implements Experiment {
  private static final String COST = "µs until it is done";
  private static final String OVERHEAD = "µs more than inline";

  @Override
  public String name() {
    return "threads";
  }

  @Override
  public String title() {
    return "The thread budget";
  }

  @Override
  public int steps(Extent extent) {
    return ThreadBudget.Load.values().length * ThreadBudget.How.values().length;
  }

  @Override
  public Result run(Lab lab) throws IOException {
    List<String> sizes =
        lab.choose(
            List.of("1000", "30000", "1000000"),
            List.of("100", "1000", "3000", "10000", "30000", "100000", "300000", "1000000"));
    List<Point> points = new ArrayList<>();
    List<String> series = new ArrayList<>();
    for (ThreadBudget.Load load : ThreadBudget.Load.values()) {
      for (ThreadBudget.How how : ThreadBudget.How.values()) {
        String name = word(how) + ", " + word(load);
        series.add(name);
        lab.step("threads, " + name);
        for (RunResult result : run(lab, load, how, sizes)) {
          String size = result.getParams().getParam("nanos");
          double[] micros =
              result.getBenchmarkResults().stream()
                  .flatMap(fork -> fork.getIterationResults().stream())
                  .mapToDouble(iteration -> iteration.getPrimaryResult().getScore())
                  .toArray();
          String command =
              "make bench ARGS='ThreadBudget -p load=%s -p how=%s -p nanos=%s'"
                  .formatted(load, how, size);
          points.add(Point.of(name, size, COST, Samples.of(micros), command));
        }
      }
    }
    Result result =
        new Result(
            name(),
            title(),
            points,
            List.of(
                new Chart(
                    "threads",
                    "Work done by somebody else, until it is done",
                    COST,
                    "nanoseconds of work",
                    Chart.Kind.LINES_LOG,
                    series)),
            new ArrayList<>(),
            List.of(
                "The paper says that threads are cheap enough to be used wherever there is something to "
                    + "do in parallel, and has no figure. Who has the work done waits for its end here."));
    overheads(result, sizes);
    return result;
  }

  private static void overheads(Result result, List<String> sizes) {
    List<Point> more = new ArrayList<>();
    for (Point point : result.points()) {
      String load = point.series().substring(point.series().indexOf(','));
      double inline = result.median(word(ThreadBudget.How.INLINE) + load, point.x(), COST);
      more.add(
          Point.of(point.series(), point.x(), OVERHEAD, point.median() - inline, point.command()));
    }
    result.points().addAll(more);
    for (ThreadBudget.How how : ThreadBudget.How.values()) {
      if (how != ThreadBudget.How.INLINE) {
        String name = word(how) + ", " + word(ThreadBudget.Load.IDLE);
        result
            .findings()
            .add(
                "%s: %.1f µs more than inline for %s ns of work"
                    .formatted(
                        name, result.median(name, sizes.getFirst(), OVERHEAD), sizes.getFirst()));
      }
    }
  }

  private static Collection<RunResult> run(
      Lab lab, ThreadBudget.Load load, ThreadBudget.How how, List<String> sizes)
      throws IOException {
    int iterations = lab.choose(3, 7);
    TimeValue time = TimeValue.milliseconds(lab.choose(120, 500));
    try {
      return new Runner(
              new OptionsBuilder()
                  .include("ThreadBudget")
                  .param("load", load.name())
                  .param("how", how.name())
                  .param("nanos", sizes.toArray(String[]::new))
                  .forks(lab.quick() ? 0 : 1)
                  .warmupIterations(iterations)
                  .warmupTime(time)
                  .measurementIterations(iterations)
                  .measurementTime(time)
                  .timeUnit(TimeUnit.MICROSECONDS)
                  .verbosity(VerboseMode.SILENT)
                  .build())
          .run();
    } catch (RunnerException e) {
      throw new IOException("the benchmark of threads fails: " + e.getMessage(), e);
    }
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}

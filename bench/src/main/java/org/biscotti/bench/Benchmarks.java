package org.biscotti.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.ProfilerConfig;

/**
 * Runs the benchmarks: JMH's own command line, after which the figures are put side by side.
 *
 * <p>All options of JMH are understood; mode and unit are given, and allocation is always measured.
 * The results are in {@code bench/target/jmh.json}, the tables in {@code bench/target/report.txt}.
 */
public final class Benchmarks {
  private static final int EXIT_USAGE = 2;

  private Benchmarks() {}

  /** Exit code 1 if a benchmark fails, 2 for options or names that there are not. */
  public static void main(String[] arguments) throws IOException {
    try {
      CommandLineOptions options = new CommandLineOptions(arguments);
      if (!showed(options)) {
        run(options);
      }
    } catch (CommandLineOptionException e) {
      System.err.println(e.getMessage());
      System.exit(EXIT_USAGE);
    } catch (NoBenchmarksException e) {
      System.err.println("no benchmark has such a name; -l lists them");
      System.exit(EXIT_USAGE);
    } catch (RunnerException e) {
      System.err.println("the benchmarks fail: " + e.getMessage());
      System.exit(1);
    }
  }

  /** Serves the options that only want to know something. */
  private static boolean showed(CommandLineOptions options) throws IOException {
    if (options.shouldHelp()) {
      options.showHelp();
    } else if (options.shouldList()) {
      new Runner(options).list();
    } else if (options.shouldListWithParams()) {
      new Runner(options).listWithParams(options);
    } else if (options.shouldListProfilers()) {
      options.listProfilers();
    } else {
      return false;
    }
    return true;
  }

  private static void run(CommandLineOptions given) throws RunnerException, IOException {
    Path target =
        Path.of(Objects.requireNonNull(System.getProperty("biscotti.home")), "bench/target");
    Collection<RunResult> results = new Runner(complete(given, target)).run();
    List<Figure> figures = results.stream().map(Figure::of).toList();
    String report = Report.of(figures);
    Files.writeString(target.resolve("report.txt"), report);
    System.out.println();
    System.out.print(report);
    for (Path written : Sweep.write(figures, target)) {
      System.out.println("written: " + written);
    }
  }

  private static Options complete(CommandLineOptions given, Path target) {
    OptionsBuilder options = new OptionsBuilder();
    options
        .parent(given)
        .mode(Mode.AverageTime)
        .timeUnit(TimeUnit.NANOSECONDS)
        .shouldFailOnError(true)
        .resultFormat(given.getResultFormat().orElse(ResultFormatType.JSON))
        .result(given.getResult().orElse(target.resolve("jmh.json").toString()))
        .addProfiler(OwnClock.class);
    if (given.getProfilers().stream().noneMatch(Benchmarks::measuresAllocation)) {
      options.addProfiler(GCProfiler.class);
    }
    return options.build();
  }

  private static boolean measuresAllocation(ProfilerConfig profiler) {
    return profiler.getKlass().equals("gc")
        || profiler.getKlass().equals(GCProfiler.class.getName());
  }
}

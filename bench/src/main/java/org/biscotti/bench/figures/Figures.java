package org.biscotti.bench.figures;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code run.sh figures}: runs experiments and writes what came out. */
@Command(
    name = "figures",
    description =
        "Reproduces the paper's experiments: tables here, pictures and a report in a directory.",
    customSynopsis = "./scripts/run.sh figures [OPTION...] [NAME...]",
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class Figures implements Callable<Integer> {
  private static final int FAILURE = 125;
  private static final String COMMAND = "./scripts/run.sh figures";

  private static final List<Experiment> ALL =
      List.of(
          new SmallfileFigure(),
          new PolicyFigure(),
          new CollectorFigure(),
          new BigForkFigure(),
          new ProcessFigure(),
          new ManyThreadsFigure(),
          new ReadFigure(),
          new LatencyFigure(),
          new BudgetFigure());

  @Parameters(
      paramLabel = "NAME",
      arity = "0..*",
      description = "Which: ${COMPLETION-CANDIDATES}; all if none is named.",
      completionCandidates = Names.class)
  private List<String> names = new ArrayList<>();

  @Option(names = "--quick", description = "Less of everything: five minutes on two cores.")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Where results go (default: bench/target/figures).")
  private @Nullable Path out;

  @Option(
      names = "--jvm",
      paramLabel = "OPTIONS",
      description =
          "Options for the JVM of every machine, for example --jvm='-XX:MaxGCPauseMillis=5'.")
  private String jvm = "";

  @Option(
      names = "--gc",
      paramLabel = "NAME",
      description =
          "Garbage collector of every machine (default: g1). Comparisons of collectors have this one"
              + " only.")
  private @Nullable String collector;

  @Option(
      names = "--jfr",
      paramLabel = "FILE",
      description =
          "Record every machine, in FILE-1.jfr, FILE-2.jfr and so on. Recording costs time.")
  private @Nullable Path recording;

  private final Path home;
  private final PrintStream console;

  Figures(Path home, PrintStream console) {
    this.home = home;
    this.console = console;
  }

  /** Names of the experiments, for help and completion. */
  private static final class Names implements Iterable<String> {
    @Override
    public java.util.Iterator<String> iterator() {
      return ALL.stream().map(Experiment::name).iterator();
    }
  }

  /** Runs the command and exits with its code. */
  public static void main(String[] arguments) {
    PrintStream console = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    Path home = Path.of(System.getProperty("biscotti.home", "")).toAbsolutePath();
    System.exit(execute(new Figures(home, console), arguments));
  }

  static int execute(Figures figures, String... arguments) {
    CommandLine line = new CommandLine(figures);
    line.getCommandSpec()
        .addOption(
            CommandLine.Model.OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("Print this help.")
                .build());
    return line.setExpandAtFiles(false)
        .setUsageHelpWidth(100)
        .setParameterExceptionHandler(Figures::refuse)
        .setExecutionExceptionHandler(Figures::failed)
        .execute(arguments);
  }

  private static int refuse(ParameterException e, String[] arguments) {
    say(e.getMessage() + "; see " + COMMAND + " --help");
    return FAILURE;
  }

  private static int failed(Exception e, CommandLine commandLine, CommandLine.ParseResult parsed) {
    say(e instanceof IOException ? String.valueOf(e.getMessage()) : "internal error: " + e);
    return FAILURE;
  }

  private static void say(String message) {
    System.err.println("biscotti: " + message);
  }

  @Override
  public Integer call() throws IOException {
    List<Experiment> chosen = chosen();
    Extent extent = extent();
    Path directory = directory();
    Path scratch = Files.createTempDirectory("biscotti-figures-");
    int steps = chosen.stream().mapToInt(experiment -> experiment.steps(extent)).sum();
    Map<String, String> environment = Environment.collect(home, extent);
    List<Result> results = new ArrayList<>();
    try (ProgressBar bar = progressBar(steps)) {
      Lab lab = new Lab(home, extent, scratch, what -> advance(bar, what));
      Thread interruption = new Thread(() -> interrupted(lab, scratch));
      Runtime.getRuntime().addShutdownHook(interruption);
      for (Experiment experiment : chosen) {
        Result result = experiment.run(lab);
        ResultFiles.write(directory, environment, result);
        results.add(result);
      }
      bar.stepTo(steps);
      Runtime.getRuntime().removeShutdownHook(interruption);
    } finally {
      remove(scratch);
    }
    Path report = directory.resolve("report.html");
    Files.writeString(report, HtmlReport.of(environment, quick, results));
    results.forEach(this::print);
    console.println("report: " + report);
    return 0;
  }

  /** Ctrl-C: ends what runs, and leaves nothing behind. */
  private static void interrupted(Lab lab, Path scratch) {
    lab.interrupt();
    try {
      remove(scratch);
    } catch (IOException e) {
      say(scratch + " is left: " + e.getMessage());
    }
  }

  private static void advance(ProgressBar bar, String what) {
    if (!bar.getExtraMessage().isEmpty()) {
      bar.step();
    }
    bar.setExtraMessage(what);
  }

  private static ProgressBar progressBar(int steps) {
    return new ProgressBarBuilder()
        .setTaskName("figures")
        .setInitialMax(steps)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(1000)
        .build();
  }

  private List<Experiment> chosen() throws IOException {
    if (names.isEmpty()) {
      return ALL;
    }
    Map<String, Experiment> byName = new LinkedHashMap<>();
    ALL.forEach(experiment -> byName.put(experiment.name(), experiment));
    List<Experiment> chosen = new ArrayList<>();
    for (String name : names) {
      Experiment experiment = byName.get(name);
      if (experiment == null) {
        throw new IOException(
            "there is no experiment %s: choose of %s"
                .formatted(name, String.join(", ", byName.keySet())));
      }
      chosen.add(experiment);
    }
    return chosen;
  }

  private Extent extent() throws IOException {
    if (collector != null && !Extent.isCollector(collector)) {
      throw new IOException(
          "--gc %s: there is no such collector: choose one of %s"
              .formatted(collector, Extent.collectorNames()));
    }
    String file = recording == null ? null : recording.toAbsolutePath().toString();
    return new Extent(quick, jvm, collector, file);
  }

  private Path directory() throws IOException {
    Path directory = out == null ? home.resolve("bench/target/figures") : out.toAbsolutePath();
    try {
      Files.createDirectories(directory);
      Path probe = Files.createTempFile(directory, "probe", "");
      Files.delete(probe);
      return directory;
    } catch (IOException e) {
      throw new IOException(
          "--out %s: cannot be written: choose another directory".formatted(directory), e);
    }
  }

  private static void remove(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(directory);
  }

  private void print(Result result) {
    console.println();
    console.println(result.title() + (quick ? " (quick)" : ""));
    console.println();
    Table.of(result).forEach(table -> console.println(table.text()));
    result.findings().forEach(finding -> console.println("  - " + finding));
  }
}

package org.biscotti.bench.figures;

import static java.util.Locale.ROOT;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Where experiments run programs: in the guest, as a user does, by a command in a JVM of its own;
 * and natively. What a command prints on standard output is its result.
 */
final class Lab {
  private static final int ERROR_LINES_MAX = 5;

  private final Path home;
  private final Extent extent;
  private final Path scratch;
  private final Consumer<String> progress;
  private int machines;
  private volatile boolean interrupted;
  private volatile Process running;

  /**
   * Makes one.
   *
   * @param home the project's top level
   * @param extent how much is measured
   * @param scratch directory for recordings
   * @param progress told what is measured next
   */
  @SuppressWarnings("NullAway.Init") // nothing runs yet
  Lab(Path home, Extent extent, Path scratch, Consumer<String> progress) {
    this.home = home;
    this.extent = extent;
    this.scratch = scratch;
    this.progress = progress;
  }

  boolean quick() {
    return extent.quick();
  }

  /** One of two values. */
  <T> T choose(T ifQuick, T otherwise) {
    return quick() ? ifQuick : otherwise;
  }

  /** Says what is measured next. */
  void step(String what) {
    progress.accept(what);
  }

  /** The collectors that are compared, as {@code --gc} names them. */
  List<String> collectors() {
    return extent.collectors();
  }

  /** How many processors there are. */
  static int cores() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** Path of a guest program of the benchmarks. */
  String program(String name) {
    return home.resolve("bench/target/guest").resolve(name).toString();
  }

  /** A file for a recording of the Flight Recorder, which is not there yet. */
  Path recording(String name) {
    return scratch.resolve(name + ".jfr");
  }

  /**
   * A command and what it printed.
   *
   * @param command as a user would type it at the top level of the project
   * @param output lines of its standard output
   * @param errors lines of its standard error
   */
  record Output(String command, List<String> output, List<String> errors) {
    /** The numbers of a line. */
    static double[] numbers(String line) {
      String[] words = line.strip().split("\\s+", -1);
      double[] numbers = new double[words.length];
      for (int i = 0; i < words.length; i++) {
        numbers[i] = Double.parseDouble(words[i]);
      }
      return numbers;
    }

    /** What a line of NAME=NUMBER says; other words are left out. */
    static Map<String, Double> named(String line) {
      Map<String, Double> values = new HashMap<>();
      for (String word : line.strip().split("\\s+", -1)) {
        int equals = word.indexOf('=');
        if (equals > 0) {
          values.put(word.substring(0, equals), Double.valueOf(word.substring(equals + 1)));
        }
      }
      return values;
    }

    /** All lines as numbers. */
    List<double[]> rows() {
      return output.stream().map(Output::numbers).toList();
    }
  }

  /**
   * Runs a program in the guest.
   *
   * @param options of {@code run.sh exec}
   * @param program with its arguments
   */
  Output guest(List<String> options, List<String> program) throws IOException {
    return run(guestCommand(options, program));
  }

  private List<String> guestCommand(List<String> options, List<String> program) {
    List<String> words = new ArrayList<>(List.of("./scripts/run.sh", "exec"));
    words.addAll(extent.options(options, ++machines));
    words.add("--");
    words.addAll(program);
    return words;
  }

  /** Runs a program natively. */
  Output natively(List<String> program) throws IOException {
    return run(program);
  }

  /**
   * Runs a program in the guest, with all of its machine on some of the host's cores (taskset(1)).
   *
   * @param cores a list as {@code taskset -c} takes it
   */
  Output guestOn(String cores, List<String> options, List<String> program) throws IOException {
    return run(pinned(cores, guestCommand(options, program)));
  }

  /** Runs a program natively on some of the host's cores. */
  Output nativelyOn(String cores, List<String> program) throws IOException {
    return run(pinned(cores, program));
  }

  private static List<String> pinned(String cores, List<String> command) {
    List<String> words = new ArrayList<>(List.of("taskset", "-c", cores));
    words.addAll(command);
    return words;
  }

  private Output run(List<String> words) throws IOException {
    if (interrupted) {
      throw new IOException("interrupted");
    }
    Path out = Files.createTempFile(scratch, "out", ".txt");
    Path err = Files.createTempFile(scratch, "err", ".txt");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(words)
              .directory(home.toFile())
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      Map<String, String> environment = builder.environment();
      if (!extent.jvmOptions().isEmpty()) {
        environment.put("BISCOTTI_JAVA_OPTS", extent.jvmOptions());
      }
      Process process = builder.start();
      running = process;
      int code = process.waitFor();
      String command = shown(words);
      if (interrupted) {
        throw new IOException("interrupted");
      }
      if (code != 0) {
        throw new IOException("%s fails (%d): %s".formatted(command, code, end(err)));
      }
      return new Output(
          command,
          Files.readAllLines(out, StandardCharsets.UTF_8),
          Files.readAllLines(err, StandardCharsets.ISO_8859_1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      Files.deleteIfExists(out);
      Files.deleteIfExists(err);
    }
  }

  /** Ends what runs; nothing is run any more. */
  void interrupt() {
    interrupted = true;
    Process process = running;
    if (process != null) {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroy();
      try {
        process.waitFor(2, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private String shown(List<String> words) {
    String prefix = home + "/";
    List<String> relative =
        words.stream()
            .map(w -> w.startsWith(prefix) ? "$PWD/" + w.substring(prefix.length()) : w)
            .toList();
    String jvm = extent.jvmOptions();
    String options = jvm.isEmpty() ? "" : "BISCOTTI_JAVA_OPTS='" + jvm + "' ";
    return options + String.join(" ", relative).replace(scratch.toString(), "/tmp");
  }

  private static String end(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    return String.join(
            "; ", lines.subList(Math.max(0, lines.size() - ERROR_LINES_MAX), lines.size()))
        .strip();
  }

  /** A number of bytes as people write it. */
  static String bytes(double bytes) {
    String[] units = {"B", "KiB", "MiB", "GiB"};
    int unit = 0;
    double value = bytes;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(
        ROOT, value == Math.rint(value) ? "%.0f %s" : "%.1f %s", value, units[unit]);
  }
}

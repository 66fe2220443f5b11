package org.biscotti.kvm.cli;

import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.syscall.SyscallObserver;
import org.biscotti.kernel.trace.CompositeObserver;
import org.biscotti.kernel.trace.Statistics;
import org.biscotti.kernel.trace.Strace;
import org.jspecify.annotations.Nullable;

/** What {@code --strace} and {@code --stats} watch while a program runs, and what they tell. */
final class Observation implements AutoCloseable {
  /** Value of {@code --strace} without a file. */
  static final String STANDARD_ERROR = "-";

  private final Console console;
  private final @Nullable Writer file;
  private final @Nullable Strace strace;
  private final @Nullable Statistics statistics;

  /**
   * Prepares to watch.
   *
   * @param straceTarget where the trace goes, {@link #STANDARD_ERROR} or a file; null for no trace
   * @param stats whether statistics are wanted
   * @param cpus number of vCPUs
   * @throws CommandException if the file cannot be written
   */
  Observation(@Nullable String straceTarget, boolean stats, int cpus, Console console) {
    this.console = console;
    if (straceTarget == null) {
      file = null;
      strace = null;
    } else if (straceTarget.equals(STANDARD_ERROR)) {
      file = null;
      strace = new Strace(new OutputStreamWriter(console.err(), StandardCharsets.ISO_8859_1));
    } else {
      file = open(straceTarget);
      strace = new Strace(file);
    }
    statistics = stats ? new Statistics(cpus) : null;
  }

  private static Writer open(String name) {
    Path path = name.isEmpty() ? null : HostText.path(name);
    try {
      if (path != null) {
        return Files.newBufferedWriter(path, StandardCharsets.ISO_8859_1);
      }
    } catch (IOException e) {
      // Said below.
    }
    throw new CommandException(
        "--strace=%s: cannot be written: name a file in a directory that is there and writable"
            .formatted(path == null ? "''" : path));
  }

  /** Who is to be told of every system call; null if nobody wants to know. */
  @Nullable SyscallObserver observer() {
    List<SyscallObserver> observers = new ArrayList<>();
    if (strace != null) {
      observers.add(strace);
    }
    if (statistics != null) {
      observers.add(statistics);
    }
    return CompositeObserver.of(observers);
  }

  /** Says at the end what was asked for. */
  void report(MachineCounts counts) {
    if (strace != null && strace.failure() != null) {
      console.say("--strace: the trace is incomplete: " + strace.failure().getMessage());
    }
    if (statistics != null) {
      StatisticsReport report =
          new StatisticsReport(counts, StartTime.find(), Main.startNanos(), statistics.report());
      console.err().print(report.text());
      console.err().flush();
    }
  }

  @Override
  public void close() {
    if (file != null) {
      try {
        file.close();
      } catch (IOException e) {
        console.say("--strace: the trace is incomplete: " + e.getMessage());
      }
    }
  }
}

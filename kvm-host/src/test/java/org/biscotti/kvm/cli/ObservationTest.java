package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.biscotti.kernel.trace.Statistics;
import org.biscotti.kernel.trace.Strace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ObservationTest {
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Console console =
      new Console(System.out, new PrintStream(err, true, StandardCharsets.UTF_8), false);
  private final MachineCounts counts = new FakeMachine().counts();
  @TempDir private Path directory;

  private Observation observation(String strace, boolean stats) {
    return new Observation(strace, stats, 2, console);
  }

  @Test
  void watchesOnlyWhatWasAskedFor() {
    try (Observation nothing = observation(null, false)) {
      assertThat(nothing.observer()).isNull();
      nothing.report(counts);
    }
    assertThat(err.size()).isZero();
    try (Observation trace = observation("-", false);
        Observation stats = observation(null, true);
        Observation both = observation("-", true)) {
      assertThat(trace.observer()).isInstanceOf(Strace.class);
      assertThat(stats.observer()).isInstanceOf(Statistics.class);
      assertThat(both.observer())
          .isNotNull()
          .isNotInstanceOf(Strace.class)
          .isNotInstanceOf(Statistics.class);
    }
  }

  @Test
  void reportsStatistics() {
    try (Observation stats = observation(null, true)) {
      stats.report(counts);
    }
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("start:", "exits:", "total");
  }

  @Test
  void makesTheFile() {
    Path file = directory.resolve("trace");
    observation(file.toString(), false).close();
    assertThat(file).isEmptyFile();
  }

  @Test
  void saysWhatIsWrongWithTheFile() {
    assertThatThrownBy(() -> observation(directory.toString(), false))
        .isInstanceOf(CommandException.class)
        .hasMessage(
            "--strace=%s: cannot be written: name a file in a directory that is there and writable"
                .formatted(directory));
    assertThatThrownBy(() -> observation("", false)).hasMessageStartingWith("--strace=''");
  }
}

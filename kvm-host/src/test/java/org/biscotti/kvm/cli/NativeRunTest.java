package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeRunTest {
  private final Interruption interruption = new Interruption();
  @TempDir private Path directory;

  @Test
  void runsInAFreshDirectoryAndRemovesIt() {
    NativeRun run = NativeRun.prepare(List.of(), directory);
    assertThat(run.directory()).isDirectory().hasParent(directory);
    String output =
        run.run(List.of("sh", "-c", "mkdir left && echo x >left/file && pwd"), interruption);
    assertThat(output).isEqualTo(run.directory() + "\n");
    assertThat(run.directory()).doesNotExist();
  }

  @Test
  void passesOverWhatIsNoTmpfs() {
    NativeRun run = NativeRun.prepare(List.of(Path.of("/no/such"), Path.of("/proc")), directory);
    assertThat(run.directory()).hasParent(directory);
    assertThat(run.fileSystem()).endsWith("(" + directory + ")");
    assertThat(run.run(List.of("true"), interruption)).isEmpty();
  }

  @Test
  void saysWhatIsWrong() {
    assertThatThrownBy(() ->
            NativeRun.prepare(List.of(), directory)
                .run(List.of("sh", "-c", "exit 3"), interruption))
        .isInstanceOf(CommandException.class)
        .hasMessage("sh fails on the host with exit code 3: its own message says why");
    assertThatThrownBy(() ->
            NativeRun.prepare(List.of(), directory).run(List.of("/no/such/program"), interruption))
        .isInstanceOf(CommandException.class)
        .hasMessageStartingWith("cannot run /no/such/program on the host: ");
    assertThatThrownBy(() -> NativeRun.prepare(List.of(), Path.of("/proc/self/nowhere")))
        .hasMessageStartingWith("no directory for the native run's files");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void killsTheProcessWhenInterrupted() {
    NativeRun run = NativeRun.prepare(List.of(), directory);
    interruption.request();
    assertThatThrownBy(() -> run.run(List.of("sleep", "1000"), interruption))
        .hasMessage("interrupted");
    assertThat(Files.exists(run.directory())).isFalse();
  }
}

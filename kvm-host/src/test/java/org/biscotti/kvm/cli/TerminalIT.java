package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.biscotti.kvm.RequiresKvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Interactive programs on a terminal of the host, as a user has them: keys, jobs, exit codes, and
 * the terminal's modes afterwards.
 */
@RequiresKvm
class TerminalIT {
  private static final String BUSYBOX = "/bin/busybox";

  private static OnTerminal start(String... words) throws Exception {
    return OnTerminal.start(CommandLineIT.command(words));
  }

  @Test
  void conversesWithTheShell() throws Exception {
    try (OnTerminal terminal = start("sh", "--env=PS1", "--env=TERM")) {
      terminal.converseWithShell();
      assertThat(terminal.await()).isEqualTo(new OnTerminal.End(7, true));
    }
  }

  @Test
  void conversesWithAProgramThatHasATerminal() throws Exception {
    try (OnTerminal terminal =
        start("exec", "--tty", "--root=/", "--env=PS1", "--env=TERM", "--", BUSYBOX, "sh")) {
      terminal.converseWithShell();
      assertThat(terminal.await()).isEqualTo(new OnTerminal.End(7, true));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "HUP"})
  void leavesTheTerminalAsItWasWhenItIsEnded(String signal) throws Exception {
    int code = signal.equals("TERM") ? 143 : 129;
    try (OnTerminal terminal = start("sh", "--env=PS1", "--env=TERM")) {
      terminal.awaitShown("ready> ");
      List<String> kill = List.of("kill", "-" + signal, Long.toString(terminal.process()));
      assertThat(new ProcessBuilder(kill).start().waitFor()).isZero();
      assertThat(terminal.await()).isEqualTo(new OnTerminal.End(code, true));
    }
  }

  @Test
  void leavesTheTerminalAsItWasWhenTheProgramDies() throws Exception {
    try (OnTerminal terminal = start("exec", "--tty", "--", BUSYBOX, "sh", "-c", "kill -9 $$")) {
      assertThat(terminal.await()).isEqualTo(new OnTerminal.End(137, true));
    }
  }
}

package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@link TerminalIT} expects of shells in the guest, they do natively. */
class OnTerminalTest {
  @Test
  void conversesWithANativeShell() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/busybox")), "needs busybox");
    try (OnTerminal terminal = OnTerminal.start(List.of("/bin/busybox", "sh"))) {
      terminal.converseWithShell();
      assertThat(terminal.await()).isEqualTo(new OnTerminal.End(7, true));
    }
  }

  @Test
  void seesThatATerminalIsLeftInAnotherMode() throws Exception {
    List<String> command = List.of("sh", "-c", "stty raw; kill -TERM $$");
    try (OnTerminal terminal = OnTerminal.start(command)) {
      assertThat(terminal.await()).isEqualTo(new OnTerminal.End(143, false));
    }
  }
}

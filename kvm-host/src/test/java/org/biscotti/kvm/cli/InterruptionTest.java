package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.biscotti.kernel.abi.Signals;
import org.junit.jupiter.api.Test;

class InterruptionTest {
  private final Interruption interruption = new Interruption();
  private final FakeMachine machine = new FakeMachine();

  private GuestProgram running() {
    machine.behaviour = _ -> new CompletableFuture<>();
    return machine.start(null);
  }

  @Test
  void killsWhatRuns() {
    GuestProgram program = running();
    interruption.watch(program);
    assertThat(machine.kills).isEmpty();
    interruption.request();
    assertThat(machine.kills).containsExactly(Signals.SIGKILL);
    assertThat(program.await().exitCode()).isEqualTo(128 + Signals.SIGKILL);
    assertThat(interruption.isRequested()).isTrue();
  }

  @Test
  void killsWhatStartsAfterwards() {
    interruption.request();
    interruption.watch(running());
    assertThat(machine.kills).containsExactly(Signals.SIGKILL);
  }
}

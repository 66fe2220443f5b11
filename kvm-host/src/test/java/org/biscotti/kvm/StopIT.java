package org.biscotti.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.SignalDelivery;
import org.junit.jupiter.api.Test;

/** A stopped process stands still, on a vCPU or in a call, until it is continued or killed. */
@RequiresKvm
class StopIT {
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

  private static void awaitThat(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + LIMIT_NANOS;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("never happens").isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  private static void stop(Process process) throws InterruptedException {
    SignalDelivery.send(process, Signals.SIGSTOP);
    awaitThat(() -> process.signalState().isStopped());
    assertThat(process.signalState().takeStopReport(false)).isEqualTo(Signals.SIGSTOP);
    assertThat(process.signalState().takeStopReport(true)).isEqualTo(Signals.SIGSTOP);
    assertThat(process.signalState().takeStopReport(true)).isZero();
  }

  private static void resume(Process process) {
    SignalDelivery.send(process, Signals.SIGCONT);
    assertThat(process.signalState().isStopped()).isFalse();
    assertThat(process.signalState().takeContinueReport(true)).isTrue();
    assertThat(process.signalState().takeContinueReport(true)).isFalse();
  }

  @Test
  void aComputationStandsStillAndGoesOn() throws Exception {
    Path burn = TestPrograms.guestTest("burn");
    try (Guest guest = Guest.empty()) {
      String program = guest.show(burn);
      Outcome straight = guest.run(program, "spin", "40000000");
      Guest.Running run = guest.start(new byte[0], Map.of(), List.of(program, "spin", "40000000"));
      awaitThat(() -> run.output().text().contains("spinning"));
      stop(run.process());
      // The other programs still run, on both vCPUs, and this one does not come back by itself.
      assertThat(guest.run(program, "sleep", "1").code()).isZero();
      assertThat(guest.run(program, "touch", "1").code()).isZero();
      assertThat(run.process().exited()).isNotDone();
      long used = run.process().mainTask().userNanos();
      assertThat(guest.run(program, "sleep", "20").code()).isZero();
      assertThat(run.process().mainTask().userNanos()).isEqualTo(used);
      resume(run.process());
      assertThat(run.await()).isEqualTo(straight);
    }
  }

  @Test
  void aSleepIsMadeAgain() throws Exception {
    Path burn = TestPrograms.guestTest("burn");
    try (Guest guest = Guest.empty()) {
      Guest.Running run =
          guest.start(new byte[0], Map.of(), List.of(guest.show(burn), "sleep", "300"));
      awaitThat(() -> run.output().text().contains("asleep"));
      stop(run.process());
      resume(run.process());
      assertThat(run.await().code()).isZero();
      assertThat(run.output().text()).contains("awake");
    }
  }

  @Test
  void aStoppedProcessCanBeKilled() throws Exception {
    Path burn = TestPrograms.guestTest("burn");
    try (Guest guest = Guest.empty()) {
      Guest.Running run =
          guest.start(new byte[0], Map.of(), List.of(guest.show(burn), "spin", "4000000000000"));
      awaitThat(() -> run.output().text().contains("spinning"));
      stop(run.process());
      SignalDelivery.send(run.process(), Signals.SIGKILL);
      assertThat(run.await().code()).isEqualTo(128 + Signals.SIGKILL);
    }
  }
}

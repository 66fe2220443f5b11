package org.biscotti.kernel.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.abi.Signals.SIGCHLD;
import static org.biscotti.kernel.abi.Signals.SIGCONT;
import static org.biscotti.kernel.abi.Signals.SIGKILL;
import static org.biscotti.kernel.abi.Signals.SIGSTOP;
import static org.biscotti.kernel.abi.Signals.SIGUSR1;
import static org.biscotti.kernel.abi.Signals.bit;

import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of a signal between its sending and its taking (signal(7)). */
class SignalDeliveryTest {
  private final TestKernel kernel = new TestKernel();
  private final Task task = kernel.program();
  private final Process process = task.process();

  @AfterEach
  void close() {
    kernel.close();
  }

  private @Nullable SignalInfo take(int signal) {
    return SignalDelivery.take(task, bit(signal));
  }

  private static void handle(Process process, int signal, long handler) {
    process.actions().set(signal, handler, 0, 0, 0);
  }

  @Test
  void whatNobodyHandlesIsKeptWhileItIsBlocked() {
    SignalDelivery.send(process, SIGCHLD);
    assertThat(take(SIGCHLD)).as("ignored, and not blocked").isNull();
    task.setBlockedSignals(bit(SIGCHLD));
    SignalDelivery.send(process, SIGCHLD);
    assertThat(take(SIGCHLD)).isNotNull();
    task.signalState().setAwaited(bit(SIGCHLD));
    SignalDelivery.send(process, SIGCHLD);
    assertThat(take(SIGCHLD)).as("somebody waits for it").isNotNull();
  }

  @Test
  void aStopIsUndoneByASignalThatComesBeforeIt() {
    SignalDelivery.send(process, SIGSTOP);
    assertThat(take(SIGSTOP)).isNotNull();
    SignalDelivery.send(process, SIGCONT);
    process.signalState().stop(SIGSTOP);
    assertThat(process.signalState().isStopped()).isFalse();
    SignalDelivery.send(process, SIGSTOP);
    SignalDelivery.deliver(task);
    assertThat(process.signalState().isStopped()).isTrue();
    SignalDelivery.send(process, SIGCONT);
    assertThat(process.signalState().isStopped()).isFalse();
  }

  /** A signal wakes one thread; if that blocks it, or ends, it is for another to take. */
  @Test
  void whoCannotTakeASignalPassesItOn() {
    handle(process, SIGUSR1, 0x1000);
    Task other = TestKernel.thread(task);
    other.setWaitingThread(Thread.currentThread());
    SignalDelivery.send(process, SIGUSR1);
    assertThat(Thread.interrupted()).as("the first one is woken").isFalse();
    task.setBlockedSignals(bit(SIGUSR1));
    assertThat(Thread.interrupted()).isTrue();
    task.setBlockedSignals(bit(SIGUSR1) | bit(SIGCHLD));
    assertThat(Thread.interrupted()).as("this one had been blocked").isFalse();
    task.setBlockedSignals(0);
    process.taskEnded(task);
    assertThat(Thread.interrupted()).isTrue();
    other.setWaitingThread(null);
  }

  @Test
  void whoPollsLeavesNothingBehind() {
    SignalFile file = SignalFile.create(task, bit(SIGUSR1), 0);
    task.setBlockedSignals(bit(SIGUSR1));
    assertThat(file.waitQueue().isEmpty()).isTrue();
    int[] woken = {0};
    var place = file.waitQueue().add(Poll.POLLIN, events -> woken[0]++);
    assertThat(file.readyEvents()).isZero();
    SignalDelivery.send(process, SIGUSR1);
    assertThat(woken).containsExactly(1);
    assertThat(file.readyEvents()).isEqualTo(Poll.POLLIN);
    file.waitQueue().remove(place);
    assertThat(file.waitQueue().isEmpty()).isTrue();
    file.release();
  }

  /** A process that has ended, and is not waited for, takes nobody's places. */
  @Test
  void whatIsSentToTheDeadIsCountedToNobody() {
    Task child = TestKernel.child(task);
    child.setBlockedSignals(-1);
    int uid = child.credentials().uid();
    task.setBlockedSignals(bit(SIGCHLD));
    TestKernel.exit(child, 0);
    assertThat(take(SIGCHLD)).isNotNull();
    long before = kernel.processes.queuedSignals().of(uid);
    for (int i = 0; i < 10; i++) {
      SignalDelivery.send(child.process(), SignalInfo.kernel(Signals.SIGRTMIN + 1));
      SignalDelivery.send(child.process(), SIGUSR1);
      SignalDelivery.send(child.process(), SIGKILL);
    }
    assertThat(kernel.processes.queuedSignals().of(uid)).isEqualTo(before);
    assertThat(child.process().pendingSignals()).isZero();
  }
}

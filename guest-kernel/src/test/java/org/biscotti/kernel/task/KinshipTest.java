package org.biscotti.kernel.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.abi.Signals.SIGCHLD;
import static org.biscotti.kernel.abi.Signals.SIGCONT;
import static org.biscotti.kernel.abi.Signals.SIGHUP;
import static org.biscotti.kernel.abi.Signals.SIGKILL;
import static org.biscotti.kernel.abi.Signals.SIGSTOP;
import static org.biscotti.kernel.abi.Signals.SIGUSR1;
import static org.biscotti.kernel.abi.Signals.SIGUSR2;
import static org.biscotti.kernel.abi.Signals.bit;
import static org.biscotti.kernel.task.TestKernel.child;
import static org.biscotti.kernel.task.TestKernel.exit;
import static org.biscotti.kernel.task.TestKernel.sibling;
import static org.biscotti.kernel.task.TestKernel.thread;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Who hears of whose end, by which signal, and who is waited for (wait(2), clone(2), setpgid(2)).
 */
class KinshipTest {
  private static final Kinship.Wanted ENDED = new Kinship.Wanted(true, false, false, false, true);

  private final TestKernel kernel = new TestKernel();
  private final Kinship kinship = kernel.processes.kinship();
  private final Task root = kernel.program();

  @BeforeEach
  void block() {
    root.setBlockedSignals(-1); // ignored by default, SIGCHLD would be thrown away
  }

  @AfterEach
  void close() {
    kernel.close();
  }

  private static Task blocked(Task task) {
    task.setBlockedSignals(-1);
    return task;
  }

  private static void stop(Task task) {
    SignalDelivery.send(task.process(), SIGSTOP);
    SignalDelivery.deliver(task);
    assertThat(task.process().signalState().isStopped()).isTrue();
  }

  /** The process number of a child that has ended, 0 if none has, or a negative error number. */
  private int wait(Task parent, Kinship.Kind kind) {
    try {
      Kinship.@Nullable Change change =
          kinship.await(parent.process(), new Kinship.Children(0, 0, kind), ENDED);
      return change == null ? 0 : change.pid();
    } catch (ErrnoException e) {
      return -e.errno();
    }
  }

  private static @Nullable SignalInfo taken(Task task, int signal) {
    return SignalDelivery.take(task, bit(signal));
  }

  @Test
  void theEndOfAChildIsToldByTheSignalThatWasAskedFor() {
    Task child = child(root, SIGUSR1);
    exit(child, 3);
    SignalInfo info = taken(root, SIGUSR1);
    assertThat(info).isNotNull();
    assertThat(info.pid()).isEqualTo(child.processId());
    assertThat(info.status()).isEqualTo(3);
    assertThat(taken(root, SIGCHLD)).isNull();
  }

  @Test
  void aSiblingSendsWhatItsMakerSends() {
    Task parent = blocked(child(root));
    Task maker = child(parent, SIGUSR2);
    exit(sibling(maker, SIGKILL), 0);
    assertThat(parent.process().isExiting()).isFalse();
    assertThat(taken(parent, SIGUSR2)).isNotNull();
    exit(sibling(child(parent), SIGKILL), 0);
    assertThat(parent.process().isExiting()).isFalse();
    assertThat(taken(parent, SIGCHLD)).isNotNull();
  }

  @Test
  void aSiblingOfTheFirstProcessIsItsChild() {
    Task child = sibling(root, SIGKILL);
    assertThat(child.process().parentPid()).isEqualTo(root.processId());
    exit(child, 0);
    assertThat(root.process().isExiting()).isFalse();
    assertThat(taken(root, SIGCHLD)).isNotNull();
  }

  @Test
  void aParentThatExecutesAnotherProgramGetsTheUsualSignal() {
    Task parent = blocked(child(root));
    Task child = child(parent, SIGUSR1);
    Task silent = child(parent, 0);
    kinship.executed(parent.process());
    exit(child, 0);
    assertThat(taken(parent, SIGUSR1)).isNull();
    assertThat(taken(parent, SIGCHLD)).isNotNull();
    exit(silent, 0);
    assertThat(taken(parent, SIGCHLD)).isNotNull();
    exit(child(parent, SIGUSR1), 0);
    assertThat(taken(parent, SIGUSR1)).as("made by the new program").isNotNull();
  }

  @Test
  void aChildThatExecutesAProgramSendsTheUsualSignal() {
    Task child = child(root, SIGKILL);
    kinship.executed(child.process());
    exit(child, 0);
    assertThat(root.process().isExiting()).isFalse();
    assertThat(taken(root, SIGCHLD)).isNotNull();
  }

  @Test
  void aSignalWithoutRoomIsLostAndNothingElse() {
    Task parent = blocked(child(root));
    parent.process().limitTable().set(ResourceLimits.RLIMIT_SIGPENDING, 0, 0);
    Task child = child(parent, 40);
    exit(child, 0);
    assertThat(parent.pendingSignals() | parent.process().pendingSignals()).isZero();
    assertThat(wait(parent, Kinship.Kind.ALL)).isEqualTo(child.processId());
  }

  @Test
  void childrenThatSendAnotherSignalAreWaitedForOnRequest() {
    Task usual = child(root);
    Task other = child(root, SIGUSR1);
    exit(usual, 0);
    exit(other, 0);
    assertThat(wait(root, Kinship.Kind.USUAL)).isEqualTo(usual.processId());
    assertThat(wait(root, Kinship.Kind.USUAL)).isEqualTo(-Errno.ECHILD);
    assertThat(wait(root, Kinship.Kind.CLONES)).isEqualTo(other.processId());
    assertThat(wait(root, Kinship.Kind.ALL)).isEqualTo(-Errno.ECHILD);
  }

  @Test
  void aZombieIsInheritedOnlyByWhoWaitsForIt() {
    Task middle = child(root);
    exit(child(middle), 1);
    root.process().actions().set(SIGCHLD, Signals.SIG_IGN, 0, 0, 0);
    exit(middle, 0);
    assertThat(kernel.processes.size()).isEqualTo(1);
    assertThat(wait(root, Kinship.Kind.ALL)).isEqualTo(-Errno.ECHILD);
    root.process().actions().set(SIGCHLD, Signals.SIG_DFL, 0, 0, 0);
    middle = child(root);
    Task zombie = child(middle, SIGUSR1);
    exit(zombie, 1);
    exit(middle, 0);
    assertThat(kernel.processes.size()).isEqualTo(3);
    assertThat(taken(root, SIGUSR1)).isNull();
    assertThat(wait(root, Kinship.Kind.USUAL) + wait(root, Kinship.Kind.USUAL))
        .isEqualTo(middle.processId() + zombie.processId());
  }

  @Test
  void everyThreadsDeathSignalGoesToTheOrphan() {
    Task parent = child(root);
    Task child = blocked(child(parent));
    Task second = blocked(thread(child));
    second.setParentDeathSignal(SIGUSR1);
    exit(parent, 0);
    SignalInfo info = taken(child, SIGUSR1);
    assertThat(info).isNotNull();
    assertThat(info.code()).isEqualTo(SignalInfo.SI_USER);
    assertThat(info.pid()).isEqualTo(parent.processId());
  }

  /** A shell in its own session, a job of two in a group, and somebody elsewhere who waits. */
  private Task[] job(Task shell) {
    Task leader = blocked(child(shell));
    kinship.setGroup(leader.process(), 0, 0);
    Task member = blocked(child(leader));
    return new Task[] {leader, member};
  }

  private static long hangUps(Task task) {
    long set = task.process().pendingSignals() & (bit(SIGHUP) | bit(SIGCONT));
    SignalDelivery.take(task, set);
    SignalDelivery.take(task, set);
    return set;
  }

  @Test
  void everyMemberOfAStoppedGroupHearsThatItIsOrphaned() {
    Task shell = child(root);
    kinship.newSession(shell.process());
    Task[] job = job(shell);
    stop(job[1]);
    exit(shell, 0);
    assertThat(hangUps(job[0])).isEqualTo(bit(SIGHUP) | bit(SIGCONT));
    assertThat(hangUps(job[1])).isEqualTo(bit(SIGHUP) | bit(SIGCONT));
    assertThat(job[1].process().signalState().isStopped()).isFalse();
  }

  @Test
  void aGroupIsOrphanedByTheEndOfItsOwnMemberToo() {
    Task shell = child(root);
    kinship.newSession(shell.process());
    Task[] job = job(shell);
    stop(job[1]);
    exit(job[0], 0);
    assertThat(hangUps(job[1])).isEqualTo(bit(SIGHUP) | bit(SIGCONT));
  }

  @Test
  void aGroupThatRunsOrIsTiedIsLeftAlone() {
    Task shell = child(root);
    kinship.newSession(shell.process());
    Task[] running = job(shell);
    Task[] stopped = job(shell);
    Task tie = blocked(child(shell));
    kinship.setGroup(shell.process(), tie.processId(), stopped[0].processId());
    stop(stopped[1]);
    exit(stopped[0], 0);
    assertThat(hangUps(stopped[1])).as("another child of the shell is in it").isZero();
    exit(running[0], 0);
    assertThat(hangUps(running[1])).as("nobody in it is stopped").isZero();
    exit(tie, 0);
    assertThat(hangUps(stopped[1])).isEqualTo(bit(SIGHUP) | bit(SIGCONT));
  }
}

package org.biscotti.kernel.syscall;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.task.TestKernel.PAGE;
import static org.biscotti.kernel.task.TestKernel.child;
import static org.biscotti.kernel.task.TestKernel.exit;
import static org.biscotti.kernel.task.TestKernel.page;
import static org.biscotti.kernel.task.TestKernel.thread;

import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.task.ResourceLimits;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.task.TestKernel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Identity, attributes and priorities of processes, by the calls that programs make. */
class ProcessCallsTest {
  private static final int GETRLIMIT_NICE = ResourceLimits.RLIMIT_NICE;
  private static final int PRIO_PROCESS = 0;
  private static final int PRIO_PGRP = 1;
  private static final int PRIO_USER = 2;
  private static final int USER = 1000;

  private final TestKernel kernel = new TestKernel();
  private final Task root = kernel.program();

  @AfterEach
  void close() {
    kernel.close();
  }

  private long call(Task task, String name, long... arguments) {
    for (Syscall row : new SyscallTable().rows()) {
      if (row.name().equals(name)) {
        return kernel.call(task, row.number(), arguments);
      }
    }
    throw new AssertionError(name);
  }

  /** A child that is somebody else's for good. */
  private Task user(int uid) {
    Task task = child(root);
    assertThat(call(task, "setresuid", uid, uid, uid)).isZero();
    return task;
  }

  // ---- what is not there ----

  @Test
  void aCallThatIsNotThereIsRefusedAndLoggedOnce() {
    int before = kernel.log.missingCount();
    for (int i = 0; i < 3; i++) {
      assertThat(kernel.call(root, 9999)).isEqualTo(-ENOSYS);
      assertThat(kernel.call(root, -1)).isEqualTo(-ENOSYS);
      assertThat(call(root, "inotify_init1", 0)).isEqualTo(-ENOSYS);
    }
    assertThat(kernel.log.missingCount()).isEqualTo(before + 3);
    assertThat(call(root, "ptrace", 0, 0, 0, 0)).isEqualTo(-EPERM);
    assertThat(kernel.log.missingCount()).isEqualTo(before + 3);
  }

  // ---- identity ----

  @Test
  void groupsAreSortedSharedByChildrenAndCounted() {
    long memory = page(root);
    long before = KernelMemory.HEAP.count(Kind.BYTE);
    for (int i = 0; i < 1000; i++) {
      root.memory().setInt(memory + 4L * i, 5000 - i);
    }
    assertThat(call(root, "setgroups", 1000, memory)).isZero();
    long counted = KernelMemory.HEAP.count(Kind.BYTE) - before;
    assertThat(counted).isBetween(4000L, 4100L);
    Task child = child(root);
    assertThat(KernelMemory.HEAP.count(Kind.BYTE) - before).isEqualTo(counted);
    assertThat(call(root, "setgroups", 0, 0)).isZero();
    assertThat(KernelMemory.HEAP.count(Kind.BYTE) - before).isEqualTo(counted);
    assertThat(call(child, "getgroups", 0, 0)).isEqualTo(1000);
    assertThat(call(child, "getgroups", 999, memory)).isEqualTo(-EINVAL);
    assertThat(call(child, "getgroups", 1000, memory)).isEqualTo(1000);
    assertThat(child.memory().getInt(memory)).isEqualTo(4001);
    assertThat(child.credentials().inGroup(4500)).isTrue();
    assertThat(child.credentials().inGroup(5001)).isFalse();
    root.process().actions().set(Signals.SIGCHLD, Signals.SIG_IGN, 0, 0, 0);
    exit(child, 0);
    assertThat(KernelMemory.HEAP.count(Kind.BYTE)).isEqualTo(before);
    assertThat(call(root, "setgroups", 65537, memory)).isEqualTo(-EINVAL);
    assertThat(call(root, "setgroups", -1, memory)).isEqualTo(-EINVAL);
    assertThat(call(root, "setgroups", 2, 8)).isEqualTo(-EFAULT);
    assertThat(call(user(USER), "setgroups", 0, 0)).isEqualTo(-EPERM);
  }

  @Test
  void whoMayBecomeWhom() {
    Task task = child(root);
    assertThat(call(task, "setresuid", 1, 2, 3)).isZero();
    assertThat(task.credentials().fsuid()).isEqualTo(2);
    assertThat(call(task, "setresuid", 2, 3, 1)).isZero();
    assertThat(call(task, "setresuid", -1, 4, -1)).isEqualTo(-EPERM);
    assertThat(call(task, "setuid", 4)).isEqualTo(-EPERM);
    assertThat(call(task, "setuid", 1)).isZero();
    assertThat(task.credentials()).isEqualTo(Credentials.of(0, 0).withUsers(2, 1, 1));
    assertThat(call(task, "setfsuid", 2)).isEqualTo(1);
    assertThat(call(task, "setfsuid", 7)).isEqualTo(2);
    assertThat(call(task, "setreuid", 1, 2)).isZero();
    assertThat(task.credentials()).isEqualTo(Credentials.of(0, 0).withUsers(1, 2, 2));
    assertThat(call(task, "setuid", -1)).isEqualTo(-EINVAL);
  }

  @Test
  void aChangeOfIdentityTakesTheParentsSignalAway() {
    Task task = child(root);
    Task second = thread(task);
    assertThat(call(second, "prctl", 1, Signals.SIGUSR1)).isZero();
    assertThat(call(task, "setgroups", 0, 0)).isZero();
    assertThat(second.parentDeathSignal()).isEqualTo(Signals.SIGUSR1);
    assertThat(call(task, "prctl", 3)).isEqualTo(1);
    assertThat(call(task, "setresuid", USER, USER, USER)).isZero();
    assertThat(second.parentDeathSignal()).isZero();
    assertThat(call(task, "prctl", 3)).as("dumpable").isZero();
  }

  @Test
  void capabilitiesAreAllOrNone() {
    long header = page(root);
    root.memory().setInt(header, 0x2008_0522);
    assertThat(call(root, "capget", header, header + 8)).isZero();
    assertThat(root.memory().getInt(header + 8)).isEqualTo(-1);
    assertThat(root.memory().getInt(header + 12)).isEqualTo(-1);
    assertThat(root.memory().getInt(header + 20)).isEqualTo(0x1ff);
    assertThat(call(root, "capset", header, header + 8)).isZero();
    root.memory().setInt(header + 8, 0);
    assertThat(call(root, "capset", header, header + 8)).isEqualTo(-EPERM);
    root.memory().setInt(header, 1);
    assertThat(call(root, "capget", header, 0)).isZero();
    assertThat(root.memory().getInt(header)).isEqualTo(0x2008_0522);
    root.memory().setInt(header, 1);
    assertThat(call(root, "capget", header, header + 8)).isEqualTo(-EINVAL);
    root.memory().setInt(header + 4, 99);
    assertThat(call(root, "capget", header, header + 8)).isEqualTo(-ESRCH);
    root.memory().setInt(header + 4, -1);
    assertThat(call(root, "capget", header, header + 8)).isEqualTo(-EINVAL);
    assertThat(call(root, "capget", 8, 0)).isEqualTo(-EFAULT);
    root.memory().setInt(header + 4, user(USER).threadId());
    assertThat(call(root, "capget", header, header + 8)).isZero();
    assertThat(root.memory().getInt(header + 8)).isZero();
    assertThat(call(root, "capset", header, header + 8)).as("of another").isEqualTo(-EPERM);
  }

  // ---- prctl, personality, membarrier ----

  @Test
  void whatAProcessSaysOfItselfIsKeptAndInherited() {
    assertThat(call(root, "prctl", 38, 1, 0, 0, 0)).isZero();
    assertThat(call(root, "prctl", 38, 0, 0, 0, 0)).isEqualTo(-EINVAL);
    assertThat(call(root, "prctl", 4, 0)).isZero();
    assertThat(call(root, "prctl", 4, 2)).isEqualTo(-EINVAL);
    assertThat(call(root, "prctl", 8, 1)).isZero();
    assertThat(call(root, "prctl", 29, 123)).isZero();
    assertThat(call(root, "personality", 0x40000)).isZero();
    assertThat(call(root, "personality", 0x20000)).as("UNAME26").isEqualTo(-EINVAL);
    Task child = child(root);
    assertThat(call(child, "prctl", 39, 0, 0, 0, 0)).isEqualTo(1);
    assertThat(call(child, "prctl", 39, 1, 0, 0, 0)).isEqualTo(-EINVAL);
    assertThat(call(child, "prctl", 3)).isZero();
    assertThat(call(child, "prctl", 7)).isEqualTo(1);
    assertThat(call(child, "prctl", 30)).isEqualTo(123);
    assertThat(call(child, "prctl", 29, 456)).isZero();
    assertThat(call(child, "prctl", 29, 0)).isZero();
    assertThat(call(child, "prctl", 30)).isEqualTo(123);
    assertThat(call(child, "personality", 0xffff_ffffL)).isEqualTo(0x40000);
    assertThat(call(child, "prctl", 23, 40)).isEqualTo(1);
    assertThat(call(child, "prctl", 23, 41)).isEqualTo(-EINVAL);
    assertThat(call(child, "prctl", 24, 40)).isEqualTo(-EPERM);
    assertThat(call(child, "prctl", 24, 41)).isEqualTo(-EINVAL);
    assertThat(call(child, "prctl", 28, 1)).isEqualTo(-EPERM);
    assertThat(call(child, "prctl", 47, 1, 40, 0, 0)).isZero();
    assertThat(call(child, "prctl", 47, 2, 40, 0, 0)).isEqualTo(-EPERM);
    assertThat(call(child, "prctl", 9999)).isEqualTo(-EINVAL);
  }

  @Test
  void barriersHaveToBeAskedFor() {
    assertThat(call(root, "membarrier", 0, 0)).isEqualTo(31);
    assertThat(call(root, "membarrier", 8, 0)).isEqualTo(-EPERM);
    assertThat(call(root, "membarrier", 16, 0)).isZero();
    assertThat(call(root, "membarrier", 8, 0)).isZero();
    assertThat(call(root, "membarrier", 1, 0)).isZero();
    assertThat(call(child(root), "membarrier", 8, 0)).isZero();
    assertThat(call(root, "membarrier", 1, 1)).isEqualTo(-EINVAL);
    assertThat(call(root, "membarrier", 32, 0)).isEqualTo(-EINVAL);
  }

  // ---- priorities ----

  @Test
  void prioritiesOfAProcessAGroupAndAUser() {
    Task one = user(USER);
    Task two = user(USER);
    Task other = user(USER + 1);
    assertThat(call(one, "setpgid", 0, 0)).isZero();
    assertThat(call(root, "setpriority", PRIO_PGRP, one.processId(), 5)).isZero();
    assertThat(call(root, "getpriority", PRIO_PROCESS, one.processId())).isEqualTo(15);
    assertThat(call(one, "getpriority", PRIO_USER, 0)).as("the highest").isEqualTo(20);
    assertThat(call(one, "setpriority", PRIO_USER, 0, 7)).isZero();
    assertThat(call(two, "getpriority", PRIO_PROCESS, 0)).isEqualTo(13);
    assertThat(call(other, "getpriority", PRIO_PROCESS, 0)).isEqualTo(20);
    assertThat(call(other, "setpriority", PRIO_PROCESS, one.processId(), 9)).isEqualTo(-EPERM);
    assertThat(call(one, "setpriority", PRIO_PROCESS, 0, 6)).isEqualTo(-EACCES);
    one.process().limitTable().set(GETRLIMIT_NICE, 14, 14);
    assertThat(call(one, "setpriority", PRIO_PROCESS, 0, 6)).isZero();
    assertThat(call(root, "setpriority", PRIO_USER, USER, -99)).isZero();
    assertThat(call(two, "getpriority", PRIO_PROCESS, 0)).isEqualTo(40);
    assertThat(call(root, "getpriority", PRIO_PGRP, 9999)).isEqualTo(-ESRCH);
    assertThat(call(root, "setpriority", PRIO_USER, 9999, 0)).isEqualTo(-ESRCH);
    assertThat(call(root, "getpriority", 3, 0)).isEqualTo(-EINVAL);
  }

  // ---- limits, signals, time ----

  @Test
  void whoHasEndedCountsUntilItIsWaitedFor() {
    Task parent = user(USER);
    parent.process().limitTable().set(ResourceLimits.RLIMIT_NPROC, 2, 2);
    exit(child(parent), 0);
    assertThat(forks(parent)).isFalse();
    assertThat(call(parent, "wait4", -1, 0, 0, 0)).isPositive();
    assertThat(forks(parent)).isTrue();
  }

  private static boolean forks(Task parent) {
    try {
      child(parent);
      return true;
    } catch (org.biscotti.kernel.abi.ErrnoException e) {
      assertThat(e.errno()).isEqualTo(EAGAIN);
      return false;
    }
  }

  @Test
  void theNumberOfAThreadIsTheProcessToo() {
    Task task = child(root);
    task.setBlockedSignals(-1);
    Task second = thread(task);
    assertThat(call(root, "kill", second.threadId(), Signals.SIGUSR1)).isZero();
    assertThat(task.process().pendingSignals()).isEqualTo(Signals.bit(Signals.SIGUSR1));
    assertThat(second.pendingSignals()).isZero();
    assertThat(call(root, "kill", 9999, 0)).isEqualTo(-ESRCH);
  }

  @Test
  void whoHasToEndDoesNotWaitForRandomBytes() {
    long memory = page(root);
    root.setBlockedSignals(0);
    assertThat(call(root, "getrandom", memory, PAGE, 0)).isEqualTo(PAGE);
    root.process().kill(Signals.SIGKILL);
    assertThat(call(root, "getrandom", memory, PAGE, 0)).isEqualTo(256);
  }

  @Test
  void clocksThatCanBeSleptBy() {
    long time = page(root);
    assertThat(call(root, "clock_gettime", 8, time)).isZero();
    assertThat(call(root, "clock_gettime", 9, time)).isZero();
    assertThat(call(root, "clock_gettime", 10, time)).isEqualTo(-EINVAL);
    root.memory().setLong(time, 0);
    root.memory().setLong(time + 8, 0);
    assertThat(call(root, "clock_nanosleep", 2, 0, time, 0)).isZero();
    assertThat(call(root, "clock_nanosleep", 3, 0, time, 0)).isEqualTo(-EINVAL);
    assertThat(call(root, "clock_nanosleep", 4, 0, time, 0)).isEqualTo(-EOPNOTSUPP);
    assertThat(call(root, "clock_nanosleep", -2, 0, time, 0)).as("own thread").isEqualTo(-EINVAL);
    assertThat(call(root, "clock_nanosleep", 8, 0, time, 0)).isZero();
    Task user = user(USER);
    assertThat(call(user, "clock_nanosleep", 8, 0, time, 0)).isEqualTo(-EPERM);
  }

  @Test
  void sleepingByTheTimeOfAProcessWaitsForItToUseSome() throws InterruptedException {
    Task other = thread(root);
    long time = page(root);
    root.memory().setLong(time, 0);
    root.memory().setLong(time + 8, 50_000_000);
    long[] result = {1};
    Thread sleeper =
        Thread.startVirtualThread(() -> result[0] = call(root, "clock_nanosleep", 2, 0, time, 0));
    sleeper.join(100);
    assertThat(sleeper.isAlive()).as("the process does not run").isTrue();
    other.addSystemNanos(60_000_000);
    sleeper.join(10_000);
    assertThat(result[0]).isZero();
    result[0] = 1;
    sleeper =
        Thread.startVirtualThread(
            () -> result[0] = call(root, "clock_nanosleep", 2, 0, time, time + 16));
    sleeper.join(50);
    sleeper.interrupt();
    sleeper.join(10_000);
    assertThat(result[0]).isEqualTo(-EINTR);
    assertThat(root.memory().getLong(time + 24)).isBetween(50_000_000L, 51_000_000L);
  }
}

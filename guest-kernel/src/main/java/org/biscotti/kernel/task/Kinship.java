package org.biscotti.kernel.task;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.wait.MustWait;
import org.jspecify.annotations.Nullable;

/**
 * Who is whose parent, who leads which group and session, and how the ended have ended until
 * somebody asks (wait(2), setpgid(2), setsid(2), credentials(7)).
 *
 * <p>One lock guards all of it. It is taken before a process's own lock and the scheduler's, and
 * nothing that waits happens under it.
 *
 * <p>A program that the kernel was asked to start has no parent. It is to its descendants what
 * process 1 is in a PID namespace (pid_namespaces(7)): it adopts orphans, and when it ends they are
 * killed.
 */
public final class Kinship {
  /** Nanoseconds in a clock tick as programs see it. */
  private static final long TICK_NANOS = 10_000_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final ProcessTable table;

  /** How many processes have a number as their group's or session's. */
  private final ConcurrentHashMap<Integer, Integer> uses = new ConcurrentHashMap<>();

  /** A process's place among the others; what is not volatile is guarded by the lock. */
  static final class Place {
    volatile int parentPid;
    volatile int group;
    volatile int session;

    private @Nullable Process parent;
    private @Nullable Process root;
    private final List<Process> children = new ArrayList<>(0);

    /** Signal for the parent when the process ends (clone(2)); 0 for none. */
    private int exitSignal = Signals.SIGCHLD;

    /** How many programs the process has executed. */
    private int executions;

    /** How many its parent had executed when the process was made. */
    private int parentExecutions;

    private @Nullable Condition childChanged;
    private boolean subreaper;
    private Process.@Nullable ExitStatus status;
    private long childrenUserNanos;
    private long childrenSystemNanos;
  }

  Kinship(ProcessTable table) {
    this.table = table;
  }

  // ---- birth ----

  /** A process that has no parent, and leads a session of its own. */
  void addRoot(Process process) {
    lock.lock();
    try {
      process.place.root = process;
      enter(process, process.pid(), process.pid());
    } finally {
      lock.unlock();
    }
  }

  /**
   * A child, in the group and session of the process that makes it.
   *
   * @param exitSignal for the parent when the child ends, 0 for none
   */
  void addChild(Process maker, Process child, int exitSignal) {
    lock.lock();
    try {
      enterChild(maker, maker, child);
      child.place.exitSignal = exitSignal;
      child.place.parentExecutions = maker.place.executions;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A child of the maker's own parent (CLONE_PARENT of clone(2)). It sends that one what the maker
   * will: the parent has agreed to no other signal. If the maker has no parent, the child is its
   * own.
   */
  void addSibling(Process maker, Process child) {
    lock.lock();
    try {
      Process parent = maker.place.parent;
      enterChild(parent == null ? maker : parent, maker, child);
      child.place.exitSignal = maker.place.exitSignal;
      child.place.parentExecutions =
          parent == null ? maker.place.executions : maker.place.parentExecutions;
    } finally {
      lock.unlock();
    }
  }

  private void enterChild(Process parent, Process maker, Process child) {
    child.place.root = maker.place.root;
    adopt(parent, child);
    enter(child, maker.place.group, maker.place.session);
  }

  /** A process executes another program: its parent, and its children, get SIGCHLD from now on. */
  void executed(Process process) {
    lock.lock();
    try {
      process.place.exitSignal = Signals.SIGCHLD;
      process.place.executions++;
    } finally {
      lock.unlock();
    }
  }

  private static void adopt(Process parent, Process child) {
    child.place.parent = parent;
    child.place.parentPid = parent.pid();
    parent.place.children.add(child);
  }

  private void enter(Process process, int group, int session) {
    process.place.group = group;
    process.place.session = session;
    uses.merge(group, 1, Integer::sum);
    uses.merge(session, 1, Integer::sum);
  }

  private void leave(Process process) {
    for (int number : new int[] {process.place.group, process.place.session}) {
      uses.computeIfPresent(number, (n, count) -> count == 1 ? null : count - 1);
    }
  }

  /** True if a group or session has this number. */
  boolean isUsed(int number) {
    return uses.containsKey(number);
  }

  // ---- groups and sessions ----

  /**
   * Moves a process into a group (setpgid(2)).
   *
   * @throws ErrnoException ESRCH, EPERM, EACCES
   */
  public void setGroup(Process caller, int pid, int wanted) {
    lock.lock();
    try {
      Process target = pid == 0 ? caller : table.find(pid);
      if (target == null || (target != caller && target.place.parent != caller)) {
        throw ErrnoException.of(Errno.ESRCH);
      }
      int group = wanted == 0 ? target.pid() : wanted;
      if (target != caller && target.place.session != caller.place.session) {
        throw ErrnoException.of(Errno.EPERM);
      }
      if (target != caller && target.hasExecuted()) {
        throw ErrnoException.of(Errno.EACCES);
      }
      if (target.place.session == target.pid()
          || (group != target.pid() && !isGroupOf(group, caller.place.session))) {
        throw ErrnoException.of(Errno.EPERM);
      }
      leave(target);
      enter(target, group, target.place.session);
    } finally {
      lock.unlock();
    }
  }

  private boolean isGroupOf(int group, int session) {
    for (Process member : table.all()) {
      if (member.place.group == group && member.place.session == session) {
        return true;
      }
    }
    return false;
  }

  /**
   * Makes a process the leader of a new session and group (setsid(2)).
   *
   * @throws ErrnoException EPERM if there is a group of its number
   */
  public void newSession(Process process) {
    lock.lock();
    try {
      if (isUsed(process.pid())) {
        throw ErrnoException.of(Errno.EPERM);
      }
      leave(process);
      enter(process, process.pid(), process.pid());
    } finally {
      lock.unlock();
    }
  }

  public boolean isSubreaper(Process process) {
    lock.lock();
    try {
      return process.place.subreaper;
    } finally {
      lock.unlock();
    }
  }

  /** PR_SET_CHILD_SUBREAPER (prctl(2)). */
  public void setSubreaper(Process process, boolean value) {
    lock.lock();
    try {
      process.place.subreaper = value;
    } finally {
      lock.unlock();
    }
  }

  /** Nanoseconds in programs that children which have been waited for have used, and theirs. */
  public long childrenUserNanos(Process process) {
    lock.lock();
    try {
      return process.place.childrenUserNanos;
    } finally {
      lock.unlock();
    }
  }

  /** The same in the kernel. */
  public long childrenSystemNanos(Process process) {
    lock.lock();
    try {
      return process.place.childrenSystemNanos;
    } finally {
      lock.unlock();
    }
  }

  // ---- the end ----

  /** A process has ended and has given back what it had. */
  void ended(Process process, Process.ExitStatus status) {
    List<Runnable> signals = new ArrayList<>();
    lock.lock();
    try {
      Place place = process.place;
      place.status = status;
      Set<Integer> cutOff = new HashSet<>();
      Process reaper = reaperOf(process);
      for (Process child : place.children) {
        if (isTie(process, child)) {
          cutOff.add(child.place.group);
        }
        orphan(child, reaper, signals);
        addDeathSignals(process, child, signals);
      }
      place.children.clear();
      Process parent = place.parent;
      if (parent == null) {
        forget(process);
      } else {
        if (isTie(parent, process)) {
          cutOff.add(place.group);
        }
        if (tellParent(process, parent, status)) {
          parent.place.children.remove(process);
          forget(process);
        }
      }
      hangUp(cutOff, signals);
    } finally {
      lock.unlock();
    }
    signals.forEach(Runnable::run);
  }

  /**
   * Tells a parent that a child has ended. Under the lock: who has waited for the child has had the
   * signal.
   *
   * @return true if the parent does not want to wait for it
   */
  private static boolean tellParent(Process child, Process parent, Process.ExitStatus status) {
    int signal = child.place.exitSignal;
    if (child.place.parentExecutions != parent.place.executions) {
      signal = Signals.SIGCHLD; // what the parent runs now has not agreed to another
    }
    if (signal != 0) {
      sendOrLose(parent, exitInfo(child, status, signal));
    }
    signalChange(parent);
    return signal == Signals.SIGCHLD && parent.actions().discardsChildren();
  }

  /** A real-time signal for which the receiver's user has no room left is lost, as in Linux. */
  private static void sendOrLose(Process to, SignalInfo info) {
    try {
      SignalDelivery.send(to, info);
    } catch (ErrnoException _) {
      // EAGAIN: there is nobody to tell.
    }
  }

  private static SignalInfo exitInfo(Process process, Process.ExitStatus status, int signal) {
    return SignalInfo.child(
            exitCode(status),
            process.pid(),
            process.credentials().uid(),
            status.signal() != 0 ? status.signal() : status.code(),
            process.userNanos() / TICK_NANOS,
            process.systemNanos() / TICK_NANOS)
        .withSignal(signal);
  }

  private static int exitCode(Process.ExitStatus status) {
    return status.signal() != 0 ? SignalInfo.CLD_KILLED : SignalInfo.CLD_EXITED;
  }

  private void forget(Process process) {
    leave(process);
    process.place.parent = null;
    table.remove(process);
  }

  /** Who gets the children: the nearest ancestor that reaps, else the root; null if that ends. */
  private static @Nullable Process reaperOf(Process process) {
    Process root = process.place.root;
    for (Process ancestor = process.place.parent;
        ancestor != null;
        ancestor = ancestor.place.parent) {
      if (ancestor.place.status == null && (ancestor.place.subreaper || ancestor == root)) {
        return ancestor;
      }
    }
    return root != null && root != process && root.place.status == null ? root : null;
  }

  /** Gives a child to another parent. That one gets SIGCHLD, whatever clone(2) had said. */
  private void orphan(Process child, @Nullable Process reaper, List<Runnable> signals) {
    Process.ExitStatus status = child.place.status;
    child.place.exitSignal = Signals.SIGCHLD;
    if (reaper == null) {
      child.place.parent = null;
      child.place.parentPid = 0;
      if (status != null) {
        forget(child);
      } else {
        signals.add(() -> child.kill(Signals.SIGKILL));
      }
    } else if (status != null && tellParent(child, reaper, status)) {
      forget(child);
    } else {
      adopt(reaper, child);
    }
  }

  /**
   * PR_SET_PDEATHSIG (prctl(2)): what each thread of a child has asked for goes to the whole of it,
   * as from the parent.
   */
  private static void addDeathSignals(Process parent, Process child, List<Runnable> signals) {
    for (Task task : child.snapshotOfTasks()) {
      int signal = task.parentDeathSignal();
      if (signal != 0) {
        int uid = parent.credentials().uid();
        SignalInfo info = SignalInfo.sent(signal, SignalInfo.SI_USER, parent.pid(), uid);
        signals.add(() -> sendOrLose(child, info));
      }
    }
  }

  // ---- orphaned groups ----

  /** True if a parent is what ties its child's group to their session. */
  private static boolean isTie(Process parent, Process child) {
    return parent.place.group != child.place.group && parent.place.session == child.place.session;
  }

  /**
   * True if nobody is there to continue what a terminal stops: no member of the group has a parent
   * in another group of the session (POSIX, orphaned process group).
   */
  boolean isOrphaned(int group) {
    lock.lock();
    try {
      Set<Integer> groups = new HashSet<>(Set.of(group));
      removeTied(groups);
      return !groups.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Leaves the orphaned ones of some groups; one pass over all processes. */
  private void removeTied(Set<Integer> groups) {
    for (Process member : table.all()) {
      Place place = member.place;
      if (place.status == null
          && place.parent != null
          && isTie(place.parent, member)
          && groups.remove(place.group)
          && groups.isEmpty()) {
        return;
      }
    }
  }

  /**
   * Sends SIGHUP and SIGCONT to every member of those groups that have become orphaned while one of
   * them is stopped (setpgid(2)): nobody else would ever continue it.
   *
   * @param groups that may have lost their last tie; changed
   */
  private void hangUp(Set<Integer> groups, List<Runnable> signals) {
    if (groups.isEmpty()) {
      return;
    }
    removeTied(groups);
    Set<Integer> stopped = new HashSet<>();
    for (Process member : table.all()) {
      if (member.signalState().isStopped() && groups.contains(member.place.group)) {
        stopped.add(member.place.group);
      }
    }
    if (stopped.isEmpty()) {
      return;
    }
    for (Process member : table.all()) {
      if (stopped.contains(member.place.group) && member.place.status == null) {
        signals.add(() -> {
          SignalDelivery.send(member, Signals.SIGHUP);
          SignalDelivery.send(member, Signals.SIGCONT);
        });
      }
    }
  }

  // ---- waiting ----

  /**
   * Notes that a child stops or goes on: its parent finds out from the signal and from wait(2) at
   * once, or from neither yet.
   *
   * @param change false if nothing has changed
   * @param tell sends the signal
   */
  void changeChild(Process child, BooleanSupplier change, Runnable tell) {
    lock.lock();
    try {
      if (change.getAsBoolean()) {
        tell.run();
        if (child.place.parent != null) {
          signalChange(child.place.parent);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private static void signalChange(Process parent) {
    Condition changed = parent.place.childChanged;
    if (changed != null) {
      changed.signalAll();
    }
  }

  /**
   * Which children count (waitid(2)).
   *
   * @param pid a process, 0 for any
   * @param group a group, 0 for any
   * @param kind whether those count that do not send SIGCHLD when they end
   */
  public record Children(int pid, int group, Kind kind) {
    boolean include(Process child) {
      boolean sendsOther = child.place.exitSignal != Signals.SIGCHLD;
      return (pid == 0 || child.pid() == pid)
          && (group == 0 || child.place.group == group)
          && (kind == Kind.ALL || (kind == Kind.CLONES) == sendsOther);
    }
  }

  /** Kinds of children (wait(2)). */
  public enum Kind {
    /** Those that send SIGCHLD. */
    USUAL,
    /** Those that send another signal, or none (__WCLONE). */
    CLONES,
    /** Either (__WALL). */
    ALL
  }

  /**
   * What to wait for.
   *
   * @param ended WEXITED
   * @param stopped WSTOPPED
   * @param continued WCONTINUED
   * @param keep leave it for another (WNOWAIT)
   * @param nothing return if there is nothing (WNOHANG)
   */
  public record Wanted(
      boolean ended, boolean stopped, boolean continued, boolean keep, boolean nothing) {}

  /**
   * What has become of a child.
   *
   * @param code CLD_EXITED and the like
   * @param status exit status or signal
   * @param waitStatus the same as wait(2) has it
   */
  public record Change(
      int pid, int uid, int code, int status, int waitStatus, long userNanos, long systemNanos) {}

  private static final int STOPPED_STATUS = 0x7f;
  private static final int CONTINUED_STATUS = 0xffff;

  /**
   * Waits for a change of a child.
   *
   * @return null if there is nothing and {@code wanted} says not to wait
   * @throws ErrnoException ECHILD, EINTR
   * @throws MustWait if the thread may not wait
   */
  public @Nullable Change await(Process parent, Children which, Wanted wanted) {
    boolean interrupted = false;
    lock.lock();
    try {
      while (true) {
        boolean any = false;
        for (Process child : parent.place.children) {
          if (which.include(child)) {
            any = true;
            Change change = change(parent, child, wanted);
            if (change != null) {
              return change;
            }
          }
        }
        if (!any) {
          throw ErrnoException.of(Errno.ECHILD);
        }
        if (wanted.nothing()) {
          return null;
        }
        MustWait.unlessVirtual();
        if (interrupted) {
          throw ErrnoException.of(Errno.EINTR);
        }
        interrupted = !awaitChange(parent);
      }
    } finally {
      lock.unlock();
    }
  }

  /** False if interrupted: what has changed by then still counts for more. */
  @SuppressWarnings("WaitNotInLoop") // the caller loops
  private boolean awaitChange(Process parent) {
    if (parent.place.childChanged == null) {
      parent.place.childChanged = lock.newCondition();
    }
    try {
      parent.place.childChanged.await();
      return true;
    } catch (InterruptedException _) {
      return false;
    }
  }

  /** What there is to tell of a child; it is told once. Under the lock. */
  private @Nullable Change change(Process parent, Process child, Wanted wanted) {
    Process.ExitStatus status = child.place.status;
    if (status != null) {
      return wanted.ended() ? reap(parent, child, status, wanted.keep()) : null;
    }
    int uid = child.credentials().uid();
    int stop = wanted.stopped() ? child.signalState().takeStopReport(!wanted.keep()) : 0;
    if (stop != 0) {
      int waitStatus = stop << 8 | STOPPED_STATUS;
      return new Change(child.pid(), uid, SignalInfo.CLD_STOPPED, stop, waitStatus, 0, 0);
    }
    if (wanted.continued() && child.signalState().takeContinueReport(!wanted.keep())) {
      return new Change(
          child.pid(), uid, SignalInfo.CLD_CONTINUED, Signals.SIGCONT, CONTINUED_STATUS, 0, 0);
    }
    return null;
  }

  private Change reap(Process parent, Process child, Process.ExitStatus status, boolean keep) {
    long user = child.userNanos() + child.place.childrenUserNanos;
    long system = child.systemNanos() + child.place.childrenSystemNanos;
    if (!keep) {
      parent.place.childrenUserNanos += user;
      parent.place.childrenSystemNanos += system;
      parent.place.children.remove(child);
      forget(child);
    }
    return new Change(
        child.pid(),
        child.credentials().uid(),
        exitCode(status),
        status.signal() != 0 ? status.signal() : status.code(),
        status.waitStatus(),
        user,
        system);
  }
}

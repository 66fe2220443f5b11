package org.biscotti.kernel.task;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.jspecify.annotations.Nullable;

/**
 * Sends signals, and has them handled (signal(7)).
 *
 * <p>A signal is added to what waits for a task or a process, and looked at by the task's owner
 * before the program runs again: {@link #deliver} carries out default actions and makes the frames
 * of handlers.
 */
public final class SignalDelivery {
  private SignalDelivery() {}

  // ---- sending ----

  /** Sends a signal to the task whose call the caller serves, as from itself. */
  public static void send(Task target, int signal) {
    sendFrom(target, target, ownInfo(target.process(), signal));
  }

  /** Sends a signal to a process, as from the kernel. */
  public static void send(Process process, int signal) {
    send(process, SignalInfo.kernel(signal));
  }

  private static SignalInfo ownInfo(Process process, int signal) {
    return SignalInfo.sent(signal, SignalInfo.SI_USER, process.pid(), process.credentials().uid());
  }

  /**
   * Sends a signal to one task, in a call of another or of the same.
   *
   * @throws ErrnoException EAGAIN if RLIMIT_SIGPENDING is reached and it has to be queued
   */
  public static void sendFrom(Task caller, Task target, SignalInfo info) {
    send(caller, target.process(), target, info, null);
  }

  /**
   * Sends a signal to whichever task of a process does not block it, in a call of a task.
   *
   * @throws ErrnoException EAGAIN if RLIMIT_SIGPENDING is reached and it has to be queued
   */
  public static void sendFrom(Task caller, Process process, SignalInfo info) {
    send(caller, process, null, info, null);
  }

  /**
   * Sends a signal to whichever task of a process does not block it.
   *
   * @throws ErrnoException EAGAIN if RLIMIT_SIGPENDING is reached and it has to be queued
   */
  public static void send(Process process, SignalInfo info) {
    send(null, process, null, info, null);
  }

  /**
   * Sends a signal.
   *
   * @param caller the task whose call the thread serves, or null; it need not be interrupted, as
   *     signals are looked at before its program goes on
   * @param target the task, or null for the whole process
   * @param source is told when it is taken
   * @return false if it was thrown away, because the process ignores it
   */
  static boolean send(
      @Nullable Task caller,
      Process process,
      @Nullable Task target,
      SignalInfo info,
      PendingSignals.@Nullable Source source) {
    int signal = info.signal();
    Task woken = null;
    boolean resumes = signal == Signals.SIGCONT;
    boolean discarded;
    process.lock().lock();
    try {
      cancelOpposite(process, signal);
      discarded = isDiscarded(process, target, signal);
      if (!discarded && signal != Signals.SIGKILL) {
        queue(process, target, info, source);
        woken = target != null ? target : receiver(process, signal);
      }
    } finally {
      process.lock().unlock();
    }
    if (signal == Signals.SIGKILL) {
      process.kill(signal);
      return true;
    }
    if (resumes) {
      process.signalState().resume();
    }
    if (woken != null && woken != caller && woken.signalState().wants(signal)) {
      woken.interrupt();
    }
    if (!discarded) {
      process.signalState().arrivals().wake(Poll.POLLIN);
    }
    return !discarded;
  }

  /** SIGCONT undoes stop signals that still wait, and a stop signal undoes SIGCONT. */
  private static void cancelOpposite(Process process, int signal) {
    long opposite =
        signal == Signals.SIGCONT
            ? Signals.STOP_SET
            : Signals.stopsByDefault(signal) ? Signals.bit(Signals.SIGCONT) : 0;
    if (opposite != 0) {
      discard(process, opposite);
    }
    if (signal == Signals.SIGCONT) {
      process.signalState().setStopTaken(false);
    }
  }

  /** Throws away signals that wait, for the process and for its tasks; under its lock. */
  public static void discard(Process process, long signals) {
    process.signalState().pending.discard(signals);
    for (Task task : process.snapshotOfTasks()) {
      task.signalState().pending.discard(signals);
    }
  }

  /** An ignored signal is thrown away, unless it is blocked: it may be caught by then. */
  private static boolean isDiscarded(Process process, @Nullable Task target, int signal) {
    Task task = target != null ? target : process.mainTaskOrNull();
    return process.actions().ignores(signal)
        && (task == null || !task.signalState().blocks(signal));
  }

  private static void queue(
      Process process,
      @Nullable Task target,
      SignalInfo info,
      PendingSignals.@Nullable Source source) {
    PendingSignals to =
        target != null ? target.signalState().pending : process.signalState().pending;
    int signal = info.signal();
    if (to.isClosed() || (source == null && to.coalesces(signal))) {
      return;
    }
    int uid = process.credentials().uid();
    if (source != null) {
      to.add(new PendingSignals.Entry(info, source, PendingSignals.UNCOUNTED));
    } else if (process.mayQueueFor(uid)) {
      to.add(new PendingSignals.Entry(info, null, uid));
    } else if (signal >= Signals.SIGRTMIN && info.code() != SignalInfo.SI_USER) {
      throw ErrnoException.of(Errno.EAGAIN);
    } else {
      to.addBare(signal);
    }
  }

  /**
   * A task of a process takes some signals no longer: those that wait for whichever task takes them
   * may have woken it and nobody else.
   */
  static void retarget(Process process, long signals) {
    long waiting = process.pendingSignals() & signals;
    if (waiting == 0) {
      return;
    }
    for (Task task : process.snapshotOfTasks()) {
      if (task.signalState().wantsAny(waiting)) {
        task.interrupt();
      }
    }
  }

  /** The task that is woken for a signal of the process: the first one that wants it. */
  private static @Nullable Task receiver(Process process, int signal) {
    for (Task task : process.snapshotOfTasks()) {
      if (task.signalState().wants(signal)) {
        return task;
      }
    }
    return null;
  }

  /**
   * A signal that the program has brought on itself and cannot go on without (a fault). If it is
   * blocked or ignored the process is killed (signal(7)).
   */
  public static void force(Task task, SignalInfo info) {
    Process process = task.process();
    int signal = info.signal();
    process.lock().lock();
    try {
      TaskSignals state = task.signalState();
      boolean blocked = (state.blocked() & Signals.bit(signal)) != 0;
      if (blocked || process.actions().handler(signal) == Signals.SIG_IGN) {
        process.actions().reset(signal);
        state.setBlocked(state.blocked() & ~Signals.bit(signal));
      }
      if (!state.pending.coalesces(signal)) {
        state.pending.add(new PendingSignals.Entry(info, null, PendingSignals.UNCOUNTED));
      }
    } finally {
      process.lock().unlock();
    }
  }

  /** Forces a signal of which there is no more to say. */
  public static void force(Task task, int signal) {
    force(task, SignalInfo.kernel(signal));
  }

  /** Broken pipe: SIGPIPE (write(2)). */
  public static void brokenPipe(Task task) {
    send(task, Signals.SIGPIPE);
  }

  // ---- taking ----

  /**
   * Takes a signal that waits for a task or its process, or null.
   *
   * @param wanted the signals that count
   */
  public static @Nullable SignalInfo take(Task task, long wanted) {
    PendingSignals.Entry entry;
    Process process = task.process();
    process.lock().lock();
    try {
      entry = task.signalState().pending.take(wanted);
      if (entry == null) {
        entry = process.signalState().pending.take(wanted);
      }
      if (entry != null && Signals.stopsByDefault(entry.info().signal())) {
        process.signalState().setStopTaken(true);
      }
    } finally {
      process.lock().unlock();
    }
    return entry == null ? null : entry.claim();
  }

  /**
   * True if signals wait that are not blocked, the program has handlers for all of them, and there
   * is nothing else to do before it goes on.
   */
  public static boolean awaitsHandlersOnly(Task task) {
    if (!task.hasDeliverableSignal()
        || task.mustEnd()
        || task.process().signalState().isStopped()) {
      return false;
    }
    SignalActions actions = task.process().actions();
    long set = (task.pendingSignals() | task.process().pendingSignals()) & ~task.blockedSignals();
    for (; set != 0; set &= set - 1) {
      if (!actions.catches(Long.numberOfTrailingZeros(set) + 1)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Handles every signal that waits and is not blocked: carries out default actions, makes the
   * frames of handlers, and decides whether an interrupted call is made again. Called by the thread
   * of the vCPU that the task is on, or by whoever serves its call while it waits in the ring.
   */
  public static void deliver(Task task) {
    Process process = task.process();
    TaskSignals state = task.signalState();
    while (!process.isExiting()) {
      if (process.signalState().isStopped()) {
        return;
      }
      SignalInfo info = take(task, ~state.blocked());
      if (info == null) {
        state.finish(task);
        return;
      }
      process.kernel().processes().signalTaken(task, info);
      act(task, info);
    }
  }

  private static void act(Task task, SignalInfo info) {
    Process process = task.process();
    int signal = info.signal();
    SignalActions.Action action = process.actions().take(signal, process.lock());
    if (action.isCaught()) {
      task.signalState().handlerRuns(task, action.flags());
      handle(task, info, action);
    } else if (action.handler() == Signals.SIG_IGN || Signals.ignoredByDefault(signal)) {
      return;
    } else if (Signals.stopsByDefault(signal)) {
      if (signal == Signals.SIGSTOP
          || !process.kernel().processes().kinship().isOrphaned(process.processGroup())) {
        process.signalState().stop(signal);
      }
    } else {
      process.kill(signal);
    }
  }

  /** Runs the handler; SIGSEGV if there is no room for its frame. */
  private static void handle(Task task, SignalInfo info, SignalActions.Action action) {
    int signal = info.signal();
    task.restartableSequence().interrupted(task);
    if (!SignalFrame.push(task, info, action)) {
      if (signal == Signals.SIGSEGV) {
        Process process = task.process();
        process.lock().lock();
        try {
          process.actions().reset(signal);
        } finally {
          process.lock().unlock();
        }
      }
      force(task, Signals.SIGSEGV);
      return;
    }
    TaskSignals state = task.signalState();
    boolean defers = (action.flags() & Signals.SA_NODEFER) == 0;
    state.setBlocked(state.blocked() | action.mask() | (defers ? Signals.bit(signal) : 0));
  }

  /**
   * Takes a task of a stopped process off its vCPU until the process goes on.
   *
   * @return true if the task is not the caller's any more
   */
  public static boolean parkIfStopped(Task task) {
    Process process = task.process();
    if (!process.signalState().isStopped() || process.isExiting()) {
      return false;
    }
    task.detach();
    if (!process.signalState().park(task)) {
      process.kernel().scheduler().enqueue(task);
    }
    return true;
  }
}

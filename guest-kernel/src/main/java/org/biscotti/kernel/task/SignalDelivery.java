package org.biscotti.kernel.task;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Signals;

/**
 * Sends signals, and carries out their default actions (signal(7)).
 *
 * <p>A signal is added to a pending set, and looked at by the task's owner before the program runs
 * again. Handlers are not run yet: a signal that the program catches is refused when it is sent by
 * a call, and a fault that the program catches ends it, with a line in the log.
 */
public final class SignalDelivery {
  private SignalDelivery() {}

  /**
   * Sends a signal to one task.
   *
   * @throws ErrnoException ENOSYS if the program would have to catch it, or to stop
   */
  public static void send(Task target, int signal) {
    refuseUnsupported(target.process(), signal);
    Process process = target.process();
    process.lock().lock();
    try {
      if (!isDiscarded(target.blockedSignals(), process, signal)) {
        target.setPendingSignals(target.pendingSignals() | Signals.bit(signal));
      }
    } finally {
      process.lock().unlock();
    }
    target.interruptIfDeliverable();
  }

  /**
   * Sends a signal to a process.
   *
   * @throws ErrnoException ENOSYS if the program would have to catch it, or to stop
   */
  public static void send(Process process, int signal) {
    refuseUnsupported(process, signal);
    Task task = process.mainTask();
    process.lock().lock();
    try {
      if (!isDiscarded(task.blockedSignals(), process, signal)) {
        process.setPendingSignals(process.pendingSignals() | Signals.bit(signal));
      }
    } finally {
      process.lock().unlock();
    }
    task.interruptIfDeliverable();
  }

  /** An ignored signal is thrown away, unless it is blocked: it may be caught by then. */
  private static boolean isDiscarded(long blocked, Process process, int signal) {
    return process.actions().ignores(signal) && (blocked & Signals.bit(signal)) == 0;
  }

  private static void refuseUnsupported(Process process, int signal) {
    SignalActions actions = process.actions();
    if (actions.catches(signal)) {
      process.kernel().log().once("signal handlers are not run yet: kill() fails with ENOSYS");
      throw ErrnoException.of(Errno.ENOSYS);
    }
    if (Signals.stopsByDefault(signal) && !actions.ignores(signal)) {
      process.kernel().log().once("stopping a process is not supported yet: ENOSYS");
      throw ErrnoException.of(Errno.ENOSYS);
    }
  }

  /**
   * A signal that the program has brought on itself and cannot go on without (a fault). Blocking or
   * ignoring it does not help (signal(7)).
   */
  public static void force(Task task, int signal) {
    Process process = task.process();
    if (process.actions().catches(signal)) {
      process
          .kernel()
          .log()
          .once(Signals.name(signal) + " is caught, but handlers are not run yet: killed");
    }
    process.kill(signal);
  }

  /** Broken pipe: SIGPIPE unless the program catches, ignores or blocks it (write(2)). */
  public static void brokenPipe(Task task) {
    if (!task.process().actions().catches(Signals.SIGPIPE)) {
      send(task, Signals.SIGPIPE);
    }
  }

  /** Carries out the default action of every signal that waits and is not blocked. */
  public static void deliver(Task task) {
    Process process = task.process();
    while (!process.isExiting()) {
      int signal = takeDeliverable(task);
      if (signal == 0) {
        return;
      }
      if (!process.actions().ignores(signal)) {
        process.kill(signal);
      }
    }
  }

  private static int takeDeliverable(Task task) {
    Process process = task.process();
    process.lock().lock();
    try {
      long own = task.pendingSignals() & ~task.blockedSignals();
      long shared = process.pendingSignals() & ~task.blockedSignals();
      if ((own | shared) == 0) {
        return 0;
      }
      int signal = 1 + Long.numberOfTrailingZeros(own != 0 ? own : shared);
      if (own != 0) {
        task.setPendingSignals(task.pendingSignals() & ~Signals.bit(signal));
      } else {
        process.setPendingSignals(process.pendingSignals() & ~Signals.bit(signal));
      }
      return signal;
    } finally {
      process.lock().unlock();
    }
  }
}

package org.biscotti.kernel.task;

import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Signals;

/**
 * What a process does with each signal (sigaction(2)). Guarded by the process's lock, except that a
 * single field may be read without it.
 */
public final class SignalActions {
  private final long[] handlers = new long[Signals.MAX + 1];
  private final long[] flags = new long[Signals.MAX + 1];
  private final long[] restorers = new long[Signals.MAX + 1];
  private final long[] masks = new long[Signals.MAX + 1];

  /** SIG_DFL, SIG_IGN, or the address of a function. */
  public long handler(int signal) {
    return handlers[signal];
  }

  public long flags(int signal) {
    return flags[signal];
  }

  public long restorer(int signal) {
    return restorers[signal];
  }

  /** Signals blocked while the handler runs. */
  public long mask(int signal) {
    return masks[signal];
  }

  /** Sets all of a signal's action; SIGKILL and SIGSTOP cannot be blocked by a mask. */
  public void set(int signal, long handler, long flag, long restorer, long mask) {
    handlers[signal] = handler;
    flags[signal] = flag;
    restorers[signal] = restorer;
    masks[signal] = mask & ~UNBLOCKABLE;
  }

  /** One signal's action. */
  public record Action(long handler, long flags, long restorer, long mask) {
    boolean isCaught() {
      return handler != Signals.SIG_DFL && handler != Signals.SIG_IGN;
    }
  }

  /** The action for a signal that is being handled; SA_RESETHAND takes effect. */
  Action take(int signal, ReentrantLock lock) {
    lock.lock();
    try {
      Action action = new Action(handlers[signal], flags[signal], restorers[signal], masks[signal]);
      if (action.isCaught() && (action.flags & Signals.SA_RESETHAND) != 0) {
        reset(signal);
      }
      return action;
    } finally {
      lock.unlock();
    }
  }

  /** Back to the default action; the rest stays as it was. */
  void reset(int signal) {
    handlers[signal] = Signals.SIG_DFL;
  }

  /** What execve(2) does: caught signals get their default action, ignored ones stay ignored. */
  public void resetCaught() {
    for (int signal = 1; signal <= Signals.MAX; signal++) {
      long handler = handlers[signal] == Signals.SIG_IGN ? Signals.SIG_IGN : Signals.SIG_DFL;
      set(signal, handler, 0, 0, 0);
    }
  }

  /** Takes all actions of another process (fork(2)). */
  public void copyFrom(SignalActions other) {
    for (int signal = 1; signal <= Signals.MAX; signal++) {
      set(
          signal,
          other.handlers[signal],
          other.flags[signal],
          other.restorers[signal],
          other.masks[signal]);
    }
  }

  /** The signals that no mask holds back. */
  public static final long UNBLOCKABLE =
      Signals.bit(Signals.SIGKILL) | Signals.bit(Signals.SIGSTOP);

  /** True if the signal would be thrown away: ignored, or harmless by default. */
  public boolean ignores(int signal) {
    return handlers[signal] == Signals.SIG_IGN
        || (handlers[signal] == Signals.SIG_DFL && Signals.ignoredByDefault(signal));
  }

  /** True if children that end leave nothing to wait for (sigaction(2), SA_NOCLDWAIT). */
  boolean discardsChildren() {
    return handlers[Signals.SIGCHLD] == Signals.SIG_IGN
        || (flags[Signals.SIGCHLD] & Signals.SA_NOCLDWAIT) != 0;
  }

  /** True if the program has a function for the signal. */
  public boolean catches(int signal) {
    return handlers[signal] != Signals.SIG_DFL && handlers[signal] != Signals.SIG_IGN;
  }

  /** The signals that are ignored explicitly. */
  public long ignoredSet() {
    long set = 0;
    for (int signal = 1; signal <= Signals.MAX; signal++) {
      if (handlers[signal] == Signals.SIG_IGN) {
        set |= Signals.bit(signal);
      }
    }
    return set;
  }

  /** The signals that have a function. */
  public long caughtSet() {
    long set = 0;
    for (int signal = 1; signal <= Signals.MAX; signal++) {
      if (catches(signal)) {
        set |= Signals.bit(signal);
      }
    }
    return set;
  }
}

package org.biscotti.kernel.task;

import static org.biscotti.kernel.port.CpuContext.RAX;
import static org.biscotti.kernel.port.CpuContext.RIP;
import static org.biscotti.kernel.port.CpuContext.RSP;

import java.util.function.LongConsumer;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.UserCounts;

/**
 * A task's part of signals: its mask, what waits for it, its alternate stack, the call that a
 * signal has interrupted, and its last exception.
 *
 * <p>Owned like the task, except that the pending signals are guarded by the process's lock, and
 * the masks may be read by any thread.
 */
public final class TaskSignals {
  private static final int SYSCALL_BYTES = 2;
  private static final long MIN_ALTERNATE_STACK = 2048;

  final PendingSignals pending;
  private final LongConsumer refused;
  private volatile long blocked;
  private volatile long awaited;

  /** True if there is something to do before the program goes on, beside pending signals. */
  private boolean unfinished;

  private boolean maskSaved;
  private long savedMask;

  private boolean interrupted;
  private long interruptedNumber;
  private Interruption interruption = Interruption.FAILS;
  private boolean hasDeadline;
  private long deadline;
  private boolean restarting;
  private long restartAddress;

  private long stackAddress;
  private long stackBytes;
  private int stackFlags = Signals.SS_DISABLE;

  private long trapNumber;
  private long errorCode;
  private long faultAddress;

  /**
   * Nothing waits and nothing is blocked.
   *
   * @param queuedSignals how many each user has
   * @param refused told of signals that the task has not blocked until now, or has waited for
   */
  TaskSignals(UserCounts queuedSignals, LongConsumer refused) {
    pending = new PendingSignals(queuedSignals);
    this.refused = refused;
  }

  // ---- masks ----

  /** The signals that wait until they are unblocked. */
  public long blocked() {
    return blocked;
  }

  /** Sets the mask; SIGKILL and SIGSTOP stay unblocked. */
  public void setBlocked(long set) {
    changeMask(set & ~SignalActions.UNBLOCKABLE);
  }

  private void changeMask(long set) {
    long added = set & ~blocked;
    blocked = set;
    if (added != 0) {
      refused.accept(added);
    }
  }

  /** Blocked signals that a call waits for (sigtimedwait(2)); they wake it. */
  public void setAwaited(long set) {
    long ended = awaited & ~set;
    awaited = set;
    if (ended != 0) {
      refused.accept(ended);
    }
  }

  /** True if a signal waits until it is unblocked, or a call takes it. */
  boolean blocks(int signal) {
    return (blocked & Signals.bit(signal)) != 0;
  }

  /** True if a signal with this number wakes the task. */
  boolean wants(int signal) {
    return wantsAny(Signals.bit(signal));
  }

  /** True if one of some signals wakes the task. */
  boolean wantsAny(long set) {
    return (set & (~blocked | awaited)) != 0;
  }

  /**
   * Sets a mask for the time of a call that waits. If the call fails with EINTR it is kept until
   * the handler has run; else {@link #restoreMask} brings the old one back.
   */
  public void borrowMask(long set) {
    savedMask = blocked;
    maskSaved = true;
    unfinished = true;
    setBlocked(set);
  }

  /** Brings back the mask from before {@link #borrowMask}. */
  public void restoreMask() {
    if (maskSaved) {
      maskSaved = false;
      changeMask(savedMask);
    }
  }

  /** The mask that the handler's frame brings back; the borrowed one is forgotten by that. */
  long takeMaskForFrame() {
    long mask = maskSaved ? savedMask : blocked;
    maskSaved = false;
    return mask;
  }

  // ---- interrupted calls ----

  /** A call has failed with EINTR. */
  public void callInterrupted(long number, Interruption kind) {
    interrupted = true;
    unfinished = true;
    interruptedNumber = number;
    interruption =
        hasDeadline && kind == Interruption.RESTARTS ? Interruption.RESTARTS_WITHOUT_HANDLER : kind;
  }

  /**
   * When a call with a timeout has to give up: that long from now, or what it was before if the
   * kernel has started the call again.
   *
   * @param nanos {@link Long#MAX_VALUE} for never
   * @return by System.nanoTime; {@link Long#MAX_VALUE} for never
   */
  public long deadline(long nanos) {
    hasDeadline = nanos != Long.MAX_VALUE;
    if (!hasDeadline) {
      return Long.MAX_VALUE;
    }
    if (!restarting) {
      deadline = System.nanoTime() + nanos;
    }
    return deadline;
  }

  /** True if {@link #finish} has to be called before the program goes on. */
  boolean isUnfinished() {
    return unfinished;
  }

  /** A handler is going to run: the interrupted call fails, or is made again after it. */
  void handlerRuns(Task task, long flags) {
    restarting = false;
    if (interrupted) {
      interrupted = false;
      if (interruption == Interruption.RESTARTS && (flags & Signals.SA_RESTART) != 0) {
        restart(task);
      }
    }
  }

  /** No handler runs for what has interrupted a call: as a rule it is made again. */
  void finish(Task task) {
    if (restarting && task.register(RIP) != restartAddress) {
      restarting = false;
    }
    if (interrupted) {
      interrupted = false;
      if (interruption != Interruption.FAILS) {
        restart(task);
        restarting = hasDeadline;
        restartAddress = task.register(RIP);
      }
    }
    restoreMask();
    unfinished = restarting;
  }

  private void restart(Task task) {
    task.setRegister(RIP, task.register(RIP) - SYSCALL_BYTES);
    task.setRegister(RAX, interruptedNumber);
  }

  // ---- alternate stack (sigaltstack(2)) ----

  long stackAddress() {
    return stackAddress;
  }

  long stackBytes() {
    return stackBytes;
  }

  /** The flags as they were set. */
  int stackFlags() {
    return stackFlags;
  }

  /** Sets the stack without checks. */
  void setStack(long address, long bytes, int flags) {
    stackAddress = address;
    stackBytes = bytes;
    stackFlags = flags;
  }

  /** True if a stack pointer is on the alternate stack, and it can be told. */
  boolean onStack(long pointer) {
    return (stackFlags & Signals.SS_AUTODISARM) == 0 && within(pointer);
  }

  /** True if a stack pointer is within the alternate stack. */
  boolean within(long pointer) {
    return Long.compareUnsigned(pointer, stackAddress) > 0
        && Long.compareUnsigned(pointer - stackAddress, stackBytes) <= 0;
  }

  /** True if there is one and the task is not on it. */
  boolean canEnterStack(long pointer) {
    return stackBytes != 0 && !onStack(pointer);
  }

  /** The flags that sigaltstack(2) reports at a stack pointer. */
  public int reportedStackFlags(long pointer) {
    int mode = stackBytes == 0 ? Signals.SS_DISABLE : onStack(pointer) ? Signals.SS_ONSTACK : 0;
    return mode | (stackFlags & Signals.SS_AUTODISARM);
  }

  /**
   * Sets the alternate stack (sigaltstack(2)).
   *
   * @throws ErrnoException EPERM on the stack, EINVAL for flags, ENOMEM for too small a stack
   */
  public void changeStack(Task task, long address, long bytes, int flags) {
    if (onStack(task.register(RSP))) {
      throw ErrnoException.of(Errno.EPERM);
    }
    int mode = flags & ~Signals.SS_AUTODISARM;
    if (mode != 0 && mode != Signals.SS_DISABLE && mode != Signals.SS_ONSTACK) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (mode == Signals.SS_DISABLE) {
      setStack(0, 0, flags);
    } else if (Long.compareUnsigned(bytes, MIN_ALTERNATE_STACK) < 0) {
      throw ErrnoException.of(Errno.ENOMEM);
    } else {
      setStack(address, bytes, flags);
    }
  }

  /** What rt_sigreturn(2) does with the stack of a frame: what cannot be set stays as it is. */
  void restoreStack(long pointer, long address, long bytes, int flags) {
    int mode = flags & ~Signals.SS_AUTODISARM;
    if (onStack(pointer)) {
      return;
    }
    if (mode == Signals.SS_DISABLE) {
      setStack(0, 0, flags);
    } else if ((mode == 0 || mode == Signals.SS_ONSTACK)
        && Long.compareUnsigned(bytes, MIN_ALTERNATE_STACK) >= 0) {
      setStack(address, bytes, flags);
    }
  }

  // ---- the last exception ----

  /** Notes an exception, for the frames of signals from now on. */
  public void trapped(long vector, long error) {
    trapNumber = vector;
    errorCode = error;
  }

  /** Notes the address of a page fault. */
  public void faultedAt(long address) {
    faultAddress = address;
  }

  long trapNumber() {
    return trapNumber;
  }

  long errorCode() {
    return errorCode;
  }

  long faultAddress() {
    return faultAddress;
  }
}

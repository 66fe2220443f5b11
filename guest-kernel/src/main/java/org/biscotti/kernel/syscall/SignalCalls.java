package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import java.util.concurrent.locks.LockSupport;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.SignalActions;
import org.biscotti.kernel.task.SignalDelivery;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.wait.MustWait;

/**
 * Signals (signal(7)): dispositions and masks are kept, default actions are carried out. Handlers
 * are not run yet.
 */
final class SignalCalls {
  private static final long MIN_ALTERNATE_STACK = 2048;
  private static final int SIGINFO_BYTES = 128;

  /** The flags that sigaction(2) names, SA_EXPOSE_TAGBITS and SA_RESTORER; the others are lost. */
  private static final long SA_KNOWN = 0xdc00_0807L;

  private SignalCalls() {}

  private static int valid(long signal) {
    if (!Signals.isValid((int) signal)) {
      throw ErrnoException.of(EINVAL);
    }
    return (int) signal;
  }

  private static void checkSetSize(long bytes) {
    if (bytes != Signals.SIGSET_BYTES) {
      throw ErrnoException.of(EINVAL);
    }
  }

  /** {@code struct kernel_sigaction}: handler, flags, restorer, mask. */
  static long rtSigaction(Task t, long signal, long to, long from, long bytes, long e, long f) {
    checkSetSize(bytes);
    UserMemory memory = t.memory();
    long handler = to == 0 ? 0 : memory.getLong(to);
    long flags = to == 0 ? 0 : memory.getLong(to + 8);
    long restorer = to == 0 ? 0 : memory.getLong(to + 16);
    long mask = to == 0 ? 0 : memory.getLong(to + 24);
    int number = valid(signal);
    if (to != 0 && (SignalActions.UNBLOCKABLE & Signals.bit(number)) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    Process process = t.process();
    SignalActions actions = process.actions();
    long[] old;
    process.lock().lock();
    try {
      old =
          new long[] {
            actions.handler(number),
            actions.flags(number),
            actions.restorer(number),
            actions.mask(number)
          };
      if (to != 0) {
        actions.set(number, handler, flags & SA_KNOWN, restorer, mask);
        discardIfIgnored(t, number);
      }
    } finally {
      process.lock().unlock();
    }
    if (from != 0) {
      for (int i = 0; i < old.length; i++) {
        memory.setLong(from + 8L * i, old[i]);
      }
    }
    return 0;
  }

  /** A pending signal that comes to be ignored is thrown away (sigaction(2), POSIX). */
  private static void discardIfIgnored(Task t, int signal) {
    Process process = t.process();
    if (process.actions().ignores(signal)) {
      process.setPendingSignals(process.pendingSignals() & ~Signals.bit(signal));
      t.setPendingSignals(t.pendingSignals() & ~Signals.bit(signal));
    }
  }

  static long rtSigprocmask(Task t, long how, long to, long from, long bytes, long e, long f) {
    checkSetSize(bytes);
    long old = t.blockedSignals();
    if (to != 0) {
      long set = t.memory().getLong(to);
      switch ((int) how) {
        case Signals.SIG_BLOCK -> t.setBlockedSignals(old | set);
        case Signals.SIG_UNBLOCK -> t.setBlockedSignals(old & ~set);
        case Signals.SIG_SETMASK -> t.setBlockedSignals(set);
        default -> throw ErrnoException.of(EINVAL);
      }
    }
    if (from != 0) {
      t.memory().setLong(from, old);
    }
    return 0;
  }

  static long rtSigpending(Task t, long to, long bytes, long c, long d, long e, long f) {
    if (Long.compareUnsigned(bytes, Signals.SIGSET_BYTES) > 0) {
      throw ErrnoException.of(EINVAL);
    }
    long set = (t.pendingSignals() | t.process().pendingSignals()) & t.blockedSignals();
    for (int i = 0; i < bytes; i++) {
      t.memory().setByte(to + i, (byte) (set >>> (8 * i)));
    }
    return 0;
  }

  static long sigaltstack(Task t, long to, long from, long c, long d, long e, long f) {
    UserMemory memory = t.memory();
    long oldAddress = t.alternateStack();
    long oldBytes = t.alternateStackBytes();
    int oldFlags = t.alternateStackFlags();
    if (to != 0) {
      long address = memory.getLong(to);
      int flags = memory.getInt(to + 8);
      long bytes = memory.getLong(to + 16);
      int mode = flags & ~Signals.SS_AUTODISARM;
      if (mode != 0 && mode != Signals.SS_DISABLE && mode != Signals.SS_ONSTACK) {
        throw ErrnoException.of(EINVAL);
      }
      if (mode == Signals.SS_DISABLE) {
        t.setAlternateStack(0, 0, Signals.SS_DISABLE);
      } else if (Long.compareUnsigned(bytes, MIN_ALTERNATE_STACK) < 0) {
        throw ErrnoException.of(ENOMEM);
      } else {
        t.setAlternateStack(address, bytes, flags & Signals.SS_AUTODISARM);
      }
    }
    if (from != 0) {
      memory.setLong(from, oldAddress);
      memory.setInt(from + 8, oldFlags);
      memory.setInt(from + 12, 0);
      memory.setLong(from + 16, oldBytes);
    }
    return 0;
  }

  static long kill(Task t, long pid, long signal, long c, long d, long e, long f) {
    int target = (int) pid;
    if (target > 0) {
      Process process = t.kernel().processes().find(target);
      if (process == null) {
        throw ErrnoException.of(ESRCH);
      }
      send(process, (int) signal);
      return 0;
    }
    // 0 is the caller's group, -1 everybody but the caller and process 1, -n group n.
    boolean found = false;
    for (Process process : t.kernel().processes().all()) {
      boolean meant =
          target == -1
              ? process != t.process() && process.pid() != 1
              : process.processGroup() == (target == 0 ? t.process().processGroup() : -target);
      if (meant) {
        found = true;
        send(process, (int) signal);
      }
    }
    if (!found) {
      throw ErrnoException.of(ESRCH);
    }
    return 0;
  }

  private static void send(Process process, int signal) {
    if (signal != 0) {
      valid(signal);
      SignalDelivery.send(process, signal);
    }
  }

  static long tkill(Task t, long threadId, long signal, long c, long d, long e, long f) {
    return sendToThread(t, 0, (int) threadId, signal);
  }

  static long tgkill(Task t, long group, long threadId, long signal, long d, long e, long f) {
    if ((int) group <= 0) {
      throw ErrnoException.of(EINVAL);
    }
    return sendToThread(t, (int) group, (int) threadId, signal);
  }

  private static long sendToThread(Task t, int group, int threadId, long signal) {
    if (threadId <= 0) {
      throw ErrnoException.of(EINVAL);
    }
    for (Process process : t.kernel().processes().all()) {
      Task target = process.findTask(threadId);
      if (target != null && (group == 0 || process.pid() == group)) {
        if ((int) signal != 0) {
          valid(signal);
          SignalDelivery.send(target, (int) signal);
        }
        return 0;
      }
    }
    throw ErrnoException.of(ESRCH);
  }

  /** rt_sigreturn(2): without a handler there is no frame to return from; Linux sends SIGSEGV. */
  static long rtSigreturn(Task t, long a, long b, long c, long d, long e, long f) {
    SignalDelivery.force(t, Signals.SIGSEGV);
    return 0;
  }

  static long pause(Task t, long a, long b, long c, long d, long e, long f) {
    awaitSignal(t);
    throw ErrnoException.of(EINTR);
  }

  static long rtSigsuspend(Task t, long set, long bytes, long c, long d, long e, long f) {
    checkSetSize(bytes);
    long mask = t.memory().getLong(set);
    MustWait.unlessVirtual();
    long old = t.blockedSignals();
    t.setBlockedSignals(mask);
    try {
      awaitSignal(t);
    } finally {
      t.setBlockedSignals(old);
    }
    throw ErrnoException.of(EINTR);
  }

  private static void awaitSignal(Task t) {
    while (!t.hasDeliverableSignal() && !t.process().isExiting()) {
      MustWait.unlessVirtual();
      if (Thread.interrupted()) {
        return;
      }
      LockSupport.park(t);
    }
  }

  static long rtSigtimedwait(
      Task t, long set, long info, long timeout, long bytes, long e, long f) {
    checkSetSize(bytes);
    long wanted = t.memory().getLong(set) & ~SignalActions.UNBLOCKABLE;
    long deadline =
        timeout == 0
            ? Long.MAX_VALUE
            : System.nanoTime() + TimeCalls.getTimespec(t.memory(), timeout);
    while (true) {
      int signal = takePending(t, wanted);
      if (signal != 0) {
        storeInfo(t, info, signal);
        return signal;
      }
      long left = deadline == Long.MAX_VALUE ? Long.MAX_VALUE : deadline - System.nanoTime();
      if (left <= 0) {
        throw ErrnoException.of(EAGAIN);
      }
      MustWait.unlessVirtual();
      if (Thread.interrupted()) {
        throw ErrnoException.of(EINTR);
      }
      LockSupport.parkNanos(t, left);
    }
  }

  private static int takePending(Task t, long wanted) {
    Process process = t.process();
    process.lock().lock();
    try {
      long own = t.pendingSignals() & wanted;
      long shared = process.pendingSignals() & wanted;
      if (own != 0) {
        t.setPendingSignals(t.pendingSignals() & ~Long.lowestOneBit(own));
        return 1 + Long.numberOfTrailingZeros(own);
      }
      if (shared != 0) {
        process.setPendingSignals(process.pendingSignals() & ~Long.lowestOneBit(shared));
        return 1 + Long.numberOfTrailingZeros(shared);
      }
      return 0;
    } finally {
      process.lock().unlock();
    }
  }

  private static void storeInfo(Task t, long info, int signal) {
    if (info != 0) {
      if (t.memory().zero(info, SIGINFO_BYTES) != SIGINFO_BYTES) {
        throw ErrnoException.of(EFAULT);
      }
      t.memory().setInt(info, signal);
    }
  }
}

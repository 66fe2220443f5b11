package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import java.util.concurrent.locks.LockSupport;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.SignalActions;
import org.biscotti.kernel.task.SignalDelivery;
import org.biscotti.kernel.task.SignalFile;
import org.biscotti.kernel.task.SignalFrame;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.task.TaskSignals;
import org.biscotti.kernel.wait.MustWait;

/** Signals (signal(7)): actions, masks, waiting for one, and the return from a handler. */
final class SignalCalls {
  /** The flags that sigaction(2) names, SA_EXPOSE_TAGBITS and SA_RESTORER; the others are lost. */
  private static final long SA_KNOWN = 0xdc00_0807L;

  private static final int SFD_NONBLOCK = Fcntl.O_NONBLOCK;
  private static final int SFD_CLOEXEC = Fcntl.O_CLOEXEC;

  private SignalCalls() {}

  static int valid(long signal) {
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
        // A pending signal that comes to be ignored is thrown away (sigaction(2), POSIX).
        if (actions.ignores(number)) {
          SignalDelivery.discard(process, Signals.bit(number));
        }
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
    TaskSignals state = t.signalState();
    long oldAddress = t.alternateStack();
    long oldBytes = t.alternateStackBytes();
    int oldFlags = state.reportedStackFlags(t.register(CpuContext.RSP));
    if (to != 0) {
      long address = memory.getLong(to);
      int flags = memory.getInt(to + 8);
      state.changeStack(t, address, memory.getLong(to + 16), flags);
    }
    if (from != 0) {
      memory.setLong(from, oldAddress);
      memory.setInt(from + 8, oldFlags);
      memory.setInt(from + 12, 0);
      memory.setLong(from + 16, oldBytes);
    }
    return 0;
  }

  /** rt_sigreturn(2): everything comes from the frame on the stack, the result too. */
  static long rtSigreturn(Task t, long a, long b, long c, long d, long e, long f) {
    return SignalFrame.pop(t);
  }

  // ---- waiting ----

  static long pause(Task t, long a, long b, long c, long d, long e, long f) {
    awaitSignal(t);
    throw ErrnoException.of(EINTR);
  }

  static long rtSigsuspend(Task t, long set, long bytes, long c, long d, long e, long f) {
    checkSetSize(bytes);
    long mask = t.memory().getLong(set);
    MustWait.unlessVirtual();
    t.signalState().borrowMask(mask);
    awaitSignal(t);
    throw ErrnoException.of(EINTR);
  }

  private static void awaitSignal(Task t) {
    while (!t.hasDeliverableSignal() && !t.mustEnd()) {
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
    t.signalState().setAwaited(wanted);
    try {
      SignalInfo taken = await(t, wanted, deadline);
      if (info != 0) {
        t.memory().copyOutFully(info, taken.encode(), 0, SignalInfo.BYTES);
      }
      return taken.signal();
    } finally {
      t.signalState().setAwaited(0);
    }
  }

  private static SignalInfo await(Task t, long wanted, long deadline) {
    boolean interrupted = false;
    while (true) {
      SignalInfo taken = SignalDelivery.take(t, wanted);
      if (taken != null) {
        return taken;
      }
      if (interrupted) {
        throw ErrnoException.of(EINTR);
      }
      long left = deadline == Long.MAX_VALUE ? Long.MAX_VALUE : deadline - System.nanoTime();
      if (left <= 0) {
        throw ErrnoException.of(EAGAIN);
      }
      MustWait.unlessVirtual();
      if (!Thread.currentThread().isInterrupted()) {
        LockSupport.parkNanos(t, left);
      }
      interrupted = Thread.interrupted();
    }
  }

  // ---- signalfd(2) ----

  static long signalfd(Task t, long fd, long set, long bytes, long d, long e, long f) {
    return signalfd4(t, fd, set, bytes, 0, e, f);
  }

  static long signalfd4(Task t, long fd, long set, long bytes, long flags, long e, long f) {
    checkSetSize(bytes);
    if (((int) flags & ~(SFD_NONBLOCK | SFD_CLOEXEC)) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    long wanted = t.memory().getLong(set) & ~SignalActions.UNBLOCKABLE;
    if ((int) fd != -1) {
      if (!(t.files().get((int) fd) instanceof SignalFile file)) {
        throw ErrnoException.of(EINVAL);
      }
      file.setWanted(wanted);
      return (int) fd;
    }
    SignalFile file = SignalFile.create(t, wanted, (int) flags & SFD_NONBLOCK);
    return t.files().installNew(file, ((int) flags & SFD_CLOEXEC) != 0);
  }
}

package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.SignalDelivery;
import org.biscotti.kernel.task.Task;

/** Sending signals: kill(2), tgkill(2), sigqueue(3). */
final class KillCalls {
  private KillCalls() {}

  static long kill(Task t, long pid, long signal, long c, long d, long e, long f) {
    int target = (int) pid;
    SignalInfo info = info(t, signal, SignalInfo.SI_USER);
    if (target > 0) {
      send(t, find(t, target), info);
      return 0;
    }
    if (target == Integer.MIN_VALUE) {
      throw ErrnoException.of(ESRCH);
    }
    return killMany(t, target, info);
  }

  /** The process with a number, which may be that of any of its threads. */
  private static Process find(Task t, int number) {
    Process process = t.kernel().processes().find(number);
    if (process != null) {
      return process;
    }
    Task thread = t.kernel().processes().findTask(number);
    if (thread == null) {
      throw ErrnoException.of(ESRCH);
    }
    return thread.process();
  }

  /** 0 is the caller's group, -1 everybody but the caller and process 1, -n group n. */
  private static long killMany(Task t, int target, SignalInfo info) {
    boolean found = false;
    boolean sent = false;
    for (Process process : t.kernel().processes().all()) {
      boolean meant =
          target == -1
              ? process != t.process() && process.pid() != 1
              : process.processGroup() == (target == 0 ? t.process().processGroup() : -target);
      if (meant) {
        found = true;
        if (mayKill(t, process, info.signal())) {
          sent = true;
          send(t, process, info);
        }
      }
    }
    if (!sent) {
      throw ErrnoException.of(found ? EPERM : ESRCH);
    }
    return 0;
  }

  private static SignalInfo info(Task t, long signal, int code) {
    int number = (int) signal;
    if (number != 0) {
      SignalCalls.valid(number);
    }
    return SignalInfo.sent(number, code, t.processId(), t.credentials().uid());
  }

  /** Signal 0 only asks whether one could be sent. */
  private static void send(Task t, Process process, SignalInfo info) {
    checkMayKill(t, process, info.signal());
    if (info.signal() != 0) {
      SignalDelivery.sendFrom(t, process, info);
    }
  }

  private static void checkMayKill(Task t, Process process, int signal) {
    if (!mayKill(t, process, signal)) {
      throw ErrnoException.of(EPERM);
    }
  }

  /** The rule of kill(2): the same user, the superuser, or SIGCONT within a session. */
  static boolean mayKill(Task t, Process process, int signal) {
    Credentials own = t.credentials();
    Credentials other = process.credentials();
    return process == t.process()
        || own.euid() == 0
        || own.euid() == other.suid()
        || own.euid() == other.uid()
        || own.uid() == other.suid()
        || own.uid() == other.uid()
        || (signal == Signals.SIGCONT && process.session() == t.process().session());
  }

  static long tkill(Task t, long threadId, long signal, long c, long d, long e, long f) {
    return sendToThread(t, 0, (int) threadId, info(t, signal, SignalInfo.SI_TKILL));
  }

  static long tgkill(Task t, long group, long threadId, long signal, long d, long e, long f) {
    if ((int) group <= 0 || (int) threadId <= 0) {
      throw ErrnoException.of(EINVAL);
    }
    return sendToThread(t, (int) group, (int) threadId, info(t, signal, SignalInfo.SI_TKILL));
  }

  private static long sendToThread(Task t, int group, int threadId, SignalInfo info) {
    if (threadId <= 0) {
      throw ErrnoException.of(EINVAL);
    }
    Task target = findThread(t, group, threadId);
    checkMayKill(t, target.process(), info.signal());
    if (info.signal() != 0) {
      SignalDelivery.sendFrom(t, target, info);
    }
    return 0;
  }

  private static Task findThread(Task t, int group, int threadId) {
    Task target = t.kernel().processes().findTask(threadId);
    if (target != null && (group == 0 || target.processId() == group)) {
      return target;
    }
    throw ErrnoException.of(ESRCH);
  }

  static long rtSigqueueinfo(Task t, long pid, long signal, long address, long d, long e, long f) {
    SignalInfo info = queued(t, (int) pid, signal, address);
    send(t, find(t, (int) pid), info);
    return 0;
  }

  static long rtTgsigqueueinfo(
      Task t, long group, long threadId, long signal, long address, long e, long f) {
    if ((int) group <= 0 || (int) threadId <= 0) {
      throw ErrnoException.of(EINVAL);
    }
    SignalInfo info = queued(t, (int) threadId, signal, address);
    return sendToThread(t, (int) group, (int) threadId, info);
  }

  /** Only to itself may a thread say that a signal comes from the kernel or from tgkill(2). */
  private static SignalInfo queued(Task t, int target, long signal, long address) {
    byte[] bytes = new byte[SignalInfo.BYTES];
    t.memory().copyInFully(address, bytes, 0, bytes.length);
    SignalInfo info = SignalInfo.decode(bytes).withSignal((int) signal);
    boolean pretends = info.code() >= 0 || info.code() == SignalInfo.SI_TKILL;
    if (pretends && target != t.threadId()) {
      throw ErrnoException.of(EPERM);
    }
    if ((int) signal != 0) {
      SignalCalls.valid(signal);
    }
    return info;
  }
}

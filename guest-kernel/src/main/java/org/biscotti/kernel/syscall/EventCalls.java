package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Fcntl.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.TimerSetting;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.ipc.IpcFiles;
import org.biscotti.kernel.ipc.TimerFile;
import org.biscotti.kernel.task.Task;

/**
 * Counters, timers and memory behind descriptors: eventfd(2), timerfd_create(2), memfd_create(2).
 */
final class EventCalls {
  private static final int EFD_SEMAPHORE = 1;

  private static final int TFD_TIMER_ABSTIME = 1;
  private static final int TFD_TIMER_CANCEL_ON_SET = 2;
  private static final int CLOCK_REALTIME = 0;
  private static final int CLOCK_MONOTONIC = 1;
  private static final int CLOCK_BOOTTIME = 7;
  private static final int CLOCK_REALTIME_ALARM = 8;
  private static final int CLOCK_BOOTTIME_ALARM = 9;

  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int MFD_NOEXEC_SEAL = 8;
  private static final int MFD_EXEC = 16;
  private static final int MEMFD_NAME_MAX = 249;

  private EventCalls() {}

  private static IpcFiles files(Task t) {
    return t.kernel().files().ipc();
  }

  // ---- eventfd(2) ----

  static long eventfd(Task t, long initial, long b, long c, long d, long e, long f) {
    return eventfd2(t, initial, 0, c, d, e, f);
  }

  static long eventfd2(Task t, long initial, long flags, long c, long d, long e, long f) {
    Paths.checkFlags(flags, EFD_SEMAPHORE | O_NONBLOCK | O_CLOEXEC);
    boolean semaphore = (flags & EFD_SEMAPHORE) != 0;
    OpenFile file = files(t).makeEvent(initial & 0xffff_ffffL, semaphore, (int) flags & O_NONBLOCK);
    return t.files().installNew(file, (flags & O_CLOEXEC) != 0);
  }

  // ---- timerfd_create(2) ----

  static long timerfdCreate(Task t, long clock, long flags, long c, long d, long e, long f) {
    Paths.checkFlags(flags, O_NONBLOCK | O_CLOEXEC);
    switch ((int) clock) {
      case CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME -> {}
      case CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM -> {
        if (t.credentials().euid() != 0) {
          throw ErrnoException.of(EPERM);
        }
      }
      default -> throw ErrnoException.of(EINVAL);
    }
    OpenFile file =
        files(t).makeTimer((int) clock, t.kernel().timers()::after, (int) flags & O_NONBLOCK);
    return t.files().installNew(file, (flags & O_CLOEXEC) != 0);
  }

  private static TimerFile timer(Task t, long fd) {
    if (!(t.files().get((int) fd) instanceof TimerFile timer)) {
      throw ErrnoException.of(EINVAL);
    }
    return timer;
  }

  /** {@code struct itimerspec}: interval, then value. */
  static long timerfdSettime(Task t, long fd, long flags, long from, long to, long e, long f) {
    long interval = TimeCalls.getTimespec(t.memory(), from);
    long value = TimeCalls.getTimespec(t.memory(), from + 16);
    Paths.checkFlags(flags, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
    TimerFile timer = timer(t, fd);
    long nanos =
        (flags & TFD_TIMER_ABSTIME) != 0
            ? value - TimeCalls.realOrMonotonic(t, timer.clock())
            : value;
    TimerSetting old = timer.set(nanos, value != 0, interval);
    if (to != 0) {
      TimeCalls.putSetting(t.memory(), to, old);
    }
    return 0;
  }

  static long timerfdGettime(Task t, long fd, long to, long c, long d, long e, long f) {
    TimeCalls.putSetting(t.memory(), to, timer(t, fd).get());
    return 0;
  }

  // ---- memfd_create(2) ----

  static long memfdCreate(Task t, long name, long flags, long c, long d, long e, long f) {
    int both = MFD_EXEC | MFD_NOEXEC_SEAL;
    Paths.checkFlags(flags, MFD_CLOEXEC | MFD_ALLOW_SEALING | both);
    if (((int) flags & both) == both) {
      throw ErrnoException.of(EINVAL);
    }
    boolean neverExecuted = (flags & MFD_NOEXEC_SEAL) != 0;
    boolean sealable = (flags & MFD_ALLOW_SEALING) != 0 || neverExecuted;
    int seals = (sealable ? 0 : F_SEAL_SEAL) | (neverExecuted ? F_SEAL_EXEC : 0);
    OpenFile file = files(t).makeMemory(t, memfdName(t, name), neverExecuted ? 0666 : 0777, seals);
    return t.files().installNew(file, (flags & MFD_CLOEXEC) != 0);
  }

  private static String memfdName(Task t, long name) {
    try {
      return t.memory().readCString(name, MEMFD_NAME_MAX + 1);
    } catch (ErrnoException bad) {
      throw bad.errno() == ENAMETOOLONG ? ErrnoException.of(EINVAL) : bad;
    }
  }
}

package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.abi.TimerSetting;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.task.CpuTime;
import org.biscotti.kernel.task.PosixTimer;
import org.biscotti.kernel.task.ProcessTimers;
import org.biscotti.kernel.task.Task;
import org.jspecify.annotations.Nullable;

/** Timers that send signals: alarm(2), setitimer(2), timer_create(2) and relatives. */
final class TimerCalls {
  private static final long NANOS = 1_000_000_000L;
  private static final long MICROS = 1_000_000L;
  private static final long LONGEST_SECONDS = Long.MAX_VALUE / NANOS / 4;

  private static final int SIGEV_SIGNAL = 0;
  private static final int SIGEV_NONE = 1;
  private static final int SIGEV_THREAD = 2;
  private static final int SIGEV_THREAD_ID = 4;
  private static final int TIMER_ABSTIME = 1;

  private static final int CLOCK_REALTIME = 0;
  private static final int CLOCK_MONOTONIC = 1;
  private static final int CLOCK_BOOTTIME = 7;
  private static final int CLOCK_REALTIME_ALARM = 8;
  private static final int CLOCK_BOOTTIME_ALARM = 9;
  private static final int CLOCK_TAI = 11;

  private TimerCalls() {}

  /** Seconds that were left are rounded, but 0 only if there was no alarm. */
  static long alarm(Task t, long seconds, long b, long c, long d, long e, long f) {
    long nanos = (seconds & 0xffff_ffffL) * NANOS;
    TimerSetting old = timers(t).set(ProcessTimers.Which.REAL, nanos, 0);
    long left = (old.left() + NANOS / 2) / NANOS;
    return old.left() != 0 && left == 0 ? 1 : left;
  }

  private static ProcessTimers timers(Task t) {
    return t.process().signalState().timers();
  }

  private static ProcessTimers.Which which(long number) {
    ProcessTimers.Which[] all = ProcessTimers.Which.values();
    if (Integer.compareUnsigned((int) number, all.length) >= 0) {
      throw ErrnoException.of(EINVAL);
    }
    return all[(int) number];
  }

  static long getitimer(Task t, long which, long to, long c, long d, long e, long f) {
    putInterval(t.memory(), to, timers(t).get(which(which)));
    return 0;
  }

  static long setitimer(Task t, long which, long from, long to, long d, long e, long f) {
    long interval = from == 0 ? 0 : timeval(t.memory(), from);
    long nanos = from == 0 ? 0 : timeval(t.memory(), from + 16);
    TimerSetting old = timers(t).set(which(which), nanos, interval);
    if (to != 0) {
      putInterval(t.memory(), to, old);
    }
    return 0;
  }

  private static long timeval(UserMemory memory, long at) {
    long seconds = memory.getLong(at);
    long micros = memory.getLong(at + 8);
    if (seconds < 0 || micros < 0 || micros >= MICROS) {
      throw ErrnoException.of(EINVAL);
    }
    return Math.min(seconds, LONGEST_SECONDS) * NANOS + micros * 1000;
  }

  private static void putInterval(UserMemory memory, long to, TimerSetting setting) {
    TimeCalls.putTimeval(memory, to, setting.interval());
    // What is less than a microsecond is not nothing.
    long left = setting.left();
    TimeCalls.putTimeval(memory, to + 16, left > 0 && left < 1000 ? 1000 : left);
  }

  static long timerCreate(Task t, long clock, long event, long to, long d, long e, long f) {
    CpuTime time = cpuTime(t, (int) clock);
    UserMemory memory = t.memory();
    int notify = SIGEV_SIGNAL;
    int signal = Signals.SIGALRM;
    Long value = null;
    Task target = null;
    if (event != 0) {
      value = memory.getLong(event);
      signal = memory.getInt(event + 8);
      notify = memory.getInt(event + 12);
      target = target(t, notify, memory.getInt(event + 16));
      if (notify != SIGEV_NONE) {
        SignalCalls.valid(signal);
      }
    }
    int number =
        timers(t).create(target, notify == SIGEV_NONE ? 0 : signal, value, (int) clock, time);
    try {
      memory.setInt(to, number);
    } catch (ErrnoException bad) {
      timers(t).delete(number);
      throw bad;
    }
    return 0;
  }

  private static @Nullable Task target(Task t, int notify, int threadId) {
    return switch (notify) {
      case SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD -> null;
      case SIGEV_SIGNAL | SIGEV_THREAD_ID -> {
        Task target = t.process().findTask(threadId);
        if (target == null) {
          throw ErrnoException.of(EINVAL);
        }
        yield target;
      }
      default -> throw ErrnoException.of(EINVAL);
    };
  }

  /** The CPU time that a clock counts, which is the process's own; null for one of real time. */
  private static @Nullable CpuTime cpuTime(Task t, int clock) {
    return switch (clock) {
      case CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI -> null;
      case CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM -> throw ErrnoException.of(EOPNOTSUPP);
      default -> {
        CpuTime time = TimeCalls.cpuTime(t, clock);
        if (!time.process().equals(t.process())) {
          throw ErrnoException.of(EOPNOTSUPP);
        }
        yield time;
      }
    };
  }

  /** {@code struct itimerspec}: interval, then value. */
  static long timerSettime(Task t, long number, long flags, long from, long to, long e, long f) {
    if (from == 0) {
      throw ErrnoException.of(EINVAL);
    }
    long interval = TimeCalls.getTimespec(t.memory(), from);
    long value = TimeCalls.getTimespec(t.memory(), from + 16);
    PosixTimer timer = timers(t).find((int) number);
    long nanos = (flags & TIMER_ABSTIME) != 0 ? value - now(t, timer) : value;
    TimerSetting old = timer.set(nanos, value != 0, interval);
    if (to != 0) {
      TimeCalls.putSetting(t.memory(), to, old);
    }
    return 0;
  }

  private static long now(Task t, PosixTimer timer) {
    CpuTime time = timer.time();
    return time != null ? time.nanos() : TimeCalls.realOrMonotonic(t, timer.clock());
  }

  static long timerGettime(Task t, long number, long to, long c, long d, long e, long f) {
    TimeCalls.putSetting(t.memory(), to, timers(t).find((int) number).get());
    return 0;
  }

  static long timerGetoverrun(Task t, long number, long b, long c, long d, long e, long f) {
    return timers(t).find((int) number).overrun();
  }

  static long timerDelete(Task t, long number, long b, long c, long d, long e, long f) {
    timers(t).delete((int) number);
    return 0;
  }
}

package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.TimerSetting;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.task.CpuTime;
import org.biscotti.kernel.task.Kinship;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.wait.MustWait;

/** Clocks and sleeping: clock_gettime(2), nanosleep(2), times(2), getrusage(2) and relatives. */
final class TimeCalls {
  private static final int CLOCK_REALTIME = 0;
  private static final int CLOCK_MONOTONIC = 1;
  private static final int CLOCK_PROCESS_CPUTIME_ID = 2;
  private static final int CLOCK_THREAD_CPUTIME_ID = 3;
  private static final int CLOCK_MONOTONIC_RAW = 4;
  private static final int CLOCK_REALTIME_COARSE = 5;
  private static final int CLOCK_MONOTONIC_COARSE = 6;
  private static final int CLOCK_BOOTTIME = 7;
  private static final int CLOCK_REALTIME_ALARM = 8;
  private static final int CLOCK_BOOTTIME_ALARM = 9;
  private static final int CLOCK_TAI = 11;
  private static final int CPUCLOCK_KIND = 3;
  private static final int CPUCLOCK_VIRT = 1;
  private static final int CPUCLOCK_SCHED = 2;
  private static final int CPUCLOCK_THREAD = 4;
  private static final int CPUCLOCK_SHIFT = 3;
  private static final int TIMER_ABSTIME = 1;

  private static final long NANOS = 1_000_000_000L;
  private static final long LONGEST_SECONDS = Long.MAX_VALUE / NANOS / 4;
  private static final long COARSE_NANOS = 4_000_000;
  private static final long TICK_NANOS = 10_000_000;

  /** How long not to look at a clock of CPU time that stands still. */
  private static final long IDLE_PAUSE_NANOS = 160_000_000;

  private static final int RUSAGE_SELF = 0;
  private static final int RUSAGE_CHILDREN = -1;
  private static final int RUSAGE_THREAD = 1;
  private static final int RUSAGE_BYTES = 144;

  private TimeCalls() {}

  static long clockGettime(Task t, long clock, long timespec, long c, long d, long e, long f) {
    putTimespec(t.memory(), timespec, now(t, (int) clock));
    return 0;
  }

  /** Nanoseconds of a clock; EINVAL if there is no such clock. */
  private static long now(Task t, int clock) {
    Clock host = t.kernel().clock();
    return switch (clock) {
      case CLOCK_REALTIME, CLOCK_REALTIME_ALARM, CLOCK_TAI -> host.realtimeNanos();
      case CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_BOOTTIME_ALARM ->
          host.monotonicNanos();
      case CLOCK_REALTIME_COARSE -> coarse(host.realtimeNanos());
      case CLOCK_MONOTONIC_COARSE -> coarse(host.monotonicNanos());
      default -> cpuTime(t, clock).nanos();
    };
  }

  /**
   * A clock of CPU time, the caller's or that of another process or thread
   * (clock_getcpuclockid(3)): its number, inverted, above a bit that says which of the two it is,
   * and what counts.
   *
   * @throws ErrnoException EINVAL if there is no such clock
   */
  static CpuTime cpuTime(Task t, int clock) {
    if (clock == CLOCK_PROCESS_CPUTIME_ID) {
      return new CpuTime(t.process(), null, false);
    }
    if (clock == CLOCK_THREAD_CPUTIME_ID) {
      return new CpuTime(t.process(), t, false);
    }
    int kind = clock & CPUCLOCK_KIND;
    int number = ~(clock >> CPUCLOCK_SHIFT);
    boolean thread = (clock & CPUCLOCK_THREAD) != 0;
    boolean userOnly = kind == CPUCLOCK_VIRT;
    if (clock >= 0 || kind > CPUCLOCK_SCHED) {
      throw ErrnoException.of(EINVAL);
    }
    if (thread) {
      Task task = number == 0 ? t : t.process().findTask(number);
      if (task != null) {
        return new CpuTime(t.process(), task, userOnly);
      }
    } else {
      Process process = number == 0 ? t.process() : t.kernel().processes().find(number);
      if (process != null) {
        return new CpuTime(process, null, userOnly);
      }
    }
    throw ErrnoException.of(EINVAL);
  }

  private static long coarse(long nanos) {
    return nanos - nanos % COARSE_NANOS;
  }

  static long clockGetres(Task t, long clock, long timespec, long c, long d, long e, long f) {
    now(t, (int) clock);
    if (timespec != 0) {
      boolean coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
      putTimespec(t.memory(), timespec, coarse ? COARSE_NANOS : 1);
    }
    return 0;
  }

  /** The guest has its host's clock and may not set it: EPERM, as without CAP_SYS_TIME. */
  static long clockSettime(Task t, long clock, long timespec, long c, long d, long e, long f) {
    now(t, (int) clock);
    getTimespec(t.memory(), timespec);
    throw ErrnoException.of(clock == CLOCK_REALTIME ? EPERM : EINVAL);
  }

  static long gettimeofday(Task t, long timeval, long zone, long c, long d, long e, long f) {
    long now = t.kernel().clock().realtimeNanos();
    if (timeval != 0) {
      t.memory().setLong(timeval, now / NANOS);
      t.memory().setLong(timeval + 8, now % NANOS / 1000);
    }
    if (zone != 0) {
      t.memory().setLong(zone, 0);
    }
    return 0;
  }

  static long settimeofday(Task t, long timeval, long zone, long c, long d, long e, long f) {
    if (timeval != 0) {
      t.memory().getLong(timeval);
      t.memory().getLong(timeval + 8);
    }
    throw ErrnoException.of(EPERM);
  }

  static long time(Task t, long seconds, long b, long c, long d, long e, long f) {
    long now = t.kernel().clock().realtimeNanos() / NANOS;
    if (seconds != 0) {
      t.memory().setLong(seconds, now);
    }
    return now;
  }

  static long nanosleep(Task t, long request, long remaining, long c, long d, long e, long f) {
    long nanos = getTimespec(t.memory(), request);
    return sleepUntil(t, t.signalState().deadline(nanos), remaining);
  }

  static long clockNanosleep(
      Task t, long clock, long flags, long request, long remaining, long e, long f) {
    int id = (int) clock;
    boolean absolute = ((int) flags & TIMER_ABSTIME) != 0;
    checkSleepable(t, id);
    long now = now(t, id);
    long nanos = getTimespec(t.memory(), request);
    if (isCpuClock(id)) {
      return sleepCpuTime(t, id, absolute ? nanos : now + nanos, absolute ? 0 : remaining);
    }
    if (!absolute) {
      return sleepUntil(t, t.signalState().deadline(nanos), remaining);
    }
    return nanos <= now ? 0 : sleepUntil(t, t.signalState().deadline(nanos - now), 0);
  }

  private static boolean isCpuClock(int clock) {
    return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID;
  }

  /** Nobody can wait for what only he uses; alarms need the right to wake the machine. */
  private static void checkSleepable(Task t, int clock) {
    int thread = clock < 0 && (clock & CPUCLOCK_THREAD) != 0 ? ~(clock >> CPUCLOCK_SHIFT) : -1;
    if (clock == CLOCK_THREAD_CPUTIME_ID || thread == 0 || thread == t.threadId()) {
      throw ErrnoException.of(EINVAL);
    }
    if (clock == CLOCK_REALTIME_COARSE
        || clock == CLOCK_MONOTONIC_COARSE
        || clock == CLOCK_MONOTONIC_RAW) {
      throw ErrnoException.of(EOPNOTSUPP);
    }
    boolean alarm = clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
    if (alarm && t.credentials().euid() != 0) {
      throw ErrnoException.of(EPERM);
    }
  }

  /**
   * Sleeps while a process or thread uses its time, which it does at most once on each vCPU; looks
   * by the tick, as Linux does.
   */
  private static long sleepCpuTime(Task t, int clock, long wanted, long remaining) {
    long used = now(t, clock);
    if (used >= wanted) {
      return 0;
    }
    // Kept as a deadline is, so that a call that is made again has the same, to some microseconds.
    long target = Math.min(t.signalState().deadline(wanted - System.nanoTime()), wanted);
    long pause = TICK_NANOS;
    while (used < target) {
      MustWait.unlessVirtual();
      if (Thread.interrupted()) {
        if (remaining != 0) {
          putTimespec(t.memory(), remaining, target - used);
        }
        throw ErrnoException.of(EINTR);
      }
      LockSupport.parkNanos(t, Math.max((target - used) / t.kernel().cpus(), pause));
      long before = used;
      used = now(t, clock);
      pause = used > before ? TICK_NANOS : Math.min(2 * pause, IDLE_PAUSE_NANOS);
    }
    return 0;
  }

  /** Sleeps; EINTR with what is left stored at {@code remaining} if that is not 0. */
  private static long sleepUntil(Task t, long deadline, long remaining) {
    for (long left; (left = deadline - System.nanoTime()) > 0; ) {
      MustWait.unlessVirtual();
      if (Thread.interrupted()) {
        if (remaining != 0) {
          putTimespec(t.memory(), remaining, left);
        }
        throw ErrnoException.of(EINTR);
      }
      LockSupport.parkNanos(t, left);
    }
    return 0;
  }

  static long times(Task t, long buffer, long b, long c, long d, long e, long f) {
    if (buffer != 0) {
      Process process = t.process();
      Kinship kinship = t.kernel().processes().kinship();
      t.memory().setLong(buffer, process.userNanos() / TICK_NANOS);
      t.memory().setLong(buffer + 8, process.systemNanos() / TICK_NANOS);
      t.memory().setLong(buffer + 16, kinship.childrenUserNanos(process) / TICK_NANOS);
      t.memory().setLong(buffer + 24, kinship.childrenSystemNanos(process) / TICK_NANOS);
    }
    return t.kernel().clock().monotonicNanos() / TICK_NANOS;
  }

  static long getrusage(Task t, long who, long usage, long c, long d, long e, long f) {
    int whose = (int) who;
    if (whose != RUSAGE_SELF && whose != RUSAGE_CHILDREN && whose != RUSAGE_THREAD) {
      throw ErrnoException.of(EINVAL);
    }
    UserMemory memory = t.memory();
    if (whose == RUSAGE_CHILDREN) {
      Kinship kinship = t.kernel().processes().kinship();
      putUsage(
          memory,
          usage,
          kinship.childrenUserNanos(t.process()),
          kinship.childrenSystemNanos(t.process()));
      return 0;
    }
    boolean one = whose == RUSAGE_THREAD;
    putUsage(
        memory,
        usage,
        one ? t.userNanos() : t.process().userNanos(),
        one ? t.systemNanos() : t.process().systemNanos());
    memory.setLong(usage + 32, t.space().residentPeakPages() * (PAGE_SIZE >> 10));
    memory.setLong(usage + 64, one ? t.minorFaults() : t.process().minorFaults());
    memory.setLong(usage + 128, t.switches());
    return 0;
  }

  /** A {@code struct rusage} of which only the times are known. */
  static void putUsage(UserMemory memory, long usage, long userNanos, long systemNanos) {
    if (memory.zero(usage, RUSAGE_BYTES) != RUSAGE_BYTES) {
      throw ErrnoException.of(EFAULT);
    }
    putTimeval(memory, usage, userNanos);
    putTimeval(memory, usage + 16, systemNanos);
  }

  static void putTimeval(UserMemory memory, long at, long nanos) {
    memory.setLong(at, nanos / NANOS);
    memory.setLong(at + 8, nanos % NANOS / 1000);
  }

  /** The time by which a timer of a clock goes: real time for those that tell it. */
  static long realOrMonotonic(Task t, int clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI
        ? t.kernel().clock().realtimeNanos()
        : t.kernel().clock().monotonicNanos();
  }

  /** A {@code struct itimerspec}: interval, then what is left. */
  static void putSetting(UserMemory memory, long at, TimerSetting setting) {
    putTimespec(memory, at, setting.interval());
    putTimespec(memory, at + 16, setting.left());
  }

  static void putTimespec(UserMemory memory, long at, long nanos) {
    memory.setLong(at, Math.floorDiv(nanos, NANOS));
    memory.setLong(at + 8, Math.floorMod(nanos, NANOS));
  }

  /**
   * A {@code struct timespec} of a program in nanoseconds, cut off at some 73 years, so that the
   * present can be added.
   *
   * @throws ErrnoException EFAULT, EINVAL
   */
  static long getTimespec(UserMemory memory, long at) {
    long seconds = memory.getLong(at);
    long nanos = memory.getLong(at + 8);
    if (seconds < 0 || nanos < 0 || nanos >= NANOS) {
      throw ErrnoException.of(EINVAL);
    }
    long whole = Math.min(seconds, LONGEST_SECONDS);
    return TimeUnit.SECONDS.toNanos(whole) + nanos;
  }
}

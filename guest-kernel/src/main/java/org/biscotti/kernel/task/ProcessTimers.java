package org.biscotti.kernel.task;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.abi.TimerSetting;
import org.jspecify.annotations.Nullable;

/** The timers of a process: the three of setitimer(2), and those of timer_create(2). */
public final class ProcessTimers {
  private static final int TIMERS_MAX = 65536;
  private static final PosixTimer[] NO_TIMERS = {};
  private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Beyond this there is no limit of processor time: 30 years. */
  private static final long SECONDS_MAX = 1_000_000_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Process process;
  private final PosixTimer real;
  private final CpuTimer virtual;
  private final CpuTimer profiling;
  private final CpuTimer limit;
  private final Map<Integer, Created> created = new HashMap<>();

  /** Those of timer_create(2) that run with the time of the process or of one of its tasks. */
  private volatile PosixTimer[] ofCpuTime = NO_TIMERS;

  private int next;
  private boolean closed;

  /** A timer, and whose it is for RLIMIT_SIGPENDING: his id may change. */
  private record Created(PosixTimer timer, int uid) {}

  ProcessTimers(Process process) {
    this.process = process;
    real = new PosixTimer(process, null, SignalInfo.kernel(Signals.SIGALRM), 0, null);
    virtual =
        new CpuTimer(
            process, () -> SignalDelivery.send(process, Signals.SIGVTALRM), process::userNanos);
    profiling =
        new CpuTimer(
            process, () -> SignalDelivery.send(process, Signals.SIGPROF), process::cpuNanos);
    limit = new CpuTimer(process, this::limitReached, process::cpuNanos);
  }

  /** The interval timers of setitimer(2), in the order of their numbers. */
  public enum Which {
    REAL,
    VIRTUAL,
    PROF
  }

  /** getitimer(2). */
  public TimerSetting get(Which which) {
    return switch (which) {
      case REAL -> real.get();
      case VIRTUAL -> virtual.get();
      case PROF -> profiling.get();
    };
  }

  /**
   * setitimer(2).
   *
   * @param nanos until it expires; 0 disarms it
   * @param interval nanoseconds, 0 for once
   */
  public TimerSetting set(Which which, long nanos, long interval) {
    return switch (which) {
      case REAL -> real.set(nanos, nanos > 0, interval);
      case VIRTUAL -> virtual.set(nanos, interval);
      case PROF -> profiling.set(nanos, interval);
    };
  }

  /**
   * timer_create(2).
   *
   * @param target the task that gets the signal, or null for the process
   * @param signal 0 for none
   * @param value si_value; null for the timer's number
   * @param time whose CPU time the clock is; null for a clock that runs by itself
   * @return the timer's number
   * @throws ErrnoException EAGAIN if there are too many
   */
  public int create(
      @Nullable Task target, int signal, @Nullable Long value, int clock, @Nullable CpuTime time) {
    lock.lock();
    try {
      int uid = process.credentials().uid();
      if (closed || created.size() >= TIMERS_MAX || !process.mayQueueFor(uid)) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      while (created.containsKey(next)) {
        next = (next + 1) & Integer.MAX_VALUE;
      }
      int number = next;
      next = (next + 1) & Integer.MAX_VALUE;
      SignalInfo info =
          signal == 0
              ? null
              : SignalInfo.timer(signal, number, 0, value != null ? value : (long) number);
      PosixTimer timer = new PosixTimer(process, target, info, clock, time);
      created.put(number, new Created(timer, uid));
      if (time != null) {
        ofCpuTime = Arrays.copyOf(ofCpuTime, ofCpuTime.length + 1);
        ofCpuTime[ofCpuTime.length - 1] = timer;
      }
      return number;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A timer by its number.
   *
   * @throws ErrnoException EINVAL if there is none
   */
  public PosixTimer find(int number) {
    lock.lock();
    try {
      Created timer = created.get(number);
      if (timer == null) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      return timer.timer;
    } finally {
      lock.unlock();
    }
  }

  /**
   * timer_delete(2).
   *
   * @throws ErrnoException EINVAL if there is none
   */
  public void delete(int number) {
    lock.lock();
    try {
      Created gone = created.remove(number);
      if (gone == null) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      delete(gone);
    } finally {
      lock.unlock();
    }
  }

  private void delete(Created gone) {
    gone.timer.delete();
    ofCpuTime =
        Arrays.stream(ofCpuTime).filter(other -> other != gone.timer).toArray(PosixTimer[]::new);
    process.kernel().processes().queuedSignals().remove(gone.uid, 1);
  }

  /** RLIMIT_CPU is another one, or the process is new and has one. */
  public void limitChanged() {
    ResourceLimits limits = process.limitTable();
    long soft = limits.soft(ResourceLimits.RLIMIT_CPU);
    long hard = limits.hard(ResourceLimits.RLIMIT_CPU);
    long seconds = Long.compareUnsigned(soft, hard) < 0 ? soft : hard;
    if (Long.compareUnsigned(seconds, SECONDS_MAX) > 0) {
      limit.set(0, 0);
      return;
    }
    long nanos = Math.max(seconds, 1) * SECOND_NANOS; // 0 means 1 to Linux too
    limit.set(Math.max(nanos - process.cpuNanos(), 1), SECOND_NANOS);
  }

  /** A warning for every second beyond the soft limit; the end at the hard one. */
  private void limitReached() {
    long hard = process.limitTable().hard(ResourceLimits.RLIMIT_CPU);
    boolean ends = Long.compareUnsigned(process.cpuNanos() / SECOND_NANOS, hard) >= 0;
    SignalDelivery.send(process, ends ? Signals.SIGKILL : Signals.SIGXCPU);
  }

  /** A task of the process begins to run on a vCPU, or there in another's place. */
  void runs() {
    limit.runs();
    virtual.runs();
    profiling.runs();
    for (PosixTimer timer : ofCpuTime) {
      timer.runs();
    }
  }

  /** Deletes the timers of timer_create(2), as execve(2) does. */
  public void deleteCreated() {
    lock.lock();
    try {
      created.values().forEach(this::delete);
      created.clear();
    } finally {
      lock.unlock();
    }
  }

  /** Ends all of them; the process ends. */
  void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    deleteCreated();
    real.delete();
    virtual.delete();
    profiling.delete();
    limit.delete();
  }
}

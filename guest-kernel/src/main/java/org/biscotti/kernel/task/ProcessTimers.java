package org.biscotti.kernel.task;

import java.util.HashMap;
import java.util.Map;
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

  private final ReentrantLock lock = new ReentrantLock();
  private final Process process;
  private final PosixTimer real;
  private final CpuTimer virtual;
  private final CpuTimer profiling;
  private final Map<Integer, PosixTimer> created = new HashMap<>();
  private int next;
  private boolean closed;

  ProcessTimers(Process process) {
    this.process = process;
    real = new PosixTimer(process, null, SignalInfo.kernel(Signals.SIGALRM), 0);
    virtual = new CpuTimer(process, Signals.SIGVTALRM, false);
    profiling = new CpuTimer(process, Signals.SIGPROF, true);
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
   * @return the timer's number
   * @throws ErrnoException EAGAIN if there are too many
   */
  public int create(@Nullable Task target, int signal, @Nullable Long value, int clock) {
    lock.lock();
    try {
      long limit = process.limitTable().soft(ResourceLimits.RLIMIT_SIGPENDING);
      if (closed
          || created.size() >= TIMERS_MAX
          || Long.compareUnsigned(created.size(), limit) >= 0) {
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
      created.put(number, new PosixTimer(process, target, info, clock));
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
      PosixTimer timer = created.get(number);
      if (timer == null) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      return timer;
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
    find(number).delete();
    lock.lock();
    try {
      created.remove(number);
    } finally {
      lock.unlock();
    }
  }

  /** A task of the process begins to run on a vCPU. */
  void runs() {
    virtual.runs();
    profiling.runs();
  }

  /** Deletes the timers of timer_create(2), as execve(2) does. */
  public void deleteCreated() {
    lock.lock();
    try {
      created.values().forEach(PosixTimer::delete);
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
  }
}

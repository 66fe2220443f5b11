package org.biscotti.kernel.ipc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.Future;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.abi.TimerSetting;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.RankedLock;
import org.biscotti.kernel.wait.WaitQueue;
import org.jspecify.annotations.Nullable;

/**
 * A timer whose expiries are read (timerfd_create(2)).
 *
 * <p>Expiries are counted when somebody asks. One wake is scheduled for the first of them, and the
 * next after they have been read, so an interval of a nanosecond costs no more than its reader.
 */
public final class TimerFile extends OpenFile {
  private final int clock;
  private final Alarms alarms;
  private final WaitQueue queue = new WaitQueue();
  private final RankedLock lock = new RankedLock(LockRank.LEAF);

  // Written under the lock; read without it to look whether it has expired.
  private volatile boolean armed;
  private volatile long expiry;

  @GuardedBy("lock")
  private long interval;

  @GuardedBy("lock")
  private @Nullable Future<?> scheduled;

  /** What runs something after a time. */
  @FunctionalInterface
  public interface Alarms {
    /** Runs something once, so many nanoseconds from now. */
    Future<?> after(long nanos, Runnable then);
  }

  TimerFile(Dentry dentry, int flags, int clock, Alarms alarms) {
    super(dentry, flags | Fcntl.O_RDWR);
    this.clock = clock;
    this.alarms = alarms;
  }

  /** Number of its clock. */
  public int clock() {
    return clock;
  }

  /**
   * Sets it; what had expired and was not read is forgotten.
   *
   * @param nanos until the first expiry, at once if negative
   * @param arm false to disarm it
   * @param newInterval between expiries; 0 for one expiry
   * @return what was set before
   */
  public TimerSetting set(long nanos, boolean arm, long newInterval) {
    lock.lock();
    try {
      TimerSetting old = setting();
      armed = false;
      interval = newInterval;
      if (arm) {
        expiry = System.nanoTime() + Math.max(nanos, 0);
        armed = true;
      }
      schedule();
      return old;
    } finally {
      lock.unlock();
    }
  }

  /** What is set now. */
  public TimerSetting get() {
    lock.lock();
    try {
      return setting();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private TimerSetting setting() {
    if (!armed) {
      return new TimerSetting(0, interval);
    }
    long left = expiry - System.nanoTime();
    if (left <= 0) {
      left = interval == 0 ? 0 : left + (-left / interval + 1) * interval;
    }
    return new TimerSetting(left, interval);
  }

  @GuardedBy("lock")
  private void schedule() {
    if (scheduled != null) {
      scheduled.cancel(false);
      scheduled = null;
    }
    if (armed) {
      scheduled = alarms.after(expiry - System.nanoTime(), () -> queue.wake(Poll.POLLIN));
    }
  }

  private boolean hasExpired() {
    return armed && expiry - System.nanoTime() <= 0;
  }

  /** Reads how often it has expired since the last time, as eight bytes. */
  @Override
  public long read(UserBuffer to, Caller caller) {
    if (to.remaining() < Long.BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    long expiries = take();
    while (expiries == 0) {
      if (isNonBlocking()) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      MustWait.unlessVirtual();
      queue.await(Poll.POLLIN, this::hasExpired, Long.MAX_VALUE);
      expiries = take();
    }
    return Numbers.put(to, expiries);
  }

  private long take() {
    lock.lock();
    try {
      if (!hasExpired()) {
        return 0;
      }
      if (interval == 0) {
        armed = false;
        return 1;
      }
      long expiries = (System.nanoTime() - expiry) / interval + 1;
      long next = expiry + expiries * interval;
      expiry = next;
      schedule();
      return expiries;
    } finally {
      lock.unlock();
    }
  }

  /** There is no position, and asking for one is no error (as everywhere in anon_inodefs). */
  @Override
  public long seek(long offset, int whence) {
    return 0;
  }

  @Override
  public int readyEvents() {
    return hasExpired() ? Poll.POLLIN : 0;
  }

  @Override
  public WaitQueue waitQueue() {
    return queue;
  }

  @Override
  protected void closed() {
    set(0, false, 0);
  }
}

package org.biscotti.kernel.task;

import java.util.PriorityQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.biscotti.kernel.port.GuestCpu;
import org.jspecify.annotations.Nullable;

/**
 * The tasks that wait for one vCPU, who has had least first, and what that vCPU does now.
 *
 * <p>Time is virtual, as in Linux's fair scheduler: a task's clock runs while it has the processor,
 * at a speed that its niceness gives, and the queue's follows the least of them. Who has slept
 * comes back at most {@link #CREDIT_NANOS} behind it.
 */
final class RunQueue<T extends Schedulable> {
  /** By so much at most is a task that comes back ahead of those that have been running. */
  private static final long CREDIT_NANOS = Scheduler.SLICE_NANOS / 2;

  private final int cpu;
  private final ReentrantLock lock = new ReentrantLock();
  private final PriorityQueue<T> waiting =
      // Of Comparator.comparingLong, which can be serialised, every start would have to make a
      // class.
      new PriorityQueue<>((a, b) -> Long.compare(a.virtualNanos, b.virtualNanos));
  private long clockNanos;

  /** So many tasks wait. Written under the lock. */
  private volatile int count;

  /** The vCPUs that may run one of them, and perhaps others. Written under the lock. */
  private volatile long runnableOn;

  /** Since when none of those that wait has been taken. Written under the lock. */
  private volatile long untouchedSince;

  // What the vCPU does. Written by its own thread, or for it.
  private volatile @Nullable GuestCpu guestCpu;
  private volatile @Nullable T current;
  private volatile long currentSince;

  /** The vCPU's thread while it waits for a task, or is about to. */
  private volatile @Nullable Thread parked;

  /** It is to come back without a task. */
  private volatile boolean wanted;

  RunQueue(int cpu) {
    this.cpu = cpu;
  }

  int cpu() {
    return cpu;
  }

  // ---- the tasks that wait ----

  int count() {
    return count;
  }

  /** Tasks that want this vCPU: those that wait, and the one that it runs. */
  int load() {
    return count + (current == null ? 0 : 1);
  }

  /** The queue's clock. */
  long clockNanos() {
    lock.lock();
    try {
      return clockNanos;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Adds a task.
   *
   * @param aheadNanos by how much its clock is ahead of this queue's; behind, if negative
   * @param last true if those that wait now come first
   * @return its virtual time now, by which it stands in the queue
   */
  long add(T task, long aheadNanos, boolean last) {
    lock.lock();
    try {
      long virtual = clockNanos + Math.max(aheadNanos, -CREDIT_NANOS);
      if (last) {
        for (T other : waiting) {
          virtual = Math.max(virtual, other.virtualNanos + 1);
        }
      }
      task.virtualNanos = virtual;
      task.lastCpu = cpu;
      if (waiting.isEmpty()) {
        untouchedSince = System.nanoTime();
      }
      waiting.add(task);
      runnableOn |= task.affinity();
      count = waiting.size();
      return virtual;
    } finally {
      lock.unlock();
    }
  }

  /** Takes the task that has had least of those that may run on a vCPU; null if there is none. */
  @Nullable T take(int byCpu) {
    if (count == 0) {
      return null;
    }
    lock.lock();
    try {
      T head = waiting.peek();
      T task = head == null || head.mayRunOn(byCpu) ? head : leastOn(byCpu);
      if (task == null) {
        runnableOn &= ~(1L << byCpu);
        return null;
      }
      waiting.remove(task);
      count = waiting.size();
      if (byCpu == cpu) {
        clockNanos = Math.max(clockNanos, task.virtualNanos);
        untouchedSince = System.nanoTime();
      }
      return task;
    } finally {
      lock.unlock();
    }
  }

  /** Takes the task that has had least if it may run on this vCPU and fits; null if not. */
  @Nullable T takeIf(Predicate<T> fits) {
    if (count == 0) {
      return null;
    }
    lock.lock();
    try {
      T head = waiting.peek();
      return head != null && head.mayRunOn(cpu) && fits.test(head) ? take(cpu) : null;
    } finally {
      lock.unlock();
    }
  }

  /** Takes a task that may no longer run on this vCPU; null if there is none. */
  @Nullable T takeStranger() {
    lock.lock();
    try {
      for (T task : waiting) {
        if (!task.mayRunOn(cpu)) {
          waiting.remove(task);
          count = waiting.size();
          return task;
        }
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable T leastOn(int byCpu) {
    T least = null;
    for (T task : waiting) {
      if (task.mayRunOn(byCpu) && (least == null || task.virtualNanos < least.virtualNanos)) {
        least = task;
      }
    }
    return least;
  }

  /** True if a task waits that may run on a vCPU, or it is worth a try. */
  boolean hasFor(int otherCpu) {
    return count > 0 && (runnableOn & 1L << otherCpu) != 0;
  }

  /** For how long the tasks that wait have been waiting without one being taken. */
  long untouchedNanos() {
    return System.nanoTime() - untouchedSince;
  }

  // ---- the vCPU ----

  @Nullable T current() {
    return current;
  }

  /** How long the current task has been running. */
  long currentNanos() {
    return System.nanoTime() - currentSince;
  }

  /** The vCPU is about to run a task; by its thread. */
  void runs(GuestCpu on, T task, long nowNanos) {
    guestCpu = on;
    runsInstead(task, nowNanos);
  }

  /** The vCPU runs another task; by whoever has its thread wait. */
  void runsInstead(T task, long nowNanos) {
    currentSince = nowNanos;
    current = task;
  }

  /** The vCPU has no task; by its thread. */
  void runsNothing(GuestCpu on) {
    guestCpu = on;
    current = null;
  }

  /** Makes the vCPU's program leave the guest. */
  void kick() {
    GuestCpu on = guestCpu;
    if (on != null) {
      on.kick();
    }
  }

  /** From now on {@link #wake} ends a {@link #park}; the caller, the vCPU's thread, looks again. */
  void prepareToPark() {
    parked = Thread.currentThread();
  }

  /** Waits for {@link #wake}, so long at most; for ever if that is 0. It may end for no reason. */
  void park(long nanos) {
    if (nanos == 0) {
      LockSupport.park(this);
    } else {
      LockSupport.parkNanos(this, nanos);
    }
    Thread.interrupted();
  }

  void parkEnds() {
    parked = null;
  }

  boolean isParked() {
    return parked != null;
  }

  /** Wakes the vCPU's thread if it waits. */
  void wake() {
    Thread thread = parked;
    if (thread != null) {
      LockSupport.unpark(thread);
    }
  }

  /** Makes the vCPU's thread come back without a task. */
  void want() {
    wanted = true;
    wake();
  }

  boolean isWanted() {
    return wanted;
  }

  void notWanted() {
    wanted = false;
  }
}

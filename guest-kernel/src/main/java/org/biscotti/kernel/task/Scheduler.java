package org.biscotti.kernel.task;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.biscotti.kernel.event.Events;
import org.biscotti.kernel.event.ParkEvent;
import org.biscotti.kernel.port.GuestCpu;
import org.jspecify.annotations.Nullable;

/**
 * Which task runs on which vCPU: a run queue for each, and the tick that keeps a program from
 * holding one.
 *
 * <p>A task comes back to the vCPU where it ran last: its translations are there, and so, mostly,
 * is whoever it talks to. If that one is busy with another task, it waits; a vCPU without a task
 * <em>steals</em> it when it has waited for {@link #STEAL_NANOS}. Two programs that wake each other
 * by turns so share a vCPU, while another one serves their calls, and do not chase each other over
 * all of them; two that compute get a vCPU each.
 *
 * <p>A vCPU's thread without a task parks and uses no processor. While tasks wait for a vCPU that
 * is busy, those without a task look every now and then whether there is something to steal. The
 * tick runs only while some task waits.
 *
 * @param <T> what is scheduled: {@link Task}
 */
public final class Scheduler<T extends Schedulable> implements AutoCloseable {
  /** How long a task may run while others wait, in nanoseconds. */
  public static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /**
   * So long a task waits for its own vCPU, though another has nothing to do: about as long as its
   * partner takes to answer and to wait in its turn, an exit and what is around it. Waking another
   * vCPU and filling its caches costs as much. Measured from 0 to 1000 µs with the benchmark {@code
   * processes}: from 100 µs on threads that wake each other pay more than they gain.
   */
  static final long STEAL_NANOS = TimeUnit.MICROSECONDS.toNanos(40);

  /**
   * So long it waits while the vCPU that could steal it is a busy server: who makes calls will wait
   * soon, and two vCPUs without a server are worse than one with.
   */
  private static final long BUSY_STEAL_NANOS = TimeUnit.MICROSECONDS.toNanos(500);

  /** A task that wakes up takes the vCPU from one that is so far ahead of it. */
  private static final long PREEMPT_NANOS = SLICE_NANOS / 4;

  /** But not from one that has just got it: two that wake each other do not run for so long. */
  private static final long PREEMPT_AFTER_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

  private final long stealNanos;
  private final List<RunQueue<T>> queues = new ArrayList<>();
  private final ReentrantLock tickLock = new ReentrantLock();
  private final Condition tasksWait = tickLock.newCondition();
  private final Thread ticker;
  private volatile boolean ticking;
  private volatile boolean closed;
  private volatile long firstTakenNanos;

  /** A scheduler for so many vCPUs. */
  public Scheduler(int cpus) {
    this(cpus, STEAL_NANOS);
  }

  /** The same, that steals what has waited for so long. */
  Scheduler(int cpus, long stealNanos) {
    this.stealNanos = stealNanos;
    for (int i = 0; i < cpus; i++) {
      queues.add(new RunQueue<>(i));
    }
    ticker = Thread.ofPlatform().daemon().name("preemption-tick").unstarted(this::tick);
  }

  // ---- tasks come ----

  /** Puts a task into a run queue; the caller no longer owns it. */
  public void enqueue(T task) {
    enqueue(task, false, false);
  }

  /**
   * Puts a task back that was running on a vCPU and gives way to others; the caller no longer owns
   * it.
   *
   * @param yields true if it wants to (sched_yield(2)): then whoever waits comes first
   */
  public void putBack(T task, boolean yields) {
    enqueue(task, true, yields);
  }

  private void enqueue(T task, boolean preempted, boolean yields) {
    if (closed) {
      return;
    }
    RunQueue<T> last = task.lastCpu < 0 ? null : queues.get(task.lastCpu);
    RunQueue<T> target = place(task, last, preempted);
    long used = task.cpuNanos() - task.chargedNanos;
    task.chargedNanos += used;
    long virtual = task.virtualNanos + task.weighted(used);
    long ahead = last == null ? 0 : virtual - last.clockNanos();
    long placed = target.add(task, ahead, yields);
    T running = target.current();
    if (running == null) {
      target.wake();
      return;
    }
    if (!preempted && isFarAhead(target, running, placed)) {
      target.kick();
    } else {
      wakeThief(target);
    }
    startTick();
  }

  private RunQueue<T> place(T task, @Nullable RunQueue<T> last, boolean preempted) {
    RunQueue<T> best = last != null && task.mayRunOn(last.cpu()) ? last : null;
    if (best != null && !preempted) {
      return best.current() == null ? besideSibling(task, best) : best;
    }
    // Who gives way goes where fewer want to run. If that is all the same, it moves on too: of
    // three programs on two vCPUs it is not always the same two that share one.
    int least = best == null ? Integer.MAX_VALUE : best.count() + 2;
    for (RunQueue<T> queue : queues) {
      int load = queue.load() + 1;
      if (queue != last && task.mayRunOn(queue.cpu()) && load < least) {
        best = queue;
        least = load;
      }
    }
    return best == null ? queues.getFirst() : best;
  }

  /**
   * A task whose vCPU has nothing to do waits a moment for the one where a thread of its program
   * runs, which has most likely woken it and is about to wait itself. Then a server can switch from
   * one to the other, and the idle vCPU is the server.
   */
  private RunQueue<T> besideSibling(T task, RunQueue<T> idle) {
    for (RunQueue<T> queue : queues) {
      T running = queue.current();
      if (running != null
          && queue.count() == 0
          && task.mayRunOn(queue.cpu())
          && task.isSiblingOf(running)) {
        return queue;
      }
    }
    return idle;
  }

  /** True if the task that runs has had so much more than one that comes that it should go. */
  private static <T extends Schedulable> boolean isFarAhead(
      RunQueue<T> queue, T running, long virtualNanos) {
    long since = queue.currentNanos();
    long runningNanos = running.virtualNanos + running.weighted(since);
    return since > PREEMPT_AFTER_NANOS && runningNanos - virtualNanos > PREEMPT_NANOS;
  }

  /** A vCPU that has nothing to do, and whose thread sleeps, is to see that there is a task. */
  private void wakeThief(RunQueue<T> from) {
    for (RunQueue<T> queue : queues) {
      if (queue != from && queue.current() == null && queue.isParked()) {
        queue.wake();
        return;
      }
    }
  }

  // ---- tasks go ----

  /**
   * Takes a task that may run on a vCPU; the caller, its thread, owns it then.
   *
   * @return the task, or null if there is none now
   */
  public @Nullable T poll(GuestCpu cpu) {
    RunQueue<T> own = queues.get(cpu.index());
    own.runsNothing(cpu);
    T task = closed ? null : next(own);
    if (task != null) {
      long now = System.nanoTime();
      own.runs(cpu, task, now);
      if (own.count() > 0) {
        startTick();
      }
      if (firstTakenNanos == 0) {
        firstTakenNanos = now;
      }
    }
    return task;
  }

  private @Nullable T next(RunQueue<T> own) {
    T task = own.take(own.cpu());
    if (task == null && own.count() > 0) {
      for (T stranger; (stranger = own.takeStranger()) != null; ) {
        enqueue(stranger);
      }
    }
    for (int i = 1; task == null && i < queues.size(); i++) {
      RunQueue<T> other = queues.get((own.cpu() + i) % queues.size());
      if (isStealable(other, own.cpu(), stealNanos)) {
        task = other.take(own.cpu());
        if (task != null) {
          task.lastCpu = own.cpu();
          task.virtualNanos += own.clockNanos() - other.clockNanos();
        }
      }
    }
    return task;
  }

  private static boolean isStealable(RunQueue<?> queue, int cpu, long afterNanos) {
    return queue.hasFor(cpu) && queue.untouchedNanos() >= afterNanos;
  }

  /**
   * Waits for a task that may run on a vCPU and takes it; the caller, its thread, owns it then.
   *
   * @return the task, or null when a server is wanted or the scheduler has been closed
   */
  public @Nullable T take(GuestCpu cpu) {
    RunQueue<T> own = queues.get(cpu.index());
    T task = poll(cpu);
    while (task == null && !closed && !own.isWanted()) {
      ParkEvent event = Events.park();
      own.prepareToPark();
      // Who adds a task, or wants this thread, does that first and then looks whether it parks.
      if (!hasWork(cpu.index(), false) && !closed && !own.isWanted()) {
        own.park(someTaskWaitsFor(own.cpu()) ? stealNanos : 0);
      }
      own.parkEnds();
      if (event != null) {
        event.done(ParkEvent.VCPU, cpu.index(), 0);
      }
      task = poll(cpu);
    }
    own.notWanted();
    return task;
  }

  /**
   * Takes the task that a vCPU would run next, if it fits; the caller owns it then.
   *
   * @return null if there is none, or it does not fit
   */
  public @Nullable T takeIf(int cpu, Predicate<T> fits) {
    return closed ? null : queues.get(cpu).takeIf(fits);
  }

  /** A vCPU runs another task without having left the guest; its thread knows nothing yet. */
  void switchTo(int cpu, T task, long nowNanos) {
    queues.get(cpu).runsInstead(task, nowNanos);
  }

  /**
   * True if a vCPU without a task would get one.
   *
   * @param busy true if it is a server that has calls to serve
   */
  public boolean hasWork(int cpu, boolean busy) {
    long afterNanos = busy ? Math.max(stealNanos, BUSY_STEAL_NANOS) : stealNanos;
    for (RunQueue<T> queue : queues) {
      if (queue.cpu() == cpu ? queue.count() > 0 : isStealable(queue, cpu, afterNanos)) {
        return true;
      }
    }
    return false;
  }

  private boolean someTaskWaitsFor(int cpu) {
    for (RunQueue<T> queue : queues) {
      if (queue.hasFor(cpu)) {
        return true;
      }
    }
    return false;
  }

  private boolean someTaskWaits() {
    for (RunQueue<T> queue : queues) {
      if (queue.count() > 0) {
        return true;
      }
    }
    return false;
  }

  /** True if a task that runs on a vCPU and has had its slice should give way. */
  public boolean shouldGiveWay(T task, int cpu) {
    return closed || !task.mayRunOn(cpu) || queues.get(cpu).count() > 0;
  }

  /** How many vCPUs run a task; a hint, as soon as it is known. */
  public int running() {
    int running = 0;
    for (RunQueue<T> queue : queues) {
      if (queue.current() != null) {
        running++;
      }
    }
    return running;
  }

  /** Wakes a vCPU's thread that waits for a task, if there is one, though there is no task. */
  public void wakeIdle() {
    for (RunQueue<T> queue : queues) {
      if (queue.isParked()) {
        queue.want();
        return;
      }
    }
  }

  /** When a vCPU first got a task, by System.nanoTime; 0 if that has not happened. */
  public long firstTakenNanos() {
    return firstTakenNanos;
  }

  /** Makes the vCPU that runs a task, if any does, leave the guest. */
  @SuppressWarnings("ReferenceEquality") // the very same task
  public void kick(T task) {
    for (RunQueue<T> queue : queues) {
      if (queue.current() == task) {
        queue.kick();
      }
    }
  }

  /** True if a vCPU runs a task that fits. */
  boolean isRunning(Predicate<T> fits) {
    for (RunQueue<T> queue : queues) {
      T task = queue.current();
      if (task != null && fits.test(task)) {
        return true;
      }
    }
    return false;
  }

  // ---- the tick ----

  private void startTick() {
    if (ticking) {
      return;
    }
    tickLock.lock();
    try {
      ticking = true;
      if (ticker.getState() == Thread.State.NEW && !closed) {
        ticker.start();
      }
      tasksWait.signal();
    } finally {
      tickLock.unlock();
    }
  }

  private void tick() {
    tickLock.lock();
    try {
      while (!closed) {
        ticking = false;
        if (!someTaskWaits()) {
          tasksWait.awaitUninterruptibly();
          continue;
        }
        ticking = true;
        long left = SLICE_NANOS;
        while (left > 0 && !closed) {
          left = tasksWait.awaitNanos(left);
        }
        for (RunQueue<T> queue : queues) {
          if (queue.count() > 0 && queue.current() != null && queue.currentNanos() >= SLICE_NANOS) {
            queue.kick();
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      tickLock.unlock();
    }
  }

  /** Makes every {@link #take} return null, now and later, and every vCPU leave the guest. */
  @Override
  public void close() {
    closed = true;
    tickLock.lock();
    try {
      tasksWait.signalAll();
    } finally {
      tickLock.unlock();
    }
    for (RunQueue<T> queue : queues) {
      queue.wake();
      queue.kick();
    }
  }

  /** True after {@link #close}. */
  public boolean isClosed() {
    return closed;
  }
}

package org.biscotti.kernel.task;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.event.Events;
import org.biscotti.kernel.event.ParkEvent;
import org.biscotti.kernel.port.GuestCpu;
import org.jspecify.annotations.Nullable;

/**
 * The run queue that all vCPUs take tasks from, and the tick that keeps a program from holding one.
 *
 * <p>A vCPU thread without a task waits here and uses no processor. The tick runs only while some
 * task waits for a vCPU.
 */
public final class Scheduler implements AutoCloseable {
  /** How long a task may run while others wait, in nanoseconds. */
  public static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final Condition waiters = lock.newCondition();
  private final ArrayDeque<Task> ready = new ArrayDeque<>();
  private final Slot[] slots;
  private final Thread ticker;
  private volatile int readyCount;
  private volatile int running;
  private int idle;
  private boolean serverWanted;
  private boolean closed;
  private volatile long firstTakenNanos;

  /** What a vCPU does now. Guarded by the lock. */
  private static final class Slot {
    @Nullable GuestCpu cpu;
    @Nullable Task task;
    long sinceNanos;
  }

  /** A scheduler for so many vCPUs. */
  public Scheduler(int cpus) {
    slots = new Slot[cpus];
    for (int i = 0; i < cpus; i++) {
      slots[i] = new Slot();
    }
    ticker = Thread.ofPlatform().daemon().name("preemption-tick").unstarted(this::tick);
  }

  /** Puts a task into the run queue; the caller no longer owns it. */
  public void enqueue(Task task) {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      ready.add(task);
      readyCount = ready.size();
      work.signalAll();
      if (slotsBusy()) {
        startTick();
      }
    } finally {
      lock.unlock();
    }
  }

  private void startTick() {
    if (ticker.getState() == Thread.State.NEW) {
      ticker.start();
    }
    waiters.signal();
  }

  private boolean slotsBusy() {
    for (Slot slot : slots) {
      if (slot.task != null) {
        return true;
      }
    }
    return false;
  }

  /**
   * Takes a task that may run on a vCPU; the caller owns it then.
   *
   * @return the task, or null if there is none now
   */
  public @Nullable Task poll(GuestCpu cpu) {
    lock.lock();
    try {
      return takeNext(cpu);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for a task that may run on a vCPU and takes it; the caller owns it then.
   *
   * @return the task, or null when a server is wanted or the scheduler has been closed
   */
  public @Nullable Task take(GuestCpu cpu) {
    lock.lock();
    try {
      Task task = takeNext(cpu);
      while (task == null && !closed && !serverWanted) {
        idle++;
        ParkEvent event = Events.park();
        work.awaitUninterruptibly();
        if (event != null) {
          event.done(ParkEvent.VCPU, cpu.index(), 0);
        }
        idle--;
        task = takeNext(cpu);
      }
      serverWanted = false;
      return task;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Task takeNext(GuestCpu cpu) {
    Slot slot = slots[cpu.index()];
    setRunning(slot, null);
    slot.cpu = cpu;
    Task task = closed ? null : next(cpu.index());
    if (task == null) {
      return null;
    }
    setRunning(slot, task);
    slot.sinceNanos = System.nanoTime();
    if (firstTakenNanos == 0) {
      firstTakenNanos = slot.sinceNanos;
    }
    if (!ready.isEmpty()) {
      startTick();
    }
    return task;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
  private void setRunning(Slot slot, @Nullable Task task) {
    if (slot.task != null) {
      running--;
    }
    slot.task = task;
    if (task != null) {
      running++;
    }
  }

  /** How many vCPUs run a task; a hint, as soon as it is known. */
  public int running() {
    return running;
  }

  /** Wakes a vCPU's thread that waits for a task, if there is one, though there is no task. */
  public void wakeIdle() {
    lock.lock();
    try {
      if (idle > 0) {
        serverWanted = true;
        work.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** When a vCPU first got a task, by System.nanoTime; 0 if that has not happened. */
  public long firstTakenNanos() {
    return firstTakenNanos;
  }

  private @Nullable Task next(int cpu) {
    for (Iterator<Task> i = ready.iterator(); i.hasNext(); ) {
      Task task = i.next();
      if ((task.affinity() & 1L << cpu) != 0) {
        i.remove();
        readyCount = ready.size();
        return task;
      }
    }
    return null;
  }

  /** True if another task waits for a vCPU: one that has had its slice should give way. */
  public boolean tasksAreWaiting() {
    return readyCount > 0;
  }

  /** Makes the vCPU that runs a task, if any does, leave the guest. */
  void kick(Task task) {
    lock.lock();
    try {
      for (Slot slot : slots) {
        if (slot.task == task && slot.cpu != null) {
          slot.cpu.kick();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** True if a vCPU has a task of a process. */
  boolean isRunning(Process process) {
    lock.lock();
    try {
      for (Slot slot : slots) {
        if (slot.task != null && slot.task.process() == process) {
          return true;
        }
      }
      return false;
    } finally {
      lock.unlock();
    }
  }

  private void tick() {
    lock.lock();
    try {
      while (!closed) {
        if (ready.isEmpty()) {
          waiters.awaitUninterruptibly();
          continue;
        }
        awaitTick();
        long now = System.nanoTime();
        for (Slot slot : slots) {
          if (slot.task != null && slot.cpu != null && now - slot.sinceNanos >= SLICE_NANOS) {
            slot.cpu.kick();
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private void awaitTick() throws InterruptedException {
    long left = SLICE_NANOS;
    while (left > 0 && !closed) {
      left = waiters.awaitNanos(left);
    }
  }

  /** Makes every {@link #take} return null, now and later, and every vCPU leave the guest. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      work.signalAll();
      waiters.signalAll();
      for (Slot slot : slots) {
        if (slot.cpu != null) {
          slot.cpu.kick();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** True after {@link #close}. */
  public boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }
}

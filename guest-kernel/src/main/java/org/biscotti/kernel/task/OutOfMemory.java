package org.biscotti.kernel.task;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.FrameAllocator;
import org.jspecify.annotations.Nullable;

/**
 * What happens when memory for programs is out: the largest process of the process group that has
 * the most is killed, and whoever found no memory tries again.
 *
 * <p>Groups and not processes are compared, because what fills memory may be a thousand processes
 * of which each is smaller than the shell beside them. A program without job control of its own is
 * in its caller's group; in a tie the younger one goes.
 */
public final class OutOfMemory {
  /**
   * How long the tasks of one that was killed have to notice it before another one is: one may wait
   * for a slow disk, and an emulated machine is a hundred times slower than others.
   */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final FrameAllocator frames;
  private final ProcessTable processes;
  private final KernelTimers timers;
  private final KernelLog log;
  private final AtomicBoolean asked = new AtomicBoolean();

  /** Only the timers' thread uses these two. */
  private @Nullable Process victim;

  private long killedNanos;

  /** Kills none yet. */
  public OutOfMemory(
      FrameAllocator frames, ProcessTable processes, KernelTimers timers, KernelLog log) {
    this.frames = frames;
    this.processes = processes;
    this.timers = timers;
    this.log = log;
  }

  /** Memory is out. The caller may hold any lock: somebody else does the work, and soon. */
  public void happened() {
    if (asked.compareAndSet(false, true)) {
      var _ = timers.after(0, this::relieve);
    }
  }

  private void relieve() {
    asked.set(false);
    long now = System.nanoTime();
    Process last = victim;
    if (last != null && isStillEnding(last, now)) {
      return;
    }
    if (!frames.isOut()) {
      return; // the last one has ended since somebody asked
    }
    Process next = largest();
    if (next != null) {
      victim = next;
      killedNanos = now;
      log.once("out of memory: process " + next.pid() + " is killed");
      killAllIn(next.space());
    }
  }

  /** Once its tasks have ended, nothing but work keeps a process from giving its memory back. */
  private boolean isStillEnding(Process process, long now) {
    return !process.exited().isDone()
        && (process.mainTaskOrNull() == null || now - killedNanos < PATIENCE_NANOS);
  }

  /** Memory that processes share is free when all of them have ended. */
  @SuppressWarnings("ReferenceEquality") // the very same address space
  private void killAllIn(AddressSpace space) {
    for (Process process : processes.all()) {
      if (process.space() == space) {
        process.kill(Signals.SIGKILL);
      }
    }
  }

  private @Nullable Process largest() {
    Map<Process, Long> sizes = new HashMap<>();
    Map<Integer, Long> groups = new HashMap<>();
    for (Process process : processes.all()) {
      if (!process.isExiting()) {
        long pages = process.space().residentPages() + process.space().tablePages();
        sizes.put(process, pages);
        groups.merge(process.processGroup(), pages, Long::sum);
      }
    }
    return sizes.keySet().stream()
        .max(
            Comparator.<Process>comparingLong(p -> groups.getOrDefault(p.processGroup(), 0L))
                .thenComparingLong(p -> sizes.getOrDefault(p, 0L))
                .thenComparingInt(Process::pid))
        .orElse(null);
  }
}

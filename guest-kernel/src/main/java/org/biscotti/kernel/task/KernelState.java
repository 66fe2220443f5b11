package org.biscotti.kernel.task;

import org.biscotti.kernel.exec.ProgramLoader;
import org.biscotti.kernel.fs.boot.FileSystems;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.MemoryPolicy;
import org.biscotti.kernel.parallel.Parallel;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.GuestMemory;

/**
 * What there is one of in a running kernel, for whoever serves a call.
 *
 * @param memory guest-physical memory
 * @param frames its frames
 * @param memoryPolicy how much is mapped ahead
 * @param clock the host's clocks
 * @param bootNanos CLOCK_MONOTONIC when the kernel started
 * @param cpus number of vCPUs
 * @param files the tree of files
 * @param processes all processes
 * @param scheduler the run queue
 * @param futexes threads that wait for a word of memory
 * @param loader loads programs
 * @param timers what has to happen at a time
 * @param parallel who does the parts of large work
 * @param log what the operator should know
 */
public record KernelState(
    GuestMemory memory,
    FrameAllocator frames,
    MemoryPolicy memoryPolicy,
    Clock clock,
    long bootNanos,
    int cpus,
    FileSystems files,
    ProcessTable processes,
    Scheduler<Task> scheduler,
    FutexTable futexes,
    ProgramLoader loader,
    KernelTimers timers,
    Parallel parallel,
    KernelLog log) {

  /** Makes everything that was written durable (sync(2)). */
  public void syncFiles() {
    files.mounts().sync();
  }

  /** Nanoseconds of CLOCK_BOOTTIME: the guest's own uptime. */
  public long uptimeNanos() {
    return clock.monotonicNanos() - bootNanos;
  }
}

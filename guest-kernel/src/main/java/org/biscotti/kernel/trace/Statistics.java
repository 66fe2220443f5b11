package org.biscotti.kernel.trace;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.SyscallNames;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.syscall.Syscall;
import org.biscotti.kernel.syscall.SyscallObserver;
import org.biscotti.kernel.task.Task;
import org.jspecify.annotations.Nullable;

/**
 * Counts system calls and how long they take.
 *
 * <p>Each vCPU has its own counts, and one more set is for calls that return on another thread
 * because they had to wait; so the lock of a set is hardly ever contended. Nothing is allocated for
 * a call, but for the first of its kind on a vCPU.
 */
public final class Statistics implements SyscallObserver {
  private static final String UNKNOWN = "(unknown)";
  private static final double NANOS_PER_MICRO = 1e3;
  private static final double NANOS_PER_MILLI = 1e6;

  private final Counts[] sets;

  /**
   * Statistics of a kernel.
   *
   * @param cpus number of vCPUs
   */
  public Statistics(int cpus) {
    sets = new Counts[cpus + 1];
    for (int i = 0; i < sets.length; i++) {
      sets[i] = new Counts();
    }
  }

  @Override
  public void entered(Task task, long number, @Nullable Syscall call, long[] arguments) {}

  @Override
  public void returned(
      Task task, long number, @Nullable Syscall call, long[] arguments, long result, long nanos) {
    GuestCpu cpu = task.cpu();
    record(cpu != null ? cpu.index() : sets.length - 1, number, result, nanos);
  }

  @Override
  public void ended(Task task) {}

  /** Counts a call that has been served by a vCPU. */
  void record(int cpu, long number, long result, long nanos) {
    sets[cpu].record(indexOf(number), result, nanos);
  }

  /** Numbers that Linux has no call for share the last index. */
  private static int indexOf(long number) {
    return SyscallNames.of(number) != null ? (int) number : SyscallNames.count();
  }

  /** What has been counted so far, the calls that took the longest time together first. */
  public List<CallStatistics> calls() {
    List<CallStatistics> all = new ArrayList<>();
    for (int i = 0; i <= SyscallNames.count(); i++) {
      Cell sum = new Cell();
      for (Counts set : sets) {
        set.addTo(i, sum);
      }
      if (sum.calls > 0) {
        String name = SyscallNames.of(i);
        all.add(sum.summary(name != null ? name : UNKNOWN));
      }
    }
    all.sort(
        Comparator.comparingLong(CallStatistics::totalNanos)
            .reversed()
            .thenComparing(CallStatistics::name));
    return all;
  }

  /** A table of {@link #calls} with a line for each, and one for all of them. */
  public String report() {
    List<CallStatistics> all = calls();
    StringBuilder table = new StringBuilder();
    table.append(
        "%-24s %10s %8s %10s %10s %10s %12s%n"
            .formatted("call", "calls", "errors", "p50 µs", "p99 µs", "max µs", "total ms"));
    for (CallStatistics call : all) {
      table.append(
          String.format(
              Locale.ROOT,
              "%-24s %10d %8d %10.1f %10.1f %10.1f %12.3f%n",
              call.name(),
              call.calls(),
              call.errors(),
              call.p50Nanos() / NANOS_PER_MICRO,
              call.p99Nanos() / NANOS_PER_MICRO,
              call.maxNanos() / NANOS_PER_MICRO,
              call.totalNanos() / NANOS_PER_MILLI));
    }
    table.append(
        String.format(
            Locale.ROOT,
            "%-24s %10d %8d %10s %10s %10s %12.3f%n",
            "total",
            all.stream().mapToLong(CallStatistics::calls).sum(),
            all.stream().mapToLong(CallStatistics::errors).sum(),
            "",
            "",
            "",
            all.stream().mapToLong(CallStatistics::totalNanos).sum() / NANOS_PER_MILLI));
    return table.toString();
  }

  /** Calls of one kind. */
  private static final class Cell {
    final LatencyHistogram latency = new LatencyHistogram();
    long calls;
    long errors;
    long maxNanos;
    long totalNanos;

    void add(Cell other) {
      latency.add(other.latency);
      calls += other.calls;
      errors += other.errors;
      maxNanos = Math.max(maxNanos, other.maxNanos);
      totalNanos += other.totalNanos;
    }

    CallStatistics summary(String name) {
      return new CallStatistics(
          name,
          calls,
          errors,
          Math.min(latency.percentileNanos(50), maxNanos),
          Math.min(latency.percentileNanos(99), maxNanos),
          maxNanos,
          totalNanos);
    }
  }

  /** Calls of one vCPU. */
  private static final class Counts {
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private final @Nullable Cell[] cells = new Cell[SyscallNames.count() + 1];

    void record(int index, long result, long nanos) {
      lock.lock();
      try {
        Cell cell = cells[index];
        if (cell == null) {
          cell = new Cell();
          cells[index] = cell;
        }
        cell.calls++;
        cell.errors += result < 0 && result >= -Errno.MAX_ERRNO ? 1 : 0;
        cell.maxNanos = Math.max(cell.maxNanos, nanos);
        cell.totalNanos += nanos;
        cell.latency.record(nanos);
      } finally {
        lock.unlock();
      }
    }

    void addTo(int index, Cell sum) {
      lock.lock();
      try {
        Cell cell = cells[index];
        if (cell != null) {
          sum.add(cell);
        }
      } finally {
        lock.unlock();
      }
    }
  }
}

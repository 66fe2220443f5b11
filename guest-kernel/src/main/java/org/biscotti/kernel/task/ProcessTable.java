package org.biscotti.kernel.task;

import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.ProcessDirectory;
import org.jspecify.annotations.Nullable;

/** All processes by number. Numbers grow up to {@link #PID_MAX} and then start again. */
public final class ProcessTable implements ProcessDirectory {
  /** kernel.pid_max; numbers are below it. */
  public static final int PID_MAX = 32768;

  private final ConcurrentSkipListMap<Integer, Process> processes = new ConcurrentSkipListMap<>();
  private final AtomicInteger last = new AtomicInteger();
  private final AtomicLong created = new AtomicLong();

  @Override
  public @Nullable Process find(int pid) {
    return processes.get(pid);
  }

  @Override
  public int[] pids() {
    return processes.keySet().stream().mapToInt(Integer::intValue).toArray();
  }

  /** A snapshot of all processes. */
  public Iterable<Process> all() {
    return processes.values();
  }

  public int size() {
    return processes.size();
  }

  /** A number that no process has; EAGAIN if there is none. */
  int reserveNumber() {
    for (int tries = 0; tries < PID_MAX; tries++) {
      int pid = last.updateAndGet(n -> n + 1 >= PID_MAX ? 1 : n + 1);
      if (!processes.containsKey(pid)) {
        return pid;
      }
    }
    throw ErrnoException.of(Errno.EAGAIN);
  }

  /** How many processes there have been. */
  public long created() {
    return created.get();
  }

  void add(Process process) {
    created.incrementAndGet();
    processes.put(process.pid(), process);
  }

  void remove(Process process) {
    processes.remove(process.pid(), process);
  }
}

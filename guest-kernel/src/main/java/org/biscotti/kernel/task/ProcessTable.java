package org.biscotti.kernel.task;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.fs.ProcessDirectory;
import org.biscotti.kernel.fs.UserCounts;
import org.biscotti.kernel.fs.tty.Terminals;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.jspecify.annotations.Nullable;

/**
 * All processes and tasks by number. Numbers grow up to {@link #PID_MAX} and then start again; one
 * that a process, a task, a process group or a session still has is passed over.
 */
public final class ProcessTable implements ProcessDirectory {
  /** kernel.pid_max; numbers are below it. */
  public static final int PID_MAX = 32768;

  private final ConcurrentSkipListMap<Integer, Process> processes = new ConcurrentSkipListMap<>();
  private final ConcurrentHashMap<Integer, Task> tasks = new ConcurrentHashMap<>();
  private final Kinship kinship = new Kinship(this);
  private final UserCounts queuedSignals = new UserCounts(Kind.SIGNAL);
  private final AtomicInteger last = new AtomicInteger();
  private final AtomicLong created = new AtomicLong();
  private volatile @Nullable Terminals terminals;
  private volatile @Nullable BiConsumer<Task, SignalInfo> signalListener;

  @Override
  public @Nullable Process find(int pid) {
    return processes.get(pid);
  }

  @Override
  public int[] pids() {
    return processes.keySet().stream().mapToInt(Integer::intValue).toArray();
  }

  @Override
  public int numbersMax() {
    return PID_MAX;
  }

  /** A snapshot of all processes. */
  public Iterable<Process> all() {
    return processes.values();
  }

  public int size() {
    return processes.size();
  }

  /** Says which terminals control sessions; before the first process starts. */
  public void setTerminals(Terminals all) {
    terminals = all;
  }

  void sessionEnded(int session) {
    Terminals all = terminals;
    if (all != null) {
      all.sessionEnded(session);
    }
  }

  /** Device number of a session's terminal, 0 for none. */
  long terminalOf(int session) {
    Terminals all = terminals;
    return all == null ? 0 : all.deviceOf(session);
  }

  /** Foreground group of a session's terminal, -1 for none. */
  int foregroundOf(int session) {
    Terminals all = terminals;
    return all == null ? -1 : all.foregroundOf(session);
  }

  /** Has somebody told of every signal that a task takes; before the first process starts. */
  public void onSignal(BiConsumer<Task, SignalInfo> listener) {
    signalListener = listener;
  }

  void signalTaken(Task task, SignalInfo info) {
    BiConsumer<Task, SignalInfo> listener = signalListener;
    if (listener != null) {
      listener.accept(task, info);
    }
  }

  /** Who is whose parent, group and session. */
  public Kinship kinship() {
    return kinship;
  }

  /** The task with a number, or null. */
  public @Nullable Task findTask(int threadId) {
    return tasks.get(threadId);
  }

  /** How many tasks there are. */
  public int taskCount() {
    return tasks.size();
  }

  /** True if a user has at least so many tasks (RLIMIT_NPROC); unsigned, so -1 is no limit. */
  boolean hasTasks(int uid, long limit) {
    return Long.compareUnsigned(tasks.size() + processes.size(), limit) >= 0
        && Long.compareUnsigned(tasksOf(uid), limit) >= 0;
  }

  /**
   * How many tasks the processes of a user have. A process whose first task has ended counts for
   * it, until it has been waited for.
   */
  private int tasksOf(int uid) {
    int count = 0;
    for (Task task : tasks.values()) {
      count += task.credentials().uid() == uid ? 1 : 0;
    }
    for (Process process : processes.values()) {
      count += process.credentials().uid() == uid && !tasks.containsKey(process.pid()) ? 1 : 0;
    }
    return count;
  }

  /** How many signals wait for each user's processes, and timers are his (RLIMIT_SIGPENDING). */
  UserCounts queuedSignals() {
    return queuedSignals;
  }

  void addTask(Task task) {
    tasks.put(task.threadId(), task);
  }

  void removeTask(Task task) {
    tasks.remove(task.threadId(), task);
  }

  /** A number that nobody has; EAGAIN if there is none. */
  int reserveNumber() {
    for (int tries = 0; tries < PID_MAX; tries++) {
      int pid = last.updateAndGet(n -> n + 1 >= PID_MAX ? 1 : n + 1);
      if (!processes.containsKey(pid) && !tasks.containsKey(pid) && !kinship.isUsed(pid)) {
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
    if (processes.remove(process.pid(), process)) {
      process.credentials().groups().release();
      KernelMemory.HEAP.release(Kind.PROCESS, 1);
    }
  }
}

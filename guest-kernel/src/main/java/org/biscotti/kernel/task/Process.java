package org.biscotti.kernel.task;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileTable;
import org.biscotti.kernel.fs.FsContext;
import org.biscotti.kernel.fs.ProcessView;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.port.CpuContext;
import org.jspecify.annotations.Nullable;

/**
 * A running program: its memory, files, identity and limits, shared by its tasks.
 *
 * <p>It ends in two steps. Anyone may say that it has to ({@link #exit}, {@link #kill}); each task
 * then ends when its owner notices, and the last one to end takes the process apart.
 */
public final class Process implements ProcessView {
  private static final int NAME_BYTES = 15;

  private final KernelState kernel;
  private final int pid;
  private final long startNanos;
  private final AddressSpace space;
  private final FileTable files;
  private final FsContext fs;
  private final Dentry executable;
  private final ReentrantLock lock = new ReentrantLock();
  private final SignalActions actions = new SignalActions();
  private final ResourceLimits limits = new ResourceLimits();
  private final CompletableFuture<ExitStatus> exited = new CompletableFuture<>();

  @GuardedBy("lock")
  private final List<Task> tasks = new ArrayList<>();

  private volatile Credentials credentials;
  private final ProcessSignals signals;
  private volatile @Nullable ExitStatus exiting;
  private volatile ProgramImage image = ProgramImage.NONE;
  private volatile int niceness;
  private volatile int processGroup;
  private volatile int session;

  /** Where the program's strings and its auxiliary vector are in its memory. */
  public record ProgramImage(
      long argumentsStart,
      long argumentsEnd,
      long environmentStart,
      long environmentEnd,
      long auxiliaryStart,
      long auxiliaryEnd) {
    static final ProgramImage NONE = new ProgramImage(0, 0, 0, 0, 0, 0);
  }

  private Process(
      KernelState kernel,
      int pid,
      AddressSpace space,
      FileTable files,
      FsContext fs,
      Credentials credentials,
      Dentry executable) {
    this.kernel = kernel;
    this.pid = pid;
    this.space = space;
    this.files = files;
    this.fs = fs;
    this.credentials = credentials;
    this.executable = executable;
    startNanos = kernel.clock().monotonicNanos();
    processGroup = pid;
    session = pid;
    signals = new ProcessSignals(this);
  }

  /**
   * Makes a process with one task, which is not in the run queue yet.
   *
   * @param space holds the loaded program; the process owns it from now on
   * @param context the task's first registers
   */
  public static Process create(
      KernelState kernel,
      AddressSpace space,
      FileTable files,
      FsContext fs,
      Credentials credentials,
      Dentry executable,
      ProgramImage image,
      CpuContext context) {
    int pid = kernel.processes().reserveNumber();
    Process process = new Process(kernel, pid, space, files, fs, credentials, executable);
    process.image = image;
    String file = executable.name();
    String name = file.length() > NAME_BYTES ? file.substring(0, NAME_BYTES) : file;
    long allCpus = kernel.cpus() == 64 ? -1 : (1L << kernel.cpus()) - 1;
    process.addTask(new Task(process, pid, name, context, allCpus));
    kernel.processes().add(process);
    return process;
  }

  private void addTask(Task task) {
    lock.lock();
    try {
      tasks.add(task);
    } finally {
      lock.unlock();
    }
  }

  public KernelState kernel() {
    return kernel;
  }

  public AddressSpace space() {
    return space;
  }

  @Override
  public FileTable files() {
    return files;
  }

  @Override
  public FsContext fs() {
    return fs;
  }

  public ResourceLimits limitTable() {
    return limits;
  }

  /** What the process does with each signal. */
  public SignalActions actions() {
    return actions;
  }

  /** Completed when the process has ended and everything it had is freed. */
  public CompletableFuture<ExitStatus> exited() {
    return exited;
  }

  /** The first task; the one that has the process's number. */
  public Task mainTask() {
    lock.lock();
    try {
      return tasks.getFirst();
    } finally {
      lock.unlock();
    }
  }

  /** The task with a number, or null. */
  public @Nullable Task findTask(int threadId) {
    lock.lock();
    try {
      for (Task task : tasks) {
        if (task.threadId() == threadId) {
          return task;
        }
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the process as exit_group(2) does. Its tasks stop as soon as each notices. */
  public void exit(int status) {
    end(ExitStatus.exited(status));
  }

  /** Ends the process by a signal. */
  public void kill(int signal) {
    end(ExitStatus.killed(signal));
  }

  private void end(ExitStatus status) {
    List<Task> all;
    lock.lock();
    try {
      if (exiting != null) {
        return;
      }
      exiting = status;
      all = List.copyOf(tasks);
    } finally {
      lock.unlock();
    }
    for (Task task : all) {
      task.interrupt();
    }
    signals.releaseParked();
  }

  /** True when every task of the process has to end. */
  public boolean isExiting() {
    return exiting != null;
  }

  /** How the process is to end, or null while it runs. */
  public @Nullable ExitStatus exiting() {
    return exiting;
  }

  /**
   * Ends one task; its owner calls this, and never touches it again. The last one frees what the
   * process has.
   */
  public void taskEnded(Task task, ExitStatus status) {
    boolean last;
    lock.lock();
    try {
      tasks.remove(task);
      last = tasks.isEmpty();
    } finally {
      lock.unlock();
    }
    task.leaveCpu();
    task.memory().close();
    if (last) {
      ExitStatus whole = exiting;
      takeApart(whole != null ? whole : status);
    }
  }

  /** Ends one task of a process that is {@link #isExiting}. */
  public void taskEnded(Task task) {
    taskEnded(task, ExitStatus.exited(0));
  }

  private void takeApart(ExitStatus status) {
    try {
      files.leave();
    } catch (RuntimeException e) {
      kernel.log().failure("closing the files of process " + pid, e);
    } finally {
      signals.timers().close();
      space.close();
      kernel.processes().remove(this);
      exited.complete(status);
    }
  }

  /** Signals that wait for whichever task takes them. */
  public long pendingSignals() {
    return signals.pending.set();
  }

  /** The process's part of signals. */
  public ProcessSignals signalState() {
    return signals;
  }

  /** The tasks now. */
  List<Task> snapshotOfTasks() {
    lock.lock();
    try {
      return List.copyOf(tasks);
    } finally {
      lock.unlock();
    }
  }

  /** The first task, or null if the last one has ended. */
  @Nullable Task mainTaskOrNull() {
    lock.lock();
    try {
      return tasks.isEmpty() ? null : tasks.getFirst();
    } finally {
      lock.unlock();
    }
  }

  /** Guards signal actions, limits and pending signals against concurrent changes. */
  public ReentrantLock lock() {
    return lock;
  }

  public void setCredentials(Credentials newCredentials) {
    credentials = newCredentials;
  }

  public int niceness() {
    return niceness;
  }

  public void setNiceness(int value) {
    niceness = value;
  }

  @Override
  public int pid() {
    return pid;
  }

  @Override
  public int parentPid() {
    return 0;
  }

  @Override
  public int processGroup() {
    return processGroup;
  }

  public void setProcessGroup(int group) {
    processGroup = group;
  }

  @Override
  public int session() {
    return session;
  }

  @Override
  public String name() {
    return anyTask().name();
  }

  private Task anyTask() {
    return mainTask();
  }

  @Override
  public char state() {
    return 'R';
  }

  @Override
  public List<Integer> threads() {
    lock.lock();
    try {
      return tasks.stream().map(Task::threadId).toList();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Credentials credentials() {
    return credentials;
  }

  @Override
  public Dentry executable() {
    return executable;
  }

  @Override
  public byte[] commandLine() {
    return memoryBetween(image.argumentsStart, image.argumentsEnd);
  }

  @Override
  public byte[] environment() {
    return memoryBetween(image.environmentStart, image.environmentEnd);
  }

  private byte[] memoryBetween(long start, long end) {
    byte[] bytes = new byte[(int) (end - start)];
    int copied = anyTask().memory().copyIn(start, bytes, 0, bytes.length);
    return copied == bytes.length ? bytes : Arrays.copyOf(bytes, copied);
  }

  @Override
  public byte[] auxiliaryVector() {
    return memoryBetween(image.auxiliaryStart, image.auxiliaryEnd);
  }

  @Override
  public String maps() {
    return space.maps();
  }

  @Override
  public Memory memory() {
    return new Memory(
        space.virtualPages() * PAGE_SIZE,
        space.virtualPeakPages() * PAGE_SIZE,
        space.residentPages() * PAGE_SIZE,
        space.residentPeakPages() * PAGE_SIZE,
        0,
        space.dataPages() * PAGE_SIZE,
        space.stackPages() * PAGE_SIZE,
        0,
        space.tablePages() * PAGE_SIZE);
  }

  @Override
  public SignalSets signals() {
    Task task = anyTask();
    return new SignalSets(
        task.pendingSignals(),
        pendingSignals(),
        task.blockedSignals(),
        actions.ignoredSet(),
        actions.caughtSet());
  }

  @Override
  public List<Limit> limits() {
    return limits.list();
  }

  @Override
  public long userNanos() {
    return anyTask().userNanos();
  }

  @Override
  public long systemNanos() {
    return anyTask().systemNanos();
  }

  @Override
  public long startNanos() {
    return startNanos;
  }

  @Override
  public long minorFaults() {
    return anyTask().minorFaults();
  }

  @Override
  public long majorFaults() {
    return 0;
  }

  /** How a process ended, as wait(2) tells it. */
  public record ExitStatus(int code, int signal, boolean dumped) {
    static ExitStatus exited(int status) {
      return new ExitStatus(status & 0xff, 0, false);
    }

    static ExitStatus killed(int signal) {
      return new ExitStatus(0, signal, Signals.dumpsByDefault(signal));
    }

    /** What a shell makes of it: the status, or 128 and the signal. */
    public int shellCode() {
      return signal != 0 ? 128 + signal : code;
    }
  }
}

package org.biscotti.kernel.task;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.event.Events;
import org.biscotti.kernel.event.ForkEvent;
import org.biscotti.kernel.exec.Identity;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileTable;
import org.biscotti.kernel.fs.FsContext;
import org.biscotti.kernel.fs.ProcessView;
import org.biscotti.kernel.fs.ThreadView;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.mem.UserMemory;
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
  private volatile AddressSpace space;
  private volatile FileTable files;
  private final FsContext fs;
  private volatile Dentry executable;
  private volatile @Nullable Task leader;
  private final ReentrantLock lock = new ReentrantLock();
  private final SignalActions actions = new SignalActions();
  private final ResourceLimits limits = new ResourceLimits();
  private final CompletableFuture<ExitStatus> exited = new CompletableFuture<>();

  @GuardedBy("lock")
  private final LinkedHashSet<Task> tasks = new LinkedHashSet<>();

  /** The task that executes a program, once it waits for the others to end. */
  @GuardedBy("lock")
  private @Nullable Task executing;

  /** What the tasks that have ended had used. */
  private volatile long endedUserNanos;

  private volatile long endedSystemNanos;
  private volatile long endedMinorFaults;

  /** Released when the process has memory of its own, or has ended (vfork(2)). */
  private volatile @Nullable Hold vforkHold;

  /** Guarded by the lock of {@link Kinship}. */
  final Kinship.Place place = new Kinship.Place();

  private volatile boolean executed;

  private volatile Credentials credentials;
  private final ProcessAttributes attributes = new ProcessAttributes();
  private final ProcessSignals signals;
  private volatile @Nullable ExitStatus exiting;
  private volatile ProgramImage image = ProgramImage.NONE;
  private volatile int niceness;

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
    KernelMemory.HEAP.reserve(Kind.TASK, 1, Errno.ENOMEM);
    KernelMemory.HEAP.add(Kind.PROCESS);
    Process process = new Process(kernel, pid, space, files, fs, credentials, executable);
    process.image = image;
    long allCpus = kernel.cpus() == 64 ? -1 : (1L << kernel.cpus()) - 1;
    Task task = new Task(process, pid, nameOf(executable), context, allCpus);
    process.leader = task;
    process.addTask(task);
    kernel.processes().add(process);
    kernel.processes().kinship().addRoot(process);
    return process;
  }

  /** The name that a program gives its task: that of its file, cut off (PR_SET_NAME). */
  static String nameOf(Dentry executable) {
    String file = executable.name();
    return file.length() > NAME_BYTES ? file.substring(0, NAME_BYTES) : file;
  }

  /**
   * What clone(2) is asked for.
   *
   * @param thread another task of the same process (CLONE_THREAD)
   * @param shareSpace CLONE_VM
   * @param shareFiles CLONE_FILES
   * @param shareFs CLONE_FS
   * @param waits the parent waits until the child has memory of its own (CLONE_VFORK)
   * @param sibling the child's parent is the caller's (CLONE_PARENT), and so is its exit signal
   * @param clearHandlers caught signals get their default action (CLONE_CLEAR_SIGHAND)
   * @param exitSignal for the parent when the child ends, 0 for none
   * @param clearTid address of the word that is cleared when the child ends, 0 for none
   */
  public record CloneRequest(
      boolean thread,
      boolean shareSpace,
      boolean shareFiles,
      boolean shareFs,
      boolean waits,
      boolean sibling,
      boolean clearHandlers,
      int exitSignal,
      long clearTid) {}

  /**
   * Makes a task, of this process or of a new one, which is not in the run queue yet.
   *
   * @param caller the task that asks, of this process
   * @param context the new task's registers
   * @throws ErrnoException EAGAIN, ENOMEM
   */
  Task cloneTask(Task caller, CloneRequest request, CpuContext context) {
    ProcessTable table = kernel.processes();
    Credentials ids = credentials;
    if (ids.euid() != 0 && table.hasTasks(ids.uid(), limits.soft(ResourceLimits.RLIMIT_NPROC))) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    int processes = request.thread() ? 0 : 1;
    KernelMemory.HEAP.reserve(Kind.PROCESS, processes, Errno.ENOMEM);
    boolean made = false;
    try {
      KernelMemory.HEAP.reserve(Kind.TASK, 1, Errno.ENOMEM);
      try {
        Task task = makeTask(caller, request, context);
        made = true;
        return task;
      } finally {
        if (!made) {
          KernelMemory.HEAP.release(Kind.TASK, 1);
        }
      }
    } finally {
      if (!made) {
        KernelMemory.HEAP.release(Kind.PROCESS, processes);
      }
    }
  }

  private Task makeTask(Task caller, CloneRequest request, CpuContext context) {
    ProcessTable table = kernel.processes();
    int number = table.reserveNumber();
    Process owner = request.thread() ? this : forkProcess(number, request);
    Task task = new Task(owner, number, caller.name(), context, caller.affinity());
    task.startBeside(caller);
    task.inherit(caller, request.shareSpace(), request.waits());
    task.setClearChildTid(request.clearTid());
    if (!request.thread()) {
      owner.leader = task;
    }
    if (!owner.addTask(task)) {
      task.memory().close();
      throw ErrnoException.of(Errno.EAGAIN);
    }
    if (!request.thread()) {
      table.add(owner);
      if (request.sibling()) {
        table.kinship().addSibling(this, owner);
      } else {
        table.kinship().addChild(this, owner, request.exitSignal());
      }
      if (request.waits()) {
        Hold until = new Hold();
        owner.vforkHold = until;
        caller.holdUntil(until);
      }
    }
    return task;
  }

  private Process forkProcess(int pid, CloneRequest request) {
    AddressSpace childSpace = request.shareSpace() ? space.share() : copySpace(pid);
    FileTable childFiles = filesFor(request, childSpace);
    FsContext childFs = request.shareFs() ? fs : fs.copy();
    Process child =
        new Process(kernel, pid, childSpace, childFiles, childFs, sharedIds(), executable);
    child.image = image;
    child.niceness = niceness;
    child.attributes.inherit(attributes);
    lock.lock();
    try {
      child.actions.copyFrom(actions);
      child.limits.copyFrom(limits);
    } finally {
      lock.unlock();
    }
    if (child.limits.soft(ResourceLimits.RLIMIT_CPU) != ResourceLimits.INFINITY) {
      child.signals.timers().limitChanged();
    }
    if (request.clearHandlers()) {
      child.actions.resetCaught();
    }
    return child;
  }

  /** The credentials for a child, their groups counted once more. */
  private Credentials sharedIds() {
    lock.lock();
    try {
      credentials.groups().retain();
      return credentials;
    } finally {
      lock.unlock();
    }
  }

  private AddressSpace copySpace(int childId) {
    ForkEvent event = Events.fork();
    AddressSpace copy = space.fork(kernel.parallel());
    if (event != null) {
      event.done(pid, childId, space.residentPages());
    }
    return copy;
  }

  /** The child's descriptors; if there is no room for them its memory is given back. */
  private FileTable filesFor(CloneRequest request, AddressSpace childSpace) {
    boolean copied = false;
    try {
      FileTable childFiles = request.shareFiles() ? files.share() : files.copy();
      copied = true;
      return childFiles;
    } finally {
      if (!copied) {
        childSpace.close();
      }
    }
  }

  /** False if the process ends, and takes no more. */
  private boolean addTask(Task task) {
    lock.lock();
    try {
      if (exiting != null || executing != null) {
        return false;
      }
      tasks.add(task);
    } finally {
      lock.unlock();
    }
    kernel.processes().addTask(task);
    return true;
  }

  /**
   * Makes all other tasks of the process end.
   *
   * @return null if there are none, else what keeps the caller until they are gone
   * @throws ErrnoException EAGAIN if another task does the same already; this one ends then
   */
  @Nullable Hold dismissOthers(Task only) {
    List<Task> others;
    Hold until = new Hold();
    lock.lock();
    try {
      if (executing != null || exiting != null) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      others = new ArrayList<>(tasks);
      others.remove(only);
      if (others.isEmpty()) {
        return null;
      }
      executing = only;
      only.holdUntil(until);
    } finally {
      lock.unlock();
    }
    others.forEach(Task::dismiss);
    signals.releaseParked();
    return until;
  }

  /**
   * Replaces the program, its last task being the caller's: memory, signal handlers and names.
   *
   * @param program belongs to the process from now on
   */
  void replaceProgram(
      Task task, AddressSpace program, ProgramImage newImage, Dentry file, Identity newIds) {
    AddressSpace old = space;
    if (task.threadId() != pid) {
      kernel.processes().removeTask(task);
      task.setThreadId(pid);
      kernel.processes().addTask(task);
    }
    lock.lock();
    try {
      executing = null;
      actions.resetCaught();
    } finally {
      lock.unlock();
    }
    leader = task;
    signals.timers().deleteCreated();
    space = program;
    image = newImage;
    executable = file;
    changeCredentials(ids ->
        ids.withUsers(ids.uid(), newIds.euid(), newIds.euid())
            .withGroupIds(ids.gid(), newIds.egid(), newIds.egid()));
    if (newIds.isSecure()) {
      task.setParentDeathSignal(0);
    }
    attributes.executed(newIds.isSecure());
    executed = true;
    kernel.processes().kinship().executed(this);
    task.enterSpace();
    old.close();
    if (files.isShared()) {
      FileTable own = files.copy();
      files.leave();
      files = own;
    }
    files.closeOnExec();
    releaseVfork();
  }

  private void releaseVfork() {
    Hold waiting = vforkHold;
    if (waiting != null) {
      vforkHold = null;
      waiting.release();
    }
  }

  /** True once the process has executed a program of its own (setpgid(2)). */
  public boolean hasExecuted() {
    return executed;
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

  /** How much of its memory may be locked (RLIMIT_MEMLOCK), in bytes; -1 for any amount. */
  public long lockLimit() {
    return credentials().euid() == 0 ? -1 : limits.soft(ResourceLimits.RLIMIT_MEMLOCK);
  }

  /** Counts one more signal or timer to a user; false beyond this process's RLIMIT_SIGPENDING. */
  boolean mayQueueFor(int uid) {
    long limit = limits.soft(ResourceLimits.RLIMIT_SIGPENDING);
    return limit != 0 && kernel.processes().queuedSignals().add(uid, 1, limit - 1);
  }

  /** What the process does with each signal. */
  public SignalActions actions() {
    return actions;
  }

  /** Completed when the process has ended and everything it had is freed. */
  public CompletableFuture<ExitStatus> exited() {
    return exited;
  }

  /** The task that has the process's number, even if it has ended. */
  public Task mainTask() {
    Task task = leader;
    if (task == null) {
      throw new IllegalStateException("a process without a task");
    }
    return task;
  }

  /** The task of this process with a number, or null. */
  public @Nullable Task findTask(int threadId) {
    Task task = kernel.processes().findTask(threadId);
    return task != null && task.process() == this ? task : null;
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
      task.releaseHold();
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
   * Ends one task, which {@link Task#mustEnd}; its owner calls this, and never touches it again.
   * The last one frees what the process has.
   */
  public void taskEnded(Task task) {
    Execution abandoned = task.execution();
    if (abandoned != null) {
      abandoned.abandon();
    }
    TaskEnd.leaveTraces(task);
    task.leaveCpu();
    boolean last;
    Task waiting = null;
    lock.lock();
    try {
      tasks.remove(task);
      last = tasks.isEmpty();
      if (tasks.size() == 1 && tasks.getFirst() == executing) {
        waiting = executing;
      }
      account(task);
    } finally {
      lock.unlock();
    }
    kernel.processes().removeTask(task);
    KernelMemory.HEAP.release(Kind.TASK, 1);
    closeSignals(task.signalState().pending);
    SignalDelivery.retarget(this, ~task.blockedSignals());
    task.memory().close();
    if (waiting != null) {
      waiting.releaseHold();
    }
    if (last) {
      takeApart(task.exitStatus());
    }
  }

  private void closeSignals(PendingSignals pending) {
    lock.lock();
    try {
      pending.close();
    } finally {
      lock.unlock();
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
  private void account(Task task) {
    endedUserNanos += task.userNanos();
    endedSystemNanos += task.systemNanos();
    endedMinorFaults += task.minorFaults();
  }

  private void takeApart(ExitStatus status) {
    exiting = status;
    try {
      files.leave();
    } catch (RuntimeException e) {
      kernel.log().failure("closing the files of process " + pid, e);
    } finally {
      signals.timers().close();
      closeSignals(signals.pending);
      space.close();
      releaseVfork();
      if (session() == pid) {
        kernel.processes().sessionEnded(pid);
      }
      kernel.processes().kinship().ended(this, status);
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

  /** True if it has more than one thread. */
  public boolean hasSeveralTasks() {
    lock.lock();
    try {
      return tasks.size() > 1;
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

  /**
   * Changes who the process is, all at once. If it may then do other things than before, its parent
   * may not send it a signal by its own end, and nobody may look into it (prctl(2)).
   *
   * @param change has no effect of its own; what it throws goes to the caller
   * @return who it was before
   */
  public Credentials changeCredentials(UnaryOperator<Credentials> change) {
    Credentials old;
    lock.lock();
    try {
      old = credentials;
      Credentials changed = change.apply(old);
      changed.groups().retain();
      credentials = changed;
      old.groups().release();
      if (changed.actsForAnother(old)) {
        attributes.setDumpable(false);
        tasks.forEach(task -> task.setParentDeathSignal(0));
      }
    } finally {
      lock.unlock();
    }
    return old;
  }

  /** What it says about itself. */
  public ProcessAttributes attributes() {
    return attributes;
  }

  @Override
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
    return place.parentPid;
  }

  @Override
  public int processGroup() {
    return place.group;
  }

  @Override
  public int session() {
    return place.session;
  }

  @Override
  public String name() {
    return mainTask().name();
  }

  /** True when the last task has ended and nobody has asked how yet. */
  boolean isZombie() {
    return mainTaskOrNull() == null;
  }

  @Override
  public char state() {
    if (isZombie()) {
      return 'Z';
    }
    if (signals.isStopped()) {
      return 'T';
    }
    for (Task task : snapshotOfTasks()) {
      if (!task.isWaiting()) {
        return 'R';
      }
    }
    return 'S';
  }

  @Override
  public List<Integer> threads() {
    lock.lock();
    try {
      return tasks.stream().map(Task::threadId).sorted().toList();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public @Nullable ThreadView thread(int number) {
    return findTask(number);
  }

  @Override
  public long terminal() {
    return kernel.processes().terminalOf(session());
  }

  @Override
  public int foregroundGroup() {
    return kernel.processes().foregroundOf(session());
  }

  @Override
  public boolean isDumpable() {
    return attributes.isDumpable();
  }

  @Override
  public boolean hasNoNewPrivileges() {
    return attributes.hasNoNewPrivileges();
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
    if (isZombie()) {
      return new byte[0];
    }
    try (UserMemory door = new UserMemory(space)) {
      int copied = door.copyIn(start, bytes, 0, bytes.length);
      return copied == bytes.length ? bytes : Arrays.copyOf(bytes, copied);
    }
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
  public String detailedMaps() {
    return space.detailedMaps();
  }

  @Override
  public String mapsRollup() {
    return space.mapsRollup();
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
        space.tablePages() * PAGE_SIZE,
        space.lockedPages() * PAGE_SIZE);
  }

  @Override
  public SignalSets signals() {
    Task task = mainTask();
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
    return endedUserNanos + sum(Task::userNanos);
  }

  @Override
  public long systemNanos() {
    return endedSystemNanos + sum(Task::systemNanos);
  }

  @Override
  public long childrenUserNanos() {
    return kernel.processes().kinship().childrenUserNanos(this);
  }

  @Override
  public long childrenSystemNanos() {
    return kernel.processes().kinship().childrenSystemNanos(this);
  }

  /** Nanoseconds of both kinds, up to this moment. */
  public long cpuNanos() {
    return endedUserNanos + endedSystemNanos + sum(Task::cpuNanos);
  }

  private long sum(ToLongFunction<Task> property) {
    long total = 0;
    for (Task task : snapshotOfTasks()) {
      total += property.applyAsLong(task);
    }
    return total;
  }

  @Override
  public long startNanos() {
    return startNanos;
  }

  @Override
  public long minorFaults() {
    return endedMinorFaults + sum(Task::minorFaults);
  }

  @Override
  public long majorFaults() {
    return 0;
  }

  /** How a process ended, as wait(2) tells it. */
  public record ExitStatus(int code, int signal) {
    static ExitStatus exited(int status) {
      return new ExitStatus(status & 0xff, 0);
    }

    static ExitStatus killed(int signal) {
      return new ExitStatus(0, signal);
    }

    /** As wait(2) has it, WCOREDUMP never: no core is written (core(5)). */
    public int waitStatus() {
      return signal != 0 ? signal : code << 8;
    }

    /** What a shell makes of it: the status, or 128 and the signal. */
    public int shellCode() {
      return signal != 0 ? 128 + signal : code;
    }
  }
}

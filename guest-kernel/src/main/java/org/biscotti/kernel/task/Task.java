package org.biscotti.kernel.task;

import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.FileTable;
import org.biscotti.kernel.fs.FsContext;
import org.biscotti.kernel.fs.ThreadView;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.port.RegisterFile;
import org.jspecify.annotations.Nullable;

/**
 * A thread of a program: registers, signal mask, and a place in its process.
 *
 * <p>A task has one owner at a time, and only the owner touches what is not volatile here: the vCPU
 * thread that runs it, or the thread of its system call while that waits, or nobody while it stands
 * in the run queue. Ownership passes through the run queue's lock or a thread start.
 */
public final class Task extends Schedulable implements Caller, ThreadView {
  private final Process process;
  private volatile int threadId;
  private final CpuContext context;
  private UserMemory memory;
  private final UserBuffer buffer;

  private @Nullable GuestCpu cpu;

  /** The registers of a call that waits in the entry page and has to do with all of them. */
  private @Nullable RegisterFile posted;

  private volatile @Nullable Thread waitingThread;
  private final TaskSignals signals;
  private volatile String name;
  private boolean yieldRequested;
  private volatile boolean ending;
  private int exitCode;
  private volatile @Nullable Hold hold;
  private @Nullable Execution execution;
  private volatile int parentDeathSignal;
  private long clearChildTid;
  private long robustListHead;
  private long robustListBytes;
  private final RestartableSequence sequence = new RestartableSequence();
  private volatile long affinity;
  private volatile long userNanos;

  /** When the program began to run by System.nanoTime, 0 while it does not. */
  private volatile long runningSince;

  private volatile long systemNanos;
  private volatile long minorFaults;
  private volatile long switches;

  Task(Process process, int threadId, String name, CpuContext context, long affinity) {
    this.process = process;
    this.threadId = threadId;
    this.name = name;
    this.context = context;
    this.affinity = affinity;
    memory = new UserMemory(process.space());
    buffer = new UserBuffer(process.kernel().parallel());
    signals =
        new TaskSignals(
            process.kernel().processes().queuedSignals(),
            refused -> SignalDelivery.retarget(process, refused));
  }

  public Process process() {
    return process;
  }

  /** What this task's system calls can use of the kernel. */
  public KernelState kernel() {
    return process.kernel();
  }

  public AddressSpace space() {
    return process.space();
  }

  /** The typed door to this task's memory. */
  public UserMemory memory() {
    return memory;
  }

  /** The cursor over user memory that this task's calls reuse. */
  public UserBuffer buffer() {
    return buffer;
  }

  @Override
  public FileTable files() {
    return process.files();
  }

  @Override
  public FsContext fs() {
    return process.fs();
  }

  @Override
  public Credentials credentials() {
    return process.credentials();
  }

  @Override
  public int processId() {
    return process.pid();
  }

  @Override
  public int threadId() {
    return threadId;
  }

  @Override
  public long fileSizeLimit() {
    long limit = process.limitTable().soft(ResourceLimits.RLIMIT_FSIZE);
    return limit < 0 ? Long.MAX_VALUE : limit;
  }

  /**
   * Takes over from the task that makes this one what clone(2) says.
   *
   * @param shares true if it shares the maker's memory (CLONE_VM)
   * @param waits true if the maker waits for it meanwhile (CLONE_VFORK)
   */
  void inherit(Task maker, boolean shares, boolean waits) {
    boolean fresh = shares && !waits; // has no alternate stack to begin with
    setBlockedSignals(maker.blockedSignals());
    if (!shares) {
      sequence.inherit(maker.sequence);
    }
    if (!fresh) {
      setAlternateStack(
          maker.alternateStack(), maker.alternateStackBytes(), maker.alternateStackFlags());
    }
  }

  /** True while a call of the task waits; one that has a thread of its own may be at work. */
  boolean isWaiting() {
    Thread thread = waitingThread;
    boolean parked = thread != null && thread.getState() != Thread.State.RUNNABLE;
    return parked || hold() != null;
  }

  @Override
  public char state() {
    if (process.signalState().isStopped()) {
      return 'T';
    }
    return isWaiting() ? 'S' : 'R';
  }

  /** Gives the task another number: one that executes a program takes its process's. */
  void setThreadId(int number) {
    threadId = number;
  }

  /** The process has another address space: opens the door to it, and closes the old one. */
  void enterSpace() {
    UserMemory old = memory;
    memory = new UserMemory(process.space());
    old.close();
    sequence.clear();
  }

  /** Ends the task and leaves the rest of its process alone (_exit(2) of a thread). */
  public void exit(int code) {
    exitCode = code;
    ending = true;
  }

  /**
   * Does first of what the end of a task is: clears the word of set_tid_address(2), so that whoever
   * waits for it can be the next on this vCPU. What has been done is not done again at the end.
   */
  public void leaveTraces() {
    TaskEnd.leaveTraces(this);
  }

  /** How the task ends: as its process does, or by itself with what {@link #exit} was given. */
  public Process.ExitStatus exitStatus() {
    Process.ExitStatus whole = process.exiting();
    return whole != null ? whole : Process.ExitStatus.exited(exitCode);
  }

  /** Another task of the process executes a program: this one has to end. */
  void dismiss() {
    ending = true;
    interrupt();
    releaseHold();
  }

  /** True if the task has to end, alone or with its process. */
  public boolean mustEnd() {
    return ending || process.isExiting();
  }

  /** Keeps the task off the vCPUs from the end of its call on, until the hold is released. */
  void holdUntil(Hold until) {
    hold = until;
  }

  /** What keeps the task off the vCPUs, or null. */
  public @Nullable Hold hold() {
    Hold now = hold;
    return now == null || now.isReleased() ? null : now;
  }

  /** Lets a held task go on, whatever it was held for. */
  void releaseHold() {
    Hold now = hold;
    if (now != null) {
      now.release();
    }
  }

  /** The program that the task executes as soon as it is the only one of its process. */
  void setExecution(@Nullable Execution next) {
    execution = next;
  }

  /** The program that is to replace the task's, or null (execve(2)). */
  public @Nullable Execution execution() {
    return execution;
  }

  /** Registers while the task is on no vCPU. */
  public CpuContext context() {
    return context;
  }

  /** The vCPU that runs the task and whose thread is the caller, or null while the call waits. */
  public @Nullable GuestCpu cpu() {
    return cpu;
  }

  /** Takes the task onto a vCPU. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // only the owner writes
  public void attach(GuestCpu to) {
    if (!mustEnd()) {
      sequence.resumes(this, to.index());
    }
    cpu = to;
    switches++;
    // First, so that no downgrade misses a vCPU that is about to use what it takes away.
    space().loadedOn(to.index());
    process.signalState().timers().runs();
    to.load(context, space().root(to.index()));
  }

  /**
   * Leaves the vCPU to another task of the same address space, which goes on in the guest: its
   * registers are loaded there, and this one's have been saved. The caller owns both.
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // only the owner writes
  public void switchTo(Task next) {
    long now = System.nanoTime();
    GuestCpu on = cpu;
    if (on == null || next.cpu != null) {
      throw new IllegalStateException("a task that runs nowhere, or twice");
    }
    stops(now);
    cpu = null;
    next.cpu = on;
    next.switches++;
    next.runs(now);
    kernel().scheduler().switchTo(on.index(), next, now);
    process.signalState().timers().runs();
  }

  /** Takes the task off its vCPU, registers saved. */
  public void detach() {
    GuestCpu from = cpu;
    if (from != null) {
      from.save(context);
      leaveCpu();
    }
  }

  /** Takes the task off its vCPU for good; its registers are lost. */
  public void leaveCpu() {
    GuestCpu from = cpu;
    if (from != null) {
      space().unloadedFrom(from.index());
      cpu = null;
    }
  }

  /**
   * Says where the registers are, while the owner serves a posted call that has to do with all of
   * them; null afterwards, before the task is anybody else's.
   */
  public void setPosted(@Nullable RegisterFile registers) {
    posted = registers;
  }

  /**
   * The registers, vector state included, of a task on a vCPU: there, or in the ring. Null while
   * the call waits.
   */
  public @Nullable RegisterFile registerFile() {
    RegisterFile ring = posted;
    return ring != null ? ring : cpu;
  }

  /** A register, wherever it is now. */
  public long register(int register) {
    RegisterFile on = registerFile();
    return on != null ? on.register(register) : context.registers[register];
  }

  /** Sets a register, wherever it is now. */
  public void setRegister(int register, long value) {
    RegisterFile on = registerFile();
    if (on != null) {
      on.setRegister(register, value);
    } else {
      context.registers[register] = value;
    }
  }

  public long fsBase() {
    GuestCpu on = cpu;
    return on != null ? on.fsBase() : context.fsBase;
  }

  public void setFsBase(long address) {
    GuestCpu on = cpu;
    if (on != null) {
      on.setFsBase(address);
    } else {
      context.fsBase = address;
    }
  }

  public long gsBase() {
    GuestCpu on = cpu;
    return on != null ? on.gsBase() : context.gsBase;
  }

  public void setGsBase(long address) {
    GuestCpu on = cpu;
    if (on != null) {
      on.setGsBase(address);
    } else {
      context.gsBase = address;
    }
  }

  /** The thread on which the task's call waits, or null; for whoever has to wake it. */
  public void setWaitingThread(@Nullable Thread thread) {
    waitingThread = thread;
  }

  /** Makes a waiting call return with EINTR. */
  public void interruptWait() {
    Thread waiting = waitingThread;
    if (waiting != null) {
      waiting.interrupt();
    }
  }

  /** Makes a waiting call return with EINTR, and a running program come out of the guest. */
  void interrupt() {
    interruptWait();
    kernel().scheduler().kick(this);
  }

  /** The task would rather have another one run (sched_yield(2)). */
  public void requestYield() {
    yieldRequested = true;
  }

  /** True once after {@link #requestYield}. */
  public boolean takeYieldRequest() {
    boolean requested = yieldRequested;
    yieldRequested = false;
    return requested;
  }

  /** Name as prctl(PR_SET_NAME) sets it, at most 15 bytes, ISO 8859-1. */
  @Override
  public String name() {
    return name;
  }

  @Override
  public void setName(String newName) {
    name = newName;
  }

  /** The task's part of signals. */
  public TaskSignals signalState() {
    return signals;
  }

  @Override
  public long pendingSignals() {
    return signals.pending.set();
  }

  @Override
  public long blockedSignals() {
    return signals.blocked();
  }

  /** Sets the signal mask; SIGKILL and SIGSTOP stay unblocked. */
  public void setBlockedSignals(long set) {
    signals.setBlocked(set);
  }

  /** True if a call must not wait: a signal waits that is not blocked, or the process stops. */
  public boolean hasDeliverableSignal() {
    return ((signals.pending.set() | process.pendingSignals()) & ~signals.blocked()) != 0
        || process.signalState().isStopped();
  }

  /** True if {@link SignalDelivery#deliver} has something to do before the program goes on. */
  public boolean needsDelivery() {
    return hasDeliverableSignal() || signals.isUnfinished();
  }

  /**
   * True if the program must not go on before its vCPU's thread has looked at the task: a signal
   * has come, it has to end, or it yields.
   */
  public boolean mustLeaveGuest() {
    return needsDelivery() || mustEnd() || yieldRequested;
  }

  /** Signal for the death of the parent (PR_SET_PDEATHSIG), 0 for none. */
  public int parentDeathSignal() {
    return parentDeathSignal;
  }

  public void setParentDeathSignal(int signal) {
    parentDeathSignal = signal;
  }

  /** Address that is cleared when the thread ends (set_tid_address(2)); 0 for none. */
  public long clearChildTid() {
    return clearChildTid;
  }

  public void setClearChildTid(long address) {
    clearChildTid = address;
  }

  /** Its part of rseq(2). */
  public RestartableSequence restartableSequence() {
    return sequence;
  }

  public long robustListHead() {
    return robustListHead;
  }

  public long robustListBytes() {
    return robustListBytes;
  }

  public void setRobustList(long head, long bytes) {
    robustListHead = head;
    robustListBytes = bytes;
  }

  public long alternateStack() {
    return signals.stackAddress();
  }

  public long alternateStackBytes() {
    return signals.stackBytes();
  }

  public int alternateStackFlags() {
    return signals.stackFlags();
  }

  public void setAlternateStack(long address, long bytes, int flags) {
    signals.setStack(address, bytes, flags);
  }

  /** Bit set of the vCPUs it may run on (sched_setaffinity(2)). */
  @Override
  public long affinity() {
    return affinity;
  }

  /** Sets them; a task that runs elsewhere moves at once. */
  public void setAffinity(long cpus) {
    affinity = cpus;
    kernel().scheduler().kick(this);
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // the very same address space
  public boolean isSiblingOf(Schedulable other) {
    return other instanceof Task task && task.space() == space();
  }

  @Override
  int niceness() {
    return process.niceness();
  }

  /** Nanoseconds in the program, up to this moment: it may be running. */
  @Override
  public long userNanos() {
    while (true) {
      long since = runningSince;
      long accounted = userNanos;
      if (since == runningSince) {
        return accounted + (since == 0 ? 0 : Math.max(System.nanoTime() - since, 0));
      }
      Thread.onSpinWait(); // it has just begun or stopped
    }
  }

  /** Nanoseconds in the kernel on the program's behalf. */
  @Override
  public long systemNanos() {
    return systemNanos;
  }

  /** When the program began to run, by System.nanoTime; 0 while it does not. */
  long runningSince() {
    return runningSince;
  }

  /** The program begins to run. */
  public void runs(long nowNanos) {
    runningSince = nowNanos;
  }

  /** The program has stopped running; what it did is accounted. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // only the owner writes
  public void stops(long nowNanos) {
    userNanos += nowNanos - runningSince;
    runningSince = 0;
  }

  /** Nanoseconds in the program and in the kernel, up to this moment: it may be running. */
  @Override
  public long cpuNanos() {
    return userNanos() + systemNanos;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only the owner writes
  public void addSystemNanos(long nanos) {
    systemNanos += nanos;
  }

  @Override
  public long minorFaults() {
    return minorFaults;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only the owner writes
  public void countMinorFault() {
    minorFaults++;
  }

  /** How often it was put on a vCPU. */
  public long switches() {
    return switches;
  }
}

package org.biscotti.kernel.task;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileTable;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.MemoryPolicy;
import org.biscotti.kernel.parallel.Parallel;
import org.biscotti.kernel.parallel.Parallelism;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.NoBacking;
import org.biscotti.kernel.syscall.Dispatcher;
import org.biscotti.kernel.syscall.SyscallTable;

/** A kernel without files and vCPUs, for tests of processes and of calls that need no more. */
public final class TestKernel implements AutoCloseable {
  public static final int PAGE = GuestMemory.PAGE_SIZE;
  private static final int FRAMES = 1024;

  private final Arena arena = Arena.ofShared();
  private final GuestMemory memory =
      new GuestMemory(arena.allocate((FRAMES + 1L) * PAGE, PAGE), new NoBacking());
  private final FrameAllocator frames = new FrameAllocator(memory, PAGE, MemoryPolicy.EXACT);

  /** What the clocks say, in nanoseconds. */
  public final AtomicLong time = new AtomicLong();

  public final KernelLog log = new KernelLog();
  public final ProcessTable processes = new ProcessTable();
  public final KernelState state;
  private final Dispatcher dispatcher = new Dispatcher(new SyscallTable(), null);

  /** One with a single vCPU. */
  public TestKernel() {
    this(1);
  }

  /** One that counts on so many vCPUs, and has none. */
  public TestKernel(int cpus) {
    state =
        new KernelState(
            memory,
            frames,
            MemoryPolicy.EXACT,
            new SetClock(time),
            0,
            cpus,
            null,
            processes,
            new Scheduler<>(cpus),
            new FutexTable(),
            null,
            new KernelTimers(log),
            new Parallel(Parallelism.INLINE, () -> 0),
            log);
  }

  private record SetClock(AtomicLong time) implements Clock {
    @Override
    public long realtimeNanos() {
      return time.get();
    }

    @Override
    public long monotonicNanos() {
      return time.get();
    }
  }

  /** The only task of a process that has no parent. */
  public Task program(Credentials who) {
    AddressSpace space = new AddressSpace(frames, memory, new long[] {0x1003}, MemoryPolicy.EXACT);
    return Process.create(
            state,
            space,
            new FileTable(10),
            null,
            who,
            new Dentry(null, null, "program"),
            new Process.ProgramImage(0, 0, 0, 0, 0, 0),
            new CpuContext())
        .mainTask();
  }

  /** The superuser's. */
  public Task program() {
    return program(Credentials.ROOT);
  }

  /** A child process that shares nothing but the tree of files. */
  public static Task child(Task of) {
    return child(of, Signals.SIGCHLD);
  }

  /** The same with a signal for its end. */
  public static Task child(Task of, int exitSignal) {
    return make(of, false, false, exitSignal);
  }

  /** A child of its maker's parent (CLONE_PARENT). */
  public static Task sibling(Task of, int exitSignal) {
    return make(of, false, true, exitSignal);
  }

  /** Another thread of a process. */
  public static Task thread(Task of) {
    return make(of, true, false, 0);
  }

  private static Task make(Task of, boolean thread, boolean sibling, int exitSignal) {
    return of.process()
        .cloneTask(
            of,
            new Process.CloneRequest(
                thread, true, true, true, false, sibling, false, exitSignal, 0),
            new CpuContext());
  }

  /** A process ends by itself; all of its tasks do. */
  public static void exit(Task task, int status) {
    task.process().exit(status);
    for (Task each : task.process().snapshotOfTasks()) {
      task.process().taskEnded(each);
    }
  }

  /** Calls as a program does; a result or a negative error number. */
  public long call(Task task, long number, long... arguments) {
    long[] all = Arrays.copyOf(arguments, 6);
    return dispatcher.call(task, number, all[0], all[1], all[2], all[3], all[4], all[5]);
  }

  /** A page of a task's memory. */
  public static long page(Task task) {
    return task.space()
        .mmap(
            0,
            PAGE,
            Mman.PROT_READ | Mman.PROT_WRITE,
            Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS,
            null,
            0,
            false);
  }

  @Override
  public void close() {
    state.timers().close();
    arena.close();
  }
}

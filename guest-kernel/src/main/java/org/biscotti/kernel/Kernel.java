package org.biscotti.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntToLongFunction;
import java.util.function.Supplier;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.exec.Identity;
import org.biscotti.kernel.exec.LoadedProgram;
import org.biscotti.kernel.exec.MachineFeatures;
import org.biscotti.kernel.exec.ProgramLoader;
import org.biscotti.kernel.exec.Vdso;
import org.biscotti.kernel.exec.Vvar;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.FileTable;
import org.biscotti.kernel.fs.FsContext;
import org.biscotti.kernel.fs.InodePolicy;
import org.biscotti.kernel.fs.PathWalker;
import org.biscotti.kernel.fs.SystemView;
import org.biscotti.kernel.fs.boot.FileSystems;
import org.biscotti.kernel.fs.dev.DeviceDrivers;
import org.biscotti.kernel.fs.hostfs.MountedFileSystem;
import org.biscotti.kernel.fs.hostfs.OverlayFileSystem;
import org.biscotti.kernel.fs.hostfs.SingleFile;
import org.biscotti.kernel.fs.tty.ConsoleTerminal;
import org.biscotti.kernel.fs.tty.Terminals;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.parallel.Parallel;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.HostDirectory.HostFile;
import org.biscotti.kernel.port.HostRandom;
import org.biscotti.kernel.port.HostStream;
import org.biscotti.kernel.serve.Patching;
import org.biscotti.kernel.serve.Policies;
import org.biscotti.kernel.serve.Serving;
import org.biscotti.kernel.syscall.Dispatcher;
import org.biscotti.kernel.syscall.SyscallObserver;
import org.biscotti.kernel.syscall.SyscallTable;
import org.biscotti.kernel.task.ExecutableFile;
import org.biscotti.kernel.task.FutexTable;
import org.biscotti.kernel.task.JobSignals;
import org.biscotti.kernel.task.KernelLog;
import org.biscotti.kernel.task.KernelState;
import org.biscotti.kernel.task.KernelTimers;
import org.biscotti.kernel.task.OutOfMemory;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.ProcessTable;
import org.biscotti.kernel.task.ResourceLimits;
import org.biscotti.kernel.task.Scheduler;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.wait.UnboundPool;
import org.jspecify.annotations.Nullable;

/**
 * The kernel: boots on the hardware it is given, starts programs, and lends each vCPU's thread the
 * loop that runs them.
 */
public final class Kernel implements AutoCloseable {
  private static final long STOP_SECONDS = 5;
  private static final int DIRECTORY_MODE = 0755;

  private final KernelState state;
  private final Terminals terminals;
  private final @Nullable SyscallObserver observer;
  private final Dispatcher dispatcher;
  private final ClockKeeper clockKeeper;
  private final Serving serving;
  private final boolean patching;
  private final InodePolicy inodes;

  /**
   * What the kernel runs on.
   *
   * @param memory guest-physical memory
   * @param firstFreeGpa start of what is the kernel's to use; all of it up to the end is zero
   * @param cpus number of vCPUs, 1 to 64
   * @param kernelEntries PML4 entry of the kernel's part of address space, for each vCPU
   * @param ringRequests guest-physical address of each vCPU's request page
   * @param ringReplies of its reply page
   * @param vvarGpa the clock page that programs can read
   * @param clock the host's clocks
   * @param features what programs are told of the processor
   * @param cpuDescription /proc/cpuinfo of one vCPU, without its number
   * @param unpin lets the calling thread run on any core
   */
  public record Hardware(
      GuestMemory memory,
      long firstFreeGpa,
      int cpus,
      IntToLongFunction kernelEntries,
      IntToLongFunction ringRequests,
      IntToLongFunction ringReplies,
      long vvarGpa,
      Clock clock,
      MachineFeatures features,
      Supplier<String> cpuDescription,
      Runnable unpin) {}

  /**
   * A program to start.
   *
   * @param path in the guest's tree
   * @param arguments argv, strings of bytes as ISO 8859-1
   * @param environment envp, likewise
   * @param workingDirectory in the guest's tree
   * @param credentials who runs it
   * @param streams what descriptors 0, 1 and 2 are; null for one that is closed
   */
  public record Program(
      String path,
      List<String> arguments,
      List<String> environment,
      String workingDirectory,
      Credentials credentials,
      List<@Nullable HostStream> streams) {}

  /**
   * Boots.
   *
   * @throws ErrnoException if the root directory cannot be read, or there is no memory
   */
  public Kernel(Hardware hardware, KernelOptions options) {
    GuestMemory memory = hardware.memory();
    Clock clock = hardware.clock();
    long bootNanos = clock.monotonicNanos();
    FrameAllocator frames = new FrameAllocator(memory, hardware.firstFreeGpa());
    ProcessTable processes = new ProcessTable();
    KernelLog log = new KernelLog();
    Scheduler<Task> scheduler = new Scheduler<>(hardware.cpus());
    UnboundPool elsewhere = new UnboundPool(hardware.unpin());
    inodes = options.inodes().make(elsewhere, hardware.unpin());
    Parallel parallel =
        new Parallel(
            options.parallelism(), () -> hardware.cpus() - scheduler.running(), hardware.unpin());
    SystemView system = new MachineView(hardware, processes, bootNanos);
    long[] entries = new long[hardware.cpus()];
    Arrays.setAll(entries, hardware.kernelEntries());
    ProgramLoader loader =
        new ProgramLoader(
            () -> new AddressSpace(frames, memory, entries, options.memoryPolicy()),
            new Vdso(frames),
            hardware.features(),
            HostRandom.SOURCE);
    state =
        new KernelState(
            memory,
            frames,
            options.memoryPolicy(),
            clock,
            bootNanos,
            hardware.cpus(),
            bootFiles(options, clock, frames, processes, system, inodes),
            processes,
            scheduler,
            new FutexTable(),
            loader,
            new KernelTimers(log),
            parallel,
            log);
    OutOfMemory outOfMemory = new OutOfMemory(frames, processes, state.timers(), log);
    frames.onShortage(outOfMemory::happened);
    terminals = new Terminals(new JobSignals(processes), clock, frames);
    state.files().addTerminals(terminals);
    processes.setTerminals(terminals);
    observer = options.observer();
    if (observer != null) {
      processes.onSignal(observer::signalled);
    }
    dispatcher =
        new Dispatcher(new SyscallTable(options.researchCalls() ? this::serveBy : null), observer);
    serving =
        new Serving(
            state,
            dispatcher,
            options.syscalls(),
            options.exitless(),
            hardware.ringRequests(),
            hardware.ringReplies(),
            elsewhere);
    patching = options.patching() == Patching.AUTO;
    clockKeeper = new ClockKeeper(new Vvar(memory, hardware.vvarGpa(), clock), clock);
  }

  private boolean serveBy(long policy) {
    Optional<Policies> wanted = Policies.of(policy);
    wanted.ifPresent(serving::use);
    return wanted.isPresent();
  }

  private static FileSystems bootFiles(
      KernelOptions options,
      Clock clock,
      FrameAllocator frames,
      ProcessTable processes,
      SystemView system,
      InodePolicy inodes) {
    HostDirectory host = options.root();
    if (host == null) {
      return FileSystems.boot(clock, frames, processes, system, options.terminal(), inodes);
    }
    DeviceDrivers drivers = new DeviceDrivers(options.terminal());
    FileSystem root =
        new OverlayFileSystem("root", Stat.ST_RELATIME, host, clock, frames, drivers, inodes);
    return FileSystems.boot(clock, frames, processes, system, drivers, root, inodes);
  }

  /**
   * Mounts a directory of the host; directories that lead there are made.
   *
   * @param path absolute, in the guest's tree
   * @throws ErrnoException ENOTDIR and the like
   */
  public void mount(String path, HostDirectory host) {
    state.files().mount(new MountedFileSystem(path, host, state.clock(), state.frames()), path);
  }

  /**
   * Shows one file of the host, and nothing beside it; directories that lead there are made.
   *
   * @param path absolute, in the guest's tree
   * @throws ErrnoException EEXIST if there is something at that path
   */
  public void showFile(String path, HostFile file) {
    int slash = path.lastIndexOf('/');
    Dentry directory = state.files().directory(path.substring(0, slash + 1), DIRECTORY_MODE);
    String name = path.substring(slash + 1);
    SingleFile.show(state.files().kernelCaller(), directory, name, file, state.frames());
  }

  /** True if a path of the guest's tree leads to something. */
  public boolean exists(String path) {
    try {
      PathWalker.resolve(state.files().kernelCaller(), state.files().root(), path, true);
      return true;
    } catch (ErrnoException absent) {
      return false;
    }
  }

  /** System calls that were answered without an exit so far; slightly old while programs run. */
  public long ringCalls() {
    return serving.ringCalls();
  }

  /** How calls get at inodes, with counts of their threads. */
  public InodePolicy inodes() {
    return inodes;
  }

  /**
   * Says, before any program runs, that programs can enter the entry page by a jump, which spares
   * them an instruction that is dear on this host.
   */
  public void offerJumps() {
    if (patching) {
      serving.useJumps();
    }
  }

  /** What there is one of. */
  public KernelState state() {
    return state;
  }

  /**
   * Makes the console.
   *
   * @param keyboard what is typed at a terminal of the host that does nothing with it
   * @param screen what it shows
   */
  public ConsoleTerminal console(HostStream keyboard, HostStream screen) {
    return terminals.console(keyboard, screen);
  }

  /**
   * Starts a program.
   *
   * @throws ErrnoException as execve(2) fails, or chdir(2) to the working directory
   */
  public Process spawn(Program program) {
    return spawn(program, null);
  }

  /**
   * Starts a program, on a console if there is one: then that is its descriptors and controls its
   * session.
   *
   * @throws ErrnoException as execve(2) fails, or chdir(2) to the working directory
   */
  public Process spawn(Program program, @Nullable ConsoleTerminal console) {
    FsContext fs = state.files().newContext();
    FileTable files = new FileTable(new ResourceLimits().soft(ResourceLimits.RLIMIT_NOFILE));
    Caller caller = new KernelCaller(program.credentials(), fs, files);
    List<ExecutableFile> opened = new ArrayList<>();
    try {
      fs.setWorkingDirectory(
          PathWalker.resolve(caller, state.files().root(), program.workingDirectory(), true));
      ExecutableFile file = open(caller, program.path(), opened);
      LoadedProgram loaded =
          state
              .loader()
              .load(
                  new ProgramLoader.Request(
                      file,
                      program.path(),
                      program.arguments(),
                      program.environment(),
                      new Identity(
                          program.credentials().uid(),
                          program.credentials().euid(),
                          program.credentials().gid(),
                          program.credentials().egid()),
                      new ResourceLimits().soft(ResourceLimits.RLIMIT_STACK),
                      path -> open(caller, path, opened)));
      if (console == null) {
        installStreams(files, program.streams());
      } else {
        for (int fd = 0; fd <= 2; fd++) {
          files.installAt(console.open(), fd, false);
        }
      }
      Process process = start(loaded, files, fs, program.credentials());
      if (console != null) {
        console.control(process.pid());
      }
      if (observer != null) {
        observer.started(
            process.mainTask(), program.path(), program.arguments(), program.environment().size());
      }
      state.scheduler().enqueue(process.mainTask());
      return process;
    } catch (RuntimeException | Error e) {
      files.leave();
      throw e;
    } finally {
      opened.forEach(ExecutableFile::release);
    }
  }

  /** A stream can be read and written as far as the caller's own descriptor can. */
  private void installStreams(FileTable files, List<@Nullable HostStream> streams) {
    for (int fd = 0; fd < streams.size(); fd++) {
      HostStream stream = streams.get(fd);
      if (stream != null) {
        files.installAt(state.files().openStream(stream, Fcntl.O_RDWR), fd, false);
      }
    }
  }

  private static ExecutableFile open(Caller caller, String path, List<ExecutableFile> opened) {
    ExecutableFile file = ExecutableFile.open(caller, path);
    opened.add(file);
    return file;
  }

  private Process start(
      LoadedProgram loaded, FileTable files, FsContext fs, Credentials credentials) {
    CpuContext context = new CpuContext();
    loaded.initialise(context);
    Dentry executable = ((ExecutableFile) loaded.executable()).dentry();
    return Process.create(
        state,
        loaded.space(),
        files,
        fs,
        credentials,
        executable,
        new Process.ProgramImage(
            loaded.argumentsStart(),
            loaded.argumentsEnd(),
            loaded.argumentsEnd(),
            loaded.environmentEnd(),
            loaded.auxiliaryStart(),
            loaded.auxiliaryEnd()),
        context);
  }

  /** Runs programs on a vCPU until the kernel is closed; called by the vCPU's own thread. */
  public void runVcpu(GuestCpu cpu) {
    new VcpuLoop(state, dispatcher, clockKeeper, serving, cpu).run();
  }

  /** Kills every program and stops the vCPU loops. */
  @Override
  public void close() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(STOP_SECONDS);
    for (Process process : state.processes().all()) {
      process.kill(Signals.SIGKILL);
    }
    for (Process process : state.processes().all()) {
      awaitEnd(process, deadline - System.nanoTime());
    }
    state.scheduler().close();
    state.timers().close();
    inodes.close();
  }

  private static void awaitEnd(Process process, long nanos) {
    try {
      process.exited().get(Math.max(nanos, 0), TimeUnit.NANOSECONDS);
    } catch (TimeoutException | ExecutionException e) {
      process.kernel().log().once("process " + process.pid() + " does not end");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The kernel itself as a user of files, when it starts a program. */
  private record KernelCaller(Credentials credentials, FsContext fs, FileTable files)
      implements Caller {
    @Override
    public int processId() {
      return 0;
    }

    @Override
    public int threadId() {
      return 0;
    }

    @Override
    public long fileSizeLimit() {
      return Long.MAX_VALUE;
    }
  }
}

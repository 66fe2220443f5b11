package org.biscotti.kvm.cli;

import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import org.biscotti.kernel.Kernel;
import org.biscotti.kernel.KernelOptions;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.PathWalker;
import org.biscotti.kernel.fs.tty.ConsoleTerminal;
import org.biscotti.kernel.mem.MemoryPolicy;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.HostStream;
import org.biscotti.kernel.task.Process;
import org.biscotti.kvm.Machine;
import org.biscotti.kvm.MachineOptions;
import org.jspecify.annotations.Nullable;

/** The machine that the commands use: a KVM virtual machine with the kernel in it. */
final class KvmGuestMachine implements GuestMachine {
  private final FlightRecording recording;
  private final HostMounts mounts;
  private final Machine machine;
  private final Kernel kernel;
  private @Nullable Process first;
  private @Nullable ConsoleTerminal console;

  private KvmGuestMachine(FlightRecording recording, HostMounts mounts, Machine machine) {
    this.recording = recording;
    this.mounts = mounts;
    this.machine = machine;
    this.kernel = machine.kernel();
  }

  /** Boots; see {@link GuestMachine.Factory}. */
  static GuestMachine boot(Setup setup) {
    FlightRecording recording = FlightRecording.start(setup.flags().recording());
    HostMounts mounts = new HostMounts();
    HostDirectory root =
        setup.root() == null ? null : mounts.directory("--root", setup.root(), false);
    try {
      MachineFlags flags = setup.flags();
      KernelOptions options =
          new KernelOptions(
              MemoryPolicy.DEFAULT.withFork(flags.fork()),
              setup.observer(),
              root,
              setup.terminal(),
              flags.syscalls(),
              flags.exitless(),
              flags.patching(),
              flags.parallelism(),
              flags.inodes(),
              flags.researchCalls());
      return new KvmGuestMachine(
          recording,
          mounts,
          new Machine(new MachineOptions(flags.memoryBytes(), flags.cpus(), options)));
    } catch (ErrnoException e) {
      throw new CommandException(
          "the kernel does not boot (%s): give more with --memory, or another --root"
              .formatted(Errno.name(e.errno())));
    }
  }

  @Override
  public void mount(MountSpec mount) {
    HostDirectory directory = mounts.directory("--mount", mount.host(), mount.writable());
    try {
      kernel.mount(mount.guest(), directory);
    } catch (ErrnoException e) {
      throw cannotMount(mount, "no directory can be made there: choose another path");
    } catch (IllegalStateException e) {
      throw cannotMount(mount, "something is mounted there already: choose another path");
    }
  }

  private static CommandException cannotMount(MountSpec mount, String why) {
    return new CommandException(
        "--mount %s:%s: %s".formatted(mount.host(), HostText.decode(mount.guest()), why));
  }

  @Override
  public void expose(Path file, String guestPath) {
    try {
      kernel.showFile(guestPath, mounts.file(file));
    } catch (ErrnoException e) {
      throw new CommandException(
          ExitCode.NOT_EXECUTABLE,
          "%s: cannot be shown at this path of the guest (%s): use --mount for its directory"
              .formatted(file, Errno.name(e.errno())));
    }
  }

  @Override
  public void useConsole(HostStream keyboard, HostStream screen) {
    console = kernel.console(keyboard, screen);
  }

  @Override
  public void endConsole() {
    if (console != null) {
      console.close();
    }
  }

  @Override
  public void resizeConsole(int size) {
    ConsoleTerminal terminal = console;
    if (terminal != null) {
      terminal.resize(size);
    }
  }

  @Override
  public int fileMode(String path) {
    var files = kernel.state().files();
    try {
      return PathWalker.resolve(files.kernelCaller(), files.root(), path, true).inode().mode();
    } catch (ErrnoException e) {
      return 0;
    }
  }

  @Override
  public GuestProgram start(Request request) {
    Process process =
        kernel.spawn(
            new Kernel.Program(
                request.path(),
                request.arguments(),
                request.environment(),
                request.workingDirectory(),
                Credentials.ROOT,
                request.streams()),
            console);
    if (first == null) {
      first = process;
    }
    return new Running(process);
  }

  /** A process as a program. */
  private record Running(Process process) implements GuestProgram {
    @Override
    public Outcome await() {
      try {
        Process.ExitStatus status = process.exited().join();
        return new Outcome(status.code(), status.signal());
      } catch (CompletionException e) {
        throw new IllegalStateException("the process did not end as it should", e);
      }
    }

    @Override
    public void kill(int signal) {
      process.kill(signal);
    }
  }

  @Override
  public MachineCounts counts() {
    return new MachineCounts(
        machine.hostKind(),
        machine.exits(),
        kernel.ringCalls(),
        kernel.inodes().requests(),
        kernel.inodes().liveThreadsPeak(),
        first == null ? 0 : first.space().residentPeakPages(),
        kernel.state().frames().totalFrames(),
        kernel.state().scheduler().firstTakenNanos());
  }

  @Override
  public void close() {
    endConsole();
    machine.close();
    mounts.close();
    recording.close();
  }
}

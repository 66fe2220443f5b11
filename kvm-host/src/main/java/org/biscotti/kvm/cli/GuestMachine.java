package org.biscotti.kvm.cli;

import java.nio.file.Path;
import java.util.List;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostStream;
import org.biscotti.kernel.syscall.SyscallObserver;
import org.jspecify.annotations.Nullable;

/** What the commands need of a machine, so that they can be tested without KVM. */
interface GuestMachine extends AutoCloseable {
  /** Makes machines. */
  interface Factory {
    /**
     * Boots a machine.
     *
     * @throws org.biscotti.kvm.KvmException if the host cannot give us one
     * @throws CommandException if the root cannot be served
     */
    GuestMachine boot(Setup setup);
  }

  /**
   * How a machine is to be.
   *
   * @param root directory of the host to serve as the root, read-only under a layer in memory; null
   *     for an empty root
   * @param terminal what {@code /dev/tty} is, or null
   * @param observer told of every system call, or null
   */
  record Setup(
      MachineFlags flags,
      @Nullable Path root,
      @Nullable HostStream terminal,
      @Nullable SyscallObserver observer) {}

  /**
   * A program to start. All strings are bytes.
   *
   * @param path in the guest
   * @param arguments argv
   * @param environment envp
   * @param workingDirectory in the guest
   * @param streams descriptors 0, 1 and 2; null for one that is closed
   */
  record Request(
      String path,
      List<String> arguments,
      List<String> environment,
      String workingDirectory,
      List<@Nullable HostStream> streams) {}

  /**
   * Adds a directory of the host.
   *
   * @throws CommandException if it cannot be served, or not there
   */
  void mount(MountSpec mount);

  /**
   * Makes one regular file of the host visible, read-only.
   *
   * @throws CommandException if it cannot be served, or not there
   */
  void expose(Path file, String guestPath);

  /**
   * Makes a console, on which the next program starts.
   *
   * @param keyboard what is typed at a terminal of the host that does nothing with it
   * @param screen what it shows
   */
  void useConsole(HostStream keyboard, HostStream screen);

  /** Shows what the console has still to show, and gives the host's terminal up. */
  void endConsole();

  /** The console has so many rows and columns now, in the upper and lower 16 bits. */
  void resizeConsole(int size);

  /** Type and permissions of a file in the guest as {@code st_mode}, or 0 if there is none. */
  int fileMode(String path);

  /**
   * Starts a program.
   *
   * @throws ErrnoException as execve(2), or chdir(2) to the working directory
   */
  GuestProgram start(Request request);

  /** What the machine has counted. */
  MachineCounts counts();

  /** Ends every program and gives everything back. */
  @Override
  void close();
}

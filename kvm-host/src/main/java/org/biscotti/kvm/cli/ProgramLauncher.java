package org.biscotti.kvm.cli;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.port.HostStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the program that the user named, as a shell does, and starts it. What is not in the guest
 * but on the host is made visible there at the same path: that one file.
 */
final class ProgramLauncher {
  private final GuestMachine machine;
  private final boolean hasHostRoot;
  private final List<String> hostSearchPath;

  /**
   * A program as the user named it.
   *
   * @param words the program and its arguments, bytes
   * @param environment of the program
   * @param workingDirectory absolute path in the guest
   * @param streams descriptors 0, 1 and 2
   */
  record Command(
      List<String> words,
      GuestEnvironment environment,
      String workingDirectory,
      List<@Nullable HostStream> streams) {
    String program() {
      return words.getFirst();
    }
  }

  /**
   * Prepares to start programs.
   *
   * @param hasHostRoot whether the guest's root is a directory of the host; names are then not
   *     looked up on the host as well
   * @param hostSearchPath directories of the host in which names are looked up
   */
  ProgramLauncher(GuestMachine machine, boolean hasHostRoot, List<String> hostSearchPath) {
    this.machine = machine;
    this.hasHostRoot = hasHostRoot;
    this.hostSearchPath = hostSearchPath;
  }

  /**
   * Starts a program.
   *
   * @throws CommandException with the exit code of a shell that cannot start it
   */
  GuestProgram launch(Command command) {
    requireDirectory(command.workingDirectory());
    String path = command.program().contains("/") ? locate(command) : search(command);
    requireProgram(command.program(), path);
    GuestMachine.Request request =
        new GuestMachine.Request(
            path,
            command.words(),
            command.environment().toList(),
            command.workingDirectory(),
            command.streams());
    try {
      return machine.start(request);
    } catch (ErrnoException e) {
      throw cannotStart(command.program(), e.errno());
    }
  }

  private void requireDirectory(String path) {
    int mode = machine.fileMode(path);
    if (!isDirectory(mode)) {
      throw new CommandException(
          "--cwd %s: %s in the guest: name one with --root or --mount"
              .formatted(
                  HostText.decode(path), mode == 0 ? "no such directory" : "that is no directory"));
    }
  }

  /** A program named by a path. */
  private String locate(Command command) {
    String path = resolve(command.workingDirectory(), command.program());
    if (machine.fileMode(path) != 0) {
      return path;
    }
    Path file = HostText.path(command.program()).toAbsolutePath();
    if (!Files.exists(file)) {
      throw notFound(command.program(), "no such file in the guest or on the host");
    }
    return expose(file);
  }

  /** A program named without a slash. */
  private String search(Command command) {
    String name = command.program();
    String notExecutable = null;
    for (String directory : command.environment().searchPath()) {
      String path = resolve(resolve(command.workingDirectory(), directory), name);
      int mode = machine.fileMode(path);
      if (isRegular(mode) && isExecutable(mode)) {
        return path;
      }
      if (isRegular(mode) && notExecutable == null) {
        notExecutable = path;
      }
    }
    if (notExecutable != null) {
      return notExecutable; // which says why it is not
    }
    if (!hasHostRoot && !name.isEmpty()) {
      for (String directory : hostSearchPath) {
        Path file = hostFile(directory, name);
        if (file != null) {
          return expose(file);
        }
      }
    }
    throw notFound(
        name,
        hasHostRoot
            ? "not found in the guest's PATH: give its path, or set PATH with --env PATH=..."
            : "not found in the guest's PATH or the host's: give the program's path");
  }

  private static @Nullable Path hostFile(String directory, String name) {
    try {
      Path file = HostText.path(directory).toAbsolutePath().resolve(HostText.decode(name));
      return Files.isRegularFile(file) && Files.isExecutable(file) ? file : null;
    } catch (CommandException | InvalidPathException e) {
      return null; // one directory of many
    }
  }

  private String expose(Path file) {
    String name = file.toString();
    if (Files.isDirectory(file)) {
      throw notExecutable(name, "it is a directory: name a program in it");
    }
    if (!Files.isRegularFile(file)) {
      throw notExecutable(name, "it is no regular file");
    }
    if (!Files.isReadable(file)) {
      throw notExecutable(name, "no permission to read it: chmod +r lets it be loaded");
    }
    String path = HostText.encode(file.normalize().toString());
    machine.expose(file, path);
    return path;
  }

  private void requireProgram(String name, String path) {
    int mode = machine.fileMode(path);
    if (isDirectory(mode)) {
      throw notExecutable(name, "it is a directory: name a program in it");
    }
    if (mode != 0 && !isRegular(mode)) {
      throw notExecutable(name, "it is no regular file");
    }
    if (mode != 0 && !isExecutable(mode)) {
      throw notExecutable(name, "no permission to execute it: chmod +x sets it");
    }
  }

  private static boolean isDirectory(int mode) {
    return (mode & Stat.S_IFMT) == Stat.S_IFDIR;
  }

  private static boolean isRegular(int mode) {
    return (mode & Stat.S_IFMT) == Stat.S_IFREG;
  }

  private static boolean isExecutable(int mode) {
    return (mode & 0111) != 0;
  }

  /** The program's file is there: this is about its contents. */
  private CommandException cannotStart(String program, int errno) {
    return switch (errno) {
      case Errno.ENOENT, Errno.ENOTDIR ->
          notFound(
              program,
              hasHostRoot
                  ? "its interpreter is not in the guest: the --root must have the one it names"
                  : "its interpreter is not in the guest: give it the host's with --root /");
      case Errno.ENOEXEC ->
          notExecutable(program, "it is no program for x86-64 Linux, or a damaged one");
      case Errno.ELIBBAD -> notExecutable(program, "its interpreter is no program");
      case Errno.EACCES -> notExecutable(program, "no permission to execute it or its interpreter");
      case Errno.ELOOP -> notExecutable(program, "its interpreters or links lead in a circle");
      case Errno.ENOMEM ->
          notExecutable(program, "it does not fit into guest memory: give more with --memory");
      case Errno.E2BIG -> notExecutable(program, "its arguments and environment are too long");
      default -> notExecutable(program, "cannot be started: " + Errno.name(errno));
    };
  }

  private static CommandException notFound(String program, String why) {
    return new CommandException(ExitCode.NOT_FOUND, describe(program, why));
  }

  private static CommandException notExecutable(String program, String why) {
    return new CommandException(ExitCode.NOT_EXECUTABLE, describe(program, why));
  }

  private static String describe(String program, String why) {
    return (program.isEmpty() ? "''" : HostText.decode(program)) + ": " + why;
  }

  /** A path of the guest, relative to a directory or absolute. */
  private static String resolve(String directory, String path) {
    if (path.startsWith("/")) {
      return path;
    }
    String base = directory.endsWith("/") ? directory : directory + "/";
    return path.isEmpty() ? base : base + path;
  }
}

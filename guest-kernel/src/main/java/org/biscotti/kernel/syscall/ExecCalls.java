package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.exec.Identity;
import org.biscotti.kernel.exec.LoadedProgram;
import org.biscotti.kernel.exec.ProgramLoader;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.task.ExecutableFile;
import org.biscotti.kernel.task.Execution;
import org.biscotti.kernel.task.ResourceLimits;
import org.biscotti.kernel.task.Task;

/** Executing a program: execve(2), execveat(2). */
final class ExecCalls {
  /** MAX_ARG_STRLEN: bytes of one string, its end included. */
  private static final int STRING_BYTES_MAX = 32 * 4096;

  /** Pointers and strings together never take more: three quarters of Linux' _STK_LIM. */
  private static final long TOTAL_BYTES_MAX = 6L << 20;

  private static final long TOTAL_BYTES_MIN = 128L << 10;

  private ExecCalls() {}

  static long execve(Task t, long path, long arguments, long environment, long d, long e, long f) {
    return execveat(t, Fcntl.AT_FDCWD, path, arguments, environment, 0, f);
  }

  static long execveat(
      Task t, long descriptor, long path, long arguments, long environment, long flags, long f) {
    Paths.checkFlags(flags, Fcntl.AT_EMPTY_PATH | Fcntl.AT_SYMLINK_NOFOLLOW);
    String name = Paths.read(t, path);
    List<ExecutableFile> opened = new ArrayList<>();
    try {
      ExecutableFile file = open(t, descriptor, path, name, flags, opened);
      Budget budget = new Budget(t);
      List<String> argv = strings(t, arguments, budget);
      List<String> envp = strings(t, environment, budget);
      Credentials who = t.credentials();
      ResourceLimits limits = t.process().limitTable();
      LoadedProgram loaded =
          t.kernel()
              .loader()
              .load(
                  new ProgramLoader.Request(
                      file,
                      shownName(descriptor, name),
                      argv,
                      envp,
                      new Identity(who.uid(), who.euid(), who.gid(), who.egid()),
                      limits.soft(ResourceLimits.RLIMIT_STACK),
                      interpreter -> add(t, ExecutableFile.open(t, interpreter), opened)));
      loaded.space().setAddressSpaceLimit(limits.soft(ResourceLimits.RLIMIT_AS));
      loaded.space().setDataLimit(limits.soft(ResourceLimits.RLIMIT_DATA));
      Execution.begin(t, loaded);
      return 0;
    } finally {
      opened.forEach(ExecutableFile::release);
    }
  }

  /** What the program is told it was opened by (execveat(2), NOTES). */
  private static String shownName(long descriptor, String name) {
    if ((int) descriptor == Fcntl.AT_FDCWD || name.startsWith("/")) {
      return name;
    }
    String file = "/dev/fd/" + (int) descriptor;
    return name.isEmpty() ? file : file + "/" + name;
  }

  private static ExecutableFile open(
      Task t, long descriptor, long path, String name, long flags, List<ExecutableFile> opened) {
    if (name.isEmpty() && (flags & Fcntl.AT_EMPTY_PATH) == 0) {
      throw ErrnoException.of(ENOENT);
    }
    Dentry found = Paths.find(t, descriptor, path, flags);
    if (found.inode().isSymlink()) {
      throw ErrnoException.of(ELOOP);
    }
    return add(t, ExecutableFile.open(t, found), opened);
  }

  private static ExecutableFile add(Task t, ExecutableFile file, List<ExecutableFile> opened) {
    if (t.process().attributes().hasNoNewPrivileges()) {
      file.ignoreSetId();
    }
    opened.add(file);
    return file;
  }

  /** How much is left of a quarter of the stack, which is all that the strings may take. */
  private static final class Budget {
    long left;

    Budget(Task t) {
      long stack = t.process().limitTable().soft(ResourceLimits.RLIMIT_STACK);
      left = Math.clamp(stack >>> 2, TOTAL_BYTES_MIN, TOTAL_BYTES_MAX);
    }

    void take(long bytes) {
      left -= bytes;
      if (left < 0) {
        throw ErrnoException.of(E2BIG);
      }
    }
  }

  /** A null-terminated array of pointers to strings; no array at all is an empty one. */
  private static List<String> strings(Task t, long array, Budget budget) {
    List<String> strings = new ArrayList<>();
    UserMemory memory = t.memory();
    if (array == 0) {
      return strings;
    }
    for (long at = array, pointer; (pointer = memory.getLong(at)) != 0; at += Long.BYTES) {
      String string = string(memory, pointer);
      budget.take(string.length() + 1L + Long.BYTES);
      strings.add(string);
    }
    return strings;
  }

  private static String string(UserMemory memory, long pointer) {
    try {
      return memory.readCString(pointer, STRING_BYTES_MAX);
    } catch (ErrnoException e) {
      throw e.errno() == ENAMETOOLONG ? ErrnoException.of(E2BIG) : e;
    }
  }
}

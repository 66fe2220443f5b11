package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.PathWalker;
import org.biscotti.kernel.task.Task;

/** Path arguments: reading them from a program's memory, and what they start from. */
final class Paths {
  private Paths() {}

  /** A path as the program gave it: EFAULT, ENAMETOOLONG. */
  static String read(Task t, long path) {
    return t.memory().readCString(path, Fcntl.PATH_MAX);
  }

  /**
   * Where a relative path starts: at the working directory, or at a descriptor (openat(2)).
   *
   * @throws ErrnoException EBADF, ENOTDIR; only if the path is relative
   */
  static Dentry start(Task t, long descriptor, String path) {
    if ((int) descriptor == Fcntl.AT_FDCWD || path.startsWith("/")) {
      return t.fs().workingDirectory();
    }
    Dentry dentry = t.files().getAny((int) descriptor).dentry();
    if (!dentry.inode().isDirectory()) {
      throw ErrnoException.of(path.isEmpty() ? ENOENT : ENOTDIR);
    }
    return dentry;
  }

  /**
   * What a call of the {@code *at} family means: the file at a path, or with AT_EMPTY_PATH and an
   * empty path what the descriptor itself refers to.
   *
   * @param followLast whether a symbolic link in the last place is followed
   */
  static Dentry find(Task t, long descriptor, long path, long flags, boolean followLast) {
    return find(t, t, descriptor, path, flags, followLast);
  }

  /** The same on behalf of somebody else, whose rights count on the way. */
  static Dentry find(
      Task t, Caller caller, long descriptor, long path, long flags, boolean followLast) {
    boolean mayBeEmpty = (flags & Fcntl.AT_EMPTY_PATH) != 0;
    // A null pointer stands for the empty path since Linux 6.11 (statx(2)).
    String name = mayBeEmpty && path == 0 ? "" : read(t, path);
    if (mayBeEmpty && name.isEmpty()) {
      return (int) descriptor == Fcntl.AT_FDCWD
          ? t.fs().workingDirectory()
          : t.files().getAny((int) descriptor).dentry();
    }
    return PathWalker.resolve(caller, start(t, descriptor, name), name, followLast);
  }

  /** The same, following links unless AT_SYMLINK_NOFOLLOW is given. */
  static Dentry find(Task t, long descriptor, long path, long flags) {
    return find(t, descriptor, path, flags, (flags & Fcntl.AT_SYMLINK_NOFOLLOW) == 0);
  }

  /** The file at a path from the working directory, links followed. */
  static Dentry find(Task t, long path) {
    return find(t, Fcntl.AT_FDCWD, path, 0, true);
  }

  /** EINVAL if a call got flags that it does not know. */
  static void checkFlags(long flags, int known) {
    if (((int) flags & ~known) != 0) {
      throw ErrnoException.of(EINVAL);
    }
  }
}

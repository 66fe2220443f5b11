package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.jspecify.annotations.Nullable;

/**
 * One rename: the most involved change of the tree, because two directories and two files take part
 * and a directory must not end up below itself.
 *
 * <p>Lock order: the file system's rename lock if there are two directories (so that what is above
 * what does not change meanwhile), the directory that is above the other, else the one with the
 * lower number, and then the two files: directories before others, else the lower number first.
 */
final class Renaming {
  private final Caller caller;
  private final PathWalker from;
  private final PathWalker to;
  private final boolean exchange;
  private final boolean replace;
  private final Dentry fromParent;
  private final Dentry toParent;

  Renaming(Caller caller, PathWalker from, PathWalker to, int flags) {
    this.caller = caller;
    this.from = from;
    this.to = to;
    exchange = (flags & Fcntl.RENAME_EXCHANGE) != 0;
    replace = (flags & Fcntl.RENAME_NOREPLACE) == 0;
    fromParent = from.directory();
    toParent = to.directory();
  }

  void run() {
    FileSystem fileSystem = fromParent.inode().fileSystem();
    if (fileSystem.device() != toParent.inode().fileSystem().device()) {
      throw ErrnoException.of(Errno.EXDEV);
    }
    if (from.kind() != PathWalker.Kind.NAME) {
      throw ErrnoException.of(Errno.EBUSY);
    }
    if (to.kind() != PathWalker.Kind.NAME) {
      throw ErrnoException.of(replace ? Errno.EBUSY : Errno.EEXIST);
    }
    Permissions.checkWritable(fromParent);
    if (fromParent == toParent) {
      withLocks(fromParent, null);
      return;
    }
    fileSystem.renameLock().lock();
    try {
      if (fromParent.isWithin(toParent)) {
        withLocks(toParent, fromParent);
      } else if (toParent.isWithin(fromParent) || isLower(fromParent, toParent)) {
        withLocks(fromParent, toParent);
      } else {
        withLocks(toParent, fromParent);
      }
    } finally {
      fileSystem.renameLock().unlock();
    }
  }

  private static boolean isLower(Dentry one, Dentry other) {
    return one.inode().number() < other.inode().number();
  }

  private void withLocks(Dentry first, @Nullable Dentry second) {
    InodeAccess access = first.inode().access();
    if (!access.enter()) {
      access.run(() -> withLocks(first, second));
      return;
    }
    try {
      if (second == null) {
        runLocked();
      } else {
        withLocks(second, null);
      }
    } finally {
      access.leave();
    }
  }

  private void runLocked() {
    Dentry source = from.lookupHere(from.last());
    if (source == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    Dentry target = to.lookupHere(to.last());
    checkNames(source, target);
    checkTree(source, target);
    if (target != null && source.inode().equals(target.inode())) {
      return;
    }
    checkRights(source, target);
    change(source, target);
  }

  private void checkNames(Dentry source, @Nullable Dentry target) {
    if (!replace && target != null) {
      throw ErrnoException.of(Errno.EEXIST);
    }
    if (exchange) {
      if (target == null) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      if (!target.inode().isDirectory() && to.hasTrailingSlash()) {
        throw ErrnoException.of(Errno.ENOTDIR);
      }
    }
    boolean slash = from.hasTrailingSlash() || (!exchange && to.hasTrailingSlash());
    if (!source.inode().isDirectory() && slash) {
      throw ErrnoException.of(Errno.ENOTDIR);
    }
  }

  /** Neither may be above the other. */
  private void checkTree(Dentry source, @Nullable Dentry target) {
    if (fromParent != toParent) {
      if (source.inode().isDirectory() && toParent.isWithin(source)) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      if (target != null && target.inode().isDirectory() && fromParent.isWithin(target)) {
        throw ErrnoException.of(exchange ? Errno.EINVAL : Errno.ENOTEMPTY);
      }
    }
  }

  private void checkRights(Dentry source, @Nullable Dentry target) {
    Credentials who = caller.credentials();
    boolean sourceIsDirectory = source.inode().isDirectory();
    Permissions.checkDelete(fromParent, source, sourceIsDirectory, who);
    if (target == null) {
      Permissions.checkCreate(toParent, who);
    } else {
      boolean as = exchange ? target.inode().isDirectory() : sourceIsDirectory;
      Permissions.checkDelete(toParent, target, as, who);
    }
    if (fromParent != toParent) {
      checkMovable(source, who);
      if (exchange && target != null) {
        checkMovable(target, who);
      }
    }
  }

  /** A directory that gets another parent has its ".." written. */
  private static void checkMovable(Dentry moved, Credentials who) {
    if (moved.inode().isDirectory()) {
      Permissions.check(moved.inode(), who, Stat.W_OK);
    }
  }

  private void change(Dentry source, @Nullable Dentry target) {
    Inode first = source.inode();
    Inode second = target == null ? first : target.inode();
    if (isBefore(second, first)) {
      Inode lower = second;
      second = first;
      first = lower;
    }
    change(source, target, first, second);
  }

  /** Directories first, because link(2) has a directory when it takes the file. */
  private static boolean isBefore(Inode one, Inode other) {
    return one.isDirectory() == other.isDirectory()
        ? one.number() < other.number()
        : one.isDirectory();
  }

  /** With the two files, which may be one. */
  private void change(Dentry source, @Nullable Dentry target, Inode first, @Nullable Inode second) {
    InodeAccess access = first.access();
    if (!access.enter()) {
      access.run(() -> change(source, target, first, second));
      return;
    }
    try {
      if (second == null) {
        changeLocked(source, target);
      } else {
        change(source, target, second, null);
      }
    } finally {
      access.leave();
    }
  }

  private void changeLocked(Dentry source, @Nullable Dentry target) {
    Directory in = (Directory) fromParent.inode();
    Directory out = (Directory) toParent.inode();
    if (exchange && target != null) {
      in.exchange(source, out, target);
      return;
    }
    if (target != null && target.inode() instanceof Directory replaced && !replaced.isEmpty()) {
      throw ErrnoException.of(Errno.ENOTEMPTY);
    }
    in.rename(source, out, to.last(), target);
  }
}

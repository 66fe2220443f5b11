package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.jspecify.annotations.Nullable;

/**
 * Operations that make and remove names: mkdir(2), mknod(2), symlink(2), link(2), unlink(2),
 * rmdir(2). Renaming is in {@link Renaming}. All checks that do not depend on the file system are
 * here, in the order in which Linux makes them, since programs see which error comes first.
 */
public final class Namespace {
  private Namespace() {}

  /** What makes the new name, once everything has been checked. */
  @FunctionalInterface
  private interface Maker {
    Dentry make(Directory directory, String name);
  }

  /** Makes a directory (mkdir(2)). */
  public static void makeDirectory(Caller caller, Dentry start, String path, int mode) {
    Credentials who = caller.credentials();
    int umask = caller.fs().umask();
    create(
        caller,
        start,
        path,
        true,
        (in, name) ->
            in.makeDirectory(
                name,
                Permissions.modeFor(in, mode & 01777, umask, true, who),
                who.fsuid(),
                Permissions.groupFor(in, who)));
  }

  /**
   * Makes a regular file, device node or the name of a socket (mknod(2)).
   *
   * @param mode type and permissions; type 0 means a regular file
   * @throws ErrnoException EPERM for device nodes if the caller is not root, and for types the file
   *     system does not have
   */
  public static void makeNode(Caller caller, Dentry start, String path, int mode, long device) {
    Credentials who = caller.credentials();
    int umask = caller.fs().umask();
    int type = Stat.type(mode);
    switch (type) {
      case 0, Stat.S_IFREG, Stat.S_IFCHR, Stat.S_IFBLK, Stat.S_IFIFO, Stat.S_IFSOCK -> {}
      case Stat.S_IFDIR -> throw ErrnoException.of(Errno.EPERM);
      default -> throw ErrnoException.of(Errno.EINVAL);
    }
    boolean isDevice = type == Stat.S_IFCHR || type == Stat.S_IFBLK;
    create(
        caller,
        start,
        path,
        false,
        (in, name) -> {
          if (isDevice && !who.overridesFilePermissions()) {
            throw ErrnoException.of(Errno.EPERM);
          }
          int bits = Permissions.modeFor(in, mode, umask, false, who);
          int group = Permissions.groupFor(in, who);
          return type == 0 || type == Stat.S_IFREG
              ? in.create(name, bits, who.fsuid(), group)
              : in.makeNode(name, type | bits, isDevice ? device : 0, who.fsuid(), group);
        });
  }

  /**
   * Makes a symbolic link (symlink(2)).
   *
   * @param target what it leads to; ENOENT if empty
   */
  public static void makeSymlink(Caller caller, String target, Dentry start, String path) {
    if (target.isEmpty()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    Credentials who = caller.credentials();
    create(
        caller,
        start,
        path,
        false,
        (in, name) -> in.makeSymlink(name, target, who.fsuid(), Permissions.groupFor(in, who)));
  }

  /** Gives a file one more name (link(2)). */
  public static void link(Caller caller, Dentry old, Dentry start, String path) {
    Inode inode = old.inode();
    create(
        caller,
        start,
        path,
        false,
        (in, name) -> {
          if (inode.isDirectory()) {
            throw ErrnoException.of(Errno.EPERM);
          }
          return linkLocked(in, name, inode);
        },
        inode);
  }

  /**
   * Who does not own a file may link it only if he may read and write it and it is nothing special
   * (proc_sys_fs(5), protected_hardlinks, which distributions turn on).
   */
  private static void checkLinkable(Inode inode, Credentials who) {
    if (Permissions.ownerOrCapable(inode, who)) {
      return;
    }
    if (!inode.isRegular() || isPrivileged(inode.mode()) || !mayReadAndWrite(inode, who)) {
      throw ErrnoException.of(Errno.EPERM);
    }
  }

  private static boolean isPrivileged(int mode) {
    int group = Stat.S_ISGID | Stat.S_IXGRP;
    return (mode & Stat.S_ISUID) != 0 || (mode & group) == group;
  }

  private static boolean mayReadAndWrite(Inode inode, Credentials who) {
    try {
      Permissions.check(inode, who, Stat.R_OK | Stat.W_OK);
      return true;
    } catch (ErrnoException e) {
      return false;
    }
  }

  private static Dentry linkLocked(Directory in, String name, Inode inode) {
    InodeAccess access = inode.access();
    if (!access.enter()) {
      return access.call(() -> linkLocked(in, name, inode));
    }
    try {
      if (inode.links() == 0 && !inode.isLinkable()) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      if (inode.links() == Integer.MAX_VALUE) {
        throw ErrnoException.of(Errno.EMLINK);
      }
      return in.link(name, inode);
    } finally {
      access.leave();
    }
  }

  private static void create(
      Caller caller, Dentry start, String path, boolean directoryWanted, Maker maker) {
    create(caller, start, path, directoryWanted, maker, null);
  }

  /**
   * Makes a name.
   *
   * @param linked the file that gets it, or null for a new one
   */
  private static void create(
      Caller caller,
      Dentry start,
      String path,
      boolean directoryWanted,
      Maker maker,
      @Nullable Inode linked) {
    PathWalker walker = new PathWalker(caller, start, path, 0);
    walker.walkToParent();
    if (walker.kind() != PathWalker.Kind.NAME) {
      throw ErrnoException.of(Errno.EEXIST);
    }
    create(caller, walker, directoryWanted, maker, linked);
  }

  private static void create(
      Caller caller,
      PathWalker walker,
      boolean directoryWanted,
      Maker maker,
      @Nullable Inode linked) {
    Dentry parent = walker.directory();
    Directory directory = (Directory) parent.inode();
    InodeAccess access = directory.access();
    if (!access.enter()) {
      access.run(() -> create(caller, walker, directoryWanted, maker, linked));
      return;
    }
    try {
      if (parent.isUnlinked()) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      if (walker.lookupHere(walker.last()) != null) {
        throw ErrnoException.of(Errno.EEXIST);
      }
      if (walker.hasTrailingSlash() && !directoryWanted) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      Permissions.checkWritable(parent);
      if (linked != null) {
        if (directory.fileSystem().device() != linked.fileSystem().device()) {
          throw ErrnoException.of(Errno.EXDEV);
        }
        checkLinkable(linked, caller.credentials());
      }
      Permissions.checkCreate(parent, caller.credentials());
      maker.make(directory, walker.last());
    } finally {
      access.leave();
    }
  }

  /** Removes the name of a file that is no directory (unlink(2)). */
  public static void unlink(Caller caller, Dentry start, String path) {
    PathWalker walker = new PathWalker(caller, start, path, 0);
    walker.walkToParent();
    if (walker.kind() != PathWalker.Kind.NAME) {
      throw ErrnoException.of(Errno.EISDIR);
    }
    remove(caller, walker, false);
  }

  /** Removes an empty directory (rmdir(2)). */
  public static void removeDirectory(Caller caller, Dentry start, String path) {
    PathWalker walker = new PathWalker(caller, start, path, 0);
    walker.walkToParent();
    switch (walker.kind()) {
      case DOT -> throw ErrnoException.of(Errno.EINVAL);
      case DOT_DOT -> throw ErrnoException.of(Errno.ENOTEMPTY);
      case ROOT -> throw ErrnoException.of(Errno.EBUSY);
      case NAME -> remove(caller, walker, true);
    }
  }

  private static void remove(Caller caller, PathWalker walker, boolean asDirectory) {
    Dentry parent = walker.directory();
    Directory directory = (Directory) parent.inode();
    Permissions.checkWritable(parent);
    InodeAccess access = directory.access();
    if (!access.enter()) {
      access.run(() -> remove(caller, walker, asDirectory));
      return;
    }
    try {
      Dentry victim = walker.lookupHere(walker.last());
      if (victim == null) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      if (walker.hasTrailingSlash() && !asDirectory) {
        throw ErrnoException.of(victim.inode().isDirectory() ? Errno.EISDIR : Errno.ENOTDIR);
      }
      Permissions.checkDelete(parent, victim, asDirectory, caller.credentials());
      removeLocked(directory, victim, asDirectory);
    } finally {
      access.leave();
    }
  }

  private static void removeLocked(Directory directory, Dentry victim, boolean asDirectory) {
    InodeAccess access = victim.inode().access();
    if (!access.enter()) {
      access.run(() -> removeLocked(directory, victim, asDirectory));
      return;
    }
    try {
      if (!asDirectory) {
        directory.unlink(victim);
      } else if (victim.inode() instanceof Directory emptied && emptied.isEmpty()) {
        directory.removeDirectory(victim);
      } else {
        throw ErrnoException.of(Errno.ENOTEMPTY);
      }
    } finally {
      access.leave();
    }
  }

  /** Renames a file (renameat2(2)). */
  public static void rename(
      Caller caller, Dentry oldStart, String oldPath, Dentry newStart, String newPath, int flags) {
    int known = Fcntl.RENAME_NOREPLACE | Fcntl.RENAME_EXCHANGE;
    if ((flags & ~known) != 0 || flags == known) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    PathWalker from = new PathWalker(caller, oldStart, oldPath, 0);
    from.walkToParent();
    PathWalker to = new PathWalker(caller, newStart, newPath, 0);
    to.walkToParent();
    new Renaming(caller, from, to, flags).run();
  }
}

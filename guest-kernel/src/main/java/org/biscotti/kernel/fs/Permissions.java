package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;

/** Who may do what to a file (path_resolution(7), inode(7)). */
public final class Permissions {
  private Permissions() {}

  /**
   * Checks access to a file.
   *
   * @param wanted R_OK, W_OK, X_OK or a combination
   * @throws ErrnoException EACCES; EROFS for writing to a file on a read-only file system
   */
  public static void check(Inode inode, Credentials who, int wanted) {
    if ((wanted & Stat.W_OK) != 0 && inode.fileSystem().isReadOnly() && isOnDisk(inode)) {
      throw ErrnoException.of(Errno.EROFS);
    }
    if (!allows(inode, who, wanted)) {
      throw ErrnoException.of(Errno.EACCES);
    }
  }

  private static boolean isOnDisk(Inode inode) {
    return inode.isRegular() || inode.isDirectory() || inode.isSymlink();
  }

  private static boolean allows(Inode inode, Credentials who, int wanted) {
    int mode = inode.mode();
    if (who.overridesFilePermissions()) {
      return (wanted & Stat.X_OK) == 0 || inode.isDirectory() || (mode & 0111) != 0;
    }
    int granted;
    if (who.fsuid() == inode.uid()) {
      granted = mode >> 6;
    } else if (who.inGroup(inode.gid())) {
      granted = mode >> 3;
    } else {
      granted = mode;
    }
    return (wanted & ~granted & 7) == 0;
  }

  /** True for the owner of a file and for whoever may do what only an owner may. */
  public static boolean ownerOrCapable(Inode inode, Credentials who) {
    return who.fsuid() == inode.uid() || who.overridesFilePermissions();
  }

  /**
   * Checks that a name may be made in a directory.
   *
   * @throws ErrnoException ENOENT if the directory has been removed; EACCES, EROFS
   */
  static void checkCreate(Dentry directory, Credentials who) {
    checkWritable(directory);
    if (directory.isUnlinked()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    check(directory.inode(), who, Stat.W_OK | Stat.X_OK);
  }

  /**
   * Checks that a name may be removed from a directory, for unlink, rmdir and rename.
   *
   * @param asDirectory true if it has to be a directory, false if it must not be one
   * @throws ErrnoException EACCES, EPERM (sticky directory), EROFS, ENOTDIR, EISDIR, EBUSY
   */
  static void checkDelete(Dentry directory, Dentry victim, boolean asDirectory, Credentials who) {
    checkWritable(directory);
    check(directory.inode(), who, Stat.W_OK | Stat.X_OK);
    if (isStickyFor(directory.inode(), victim.inode(), who)) {
      throw ErrnoException.of(Errno.EPERM);
    }
    if (asDirectory != victim.inode().isDirectory()) {
      throw ErrnoException.of(asDirectory ? Errno.ENOTDIR : Errno.EISDIR);
    }
    if (directory.isUnlinked()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    if (victim.mounted() != null) {
      throw ErrnoException.of(Errno.EBUSY);
    }
  }

  /** Throws EROFS on a read-only file system. */
  static void checkWritable(Dentry dentry) {
    if (dentry.inode().fileSystem().isReadOnly()) {
      throw ErrnoException.of(Errno.EROFS);
    }
  }

  private static boolean isStickyFor(Inode directory, Inode victim, Credentials who) {
    return (directory.mode() & Stat.S_ISVTX) != 0
        && !who.overridesFilePermissions()
        && who.fsuid() != victim.uid()
        && who.fsuid() != directory.uid();
  }

  /** Group of a file made in a directory: the directory's if that has S_ISGID (inode(7)). */
  static int groupFor(Inode directory, Credentials who) {
    return (directory.mode() & Stat.S_ISGID) != 0 ? directory.gid() : who.fsgid();
  }

  /**
   * Permission bits of a file made in a directory.
   *
   * @param mode what was asked for; only permission bits count
   * @param umask bits it does not get
   */
  static int modeFor(Inode directory, int mode, int umask, boolean isDirectory, Credentials who) {
    int bits = mode & Stat.PERMISSIONS & ~umask;
    if ((directory.mode() & Stat.S_ISGID) == 0) {
      return bits;
    }
    if (isDirectory) {
      return bits | Stat.S_ISGID;
    }
    boolean groupExecutes = (bits & (Stat.S_ISGID | Stat.S_IXGRP)) == (Stat.S_ISGID | Stat.S_IXGRP);
    boolean mayKeep = who.overridesFilePermissions() || who.inGroup(directory.gid());
    return groupExecutes && !mayKeep ? bits & ~Stat.S_ISGID : bits;
  }
}

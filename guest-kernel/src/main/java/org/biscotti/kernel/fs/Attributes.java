package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;

/**
 * Changes of what a file is, not of what is in it: chmod(2), chown(2), utimensat(2), and
 * truncate(2) by name, with the rights that each of them needs.
 */
public final class Attributes {
  /** For {@link #setTimes}: take the present time. */
  public static final long NOW = Long.MIN_VALUE;

  /** For {@link #setTimes}: leave the time as it is. */
  public static final long OMIT = Long.MIN_VALUE + 1;

  private Attributes() {}

  /**
   * Sets the permission bits.
   *
   * @throws ErrnoException EPERM unless the caller owns the file; EOPNOTSUPP for a symbolic link
   */
  public static void setPermissions(Dentry dentry, int permissions, Credentials who) {
    Inode inode = dentry.inode();
    if (inode.isSymlink()) {
      throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
    Permissions.checkWritable(dentry);
    InodeAccess access = inode.access();
    if (!access.enter()) {
      access.run(() -> setPermissions(dentry, permissions, who));
      return;
    }
    try {
      if (!Permissions.ownerOrCapable(inode, who)) {
        throw ErrnoException.of(Errno.EPERM);
      }
      boolean mayKeepGroupBit = who.overridesFilePermissions() || who.inGroup(inode.gid());
      inode.setPermissions(mayKeepGroupBit ? permissions : permissions & ~Stat.S_ISGID);
    } finally {
      access.leave();
    }
  }

  /**
   * Sets owner and group.
   *
   * @param uid new owner, -1 to leave it
   * @param gid new group, -1 to leave it
   * @throws ErrnoException EPERM: only root gives files away, owners may choose among their groups
   */
  public static void setOwner(Dentry dentry, int uid, int gid, Credentials who) {
    Permissions.checkWritable(dentry);
    Inode inode = dentry.inode();
    InodeAccess access = inode.access();
    if (!access.enter()) {
      access.run(() -> setOwner(dentry, uid, gid, who));
      return;
    }
    try {
      if (!mayChangeOwner(inode, uid, gid, who)) {
        throw ErrnoException.of(Errno.EPERM);
      }
      int drop = inode.privilegeBits(who);
      if (drop != 0) {
        if (!Permissions.ownerOrCapable(inode, who)) {
          throw ErrnoException.of(Errno.EPERM);
        }
        inode.setPermissions(inode.mode() & ~drop);
      }
      inode.setOwner(uid == -1 ? inode.uid() : uid, gid == -1 ? inode.gid() : gid);
    } finally {
      access.leave();
    }
  }

  private static boolean mayChangeOwner(Inode inode, int uid, int gid, Credentials who) {
    if (who.overridesFilePermissions()) {
      return true;
    }
    boolean owns = who.fsuid() == inode.uid();
    boolean uidAllowed = uid == -1 || (owns && uid == inode.uid());
    boolean gidAllowed = gid == -1 || (owns && (who.inGroup(gid) || gid == inode.gid()));
    return uidAllowed && gidAllowed;
  }

  /**
   * Sets the times of access and modification.
   *
   * @param accessNanos nanoseconds since 1970, {@link #NOW} or {@link #OMIT}
   * @param modifyNanos the same
   * @throws ErrnoException EACCES if both are now and the caller may not even write; EPERM if they
   *     are not and the caller does not own the file
   */
  public static void setTimes(Dentry dentry, long accessNanos, long modifyNanos, Credentials who) {
    if (accessNanos == OMIT && modifyNanos == OMIT) {
      return;
    }
    Permissions.checkWritable(dentry);
    Inode inode = dentry.inode();
    InodeAccess access = inode.access();
    if (!access.enter()) {
      access.run(() -> setTimes(dentry, accessNanos, modifyNanos, who));
      return;
    }
    try {
      if (!Permissions.ownerOrCapable(inode, who)) {
        if (accessNanos != NOW || modifyNanos != NOW) {
          throw ErrnoException.of(Errno.EPERM);
        }
        Permissions.check(inode, who, Stat.W_OK);
      }
      long now = inode.fileSystem().now();
      inode.setTimes(
          choose(accessNanos, now, inode.accessNanos()),
          choose(modifyNanos, now, inode.modifyNanos()));
    } finally {
      access.leave();
    }
  }

  private static long choose(long wanted, long now, long present) {
    if (wanted == NOW) {
      return now;
    }
    return wanted == OMIT ? present : wanted;
  }

  /**
   * Changes the size of a file found by name.
   *
   * @throws ErrnoException EISDIR, EINVAL for other files that are not regular, EACCES, EFBIG
   */
  public static void truncate(Dentry dentry, long size, Caller caller) {
    Inode inode = dentry.inode();
    if (size < 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (!inode.isRegular()) {
      inode.truncate(size, caller.fileSizeLimit());
      return;
    }
    Permissions.checkWritable(dentry);
    Permissions.check(inode, caller.credentials(), Stat.W_OK);
    InodeAccess access = inode.access();
    if (!access.enter()) {
      access.run(() -> truncate(dentry, size, caller));
      return;
    }
    try {
      inode.dropPrivilegeBits(caller.credentials());
      inode.truncate(size, caller.fileSizeLimit());
    } finally {
      access.leave();
    }
  }

  /**
   * Checks access as access(2) does.
   *
   * @param who with the ids that count in the place of the file system ids
   */
  public static void checkAccess(Dentry dentry, int wanted, Credentials who) {
    Inode inode = dentry.inode();
    boolean noExec =
        (wanted & Stat.X_OK) != 0
            && inode.isRegular()
            && (inode.fileSystem().mountFlags() & Stat.ST_NOEXEC) != 0;
    if (noExec) {
      throw ErrnoException.of(Errno.EACCES);
    }
    Permissions.check(inode, who, wanted);
  }
}

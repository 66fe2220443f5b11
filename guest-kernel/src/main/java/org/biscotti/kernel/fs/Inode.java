package org.biscotti.kernel.fs;

import java.util.concurrent.TimeUnit;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.jspecify.annotations.Nullable;

/**
 * A file, apart from its names: type, permissions, owner, times, and what its kind adds.
 *
 * <p>Attributes are changed by whoever has the inode ({@link #access}) and read by anybody. Times
 * are in nanoseconds since 1970.
 */
public abstract class Inode {
  private static final long DAY_NANOS = TimeUnit.DAYS.toNanos(1);

  private final FileSystem fileSystem;
  private final long number;
  private final InodeAccess access;
  private volatile int mode;
  private volatile int uid;
  private volatile int gid;
  private volatile int links = 1;
  private volatile boolean linkable;
  private volatile @Nullable WholeFileLock wholeFileLock;
  private volatile @Nullable RecordLocks recordLocks;
  private volatile long accessNanos;
  private volatile long modifyNanos;
  private volatile long changeNanos;
  private final long birthNanos;

  /**
   * Makes an inode whose four times are now.
   *
   * @param number as in {@code st_ino}
   * @param mode type and permissions as in {@code st_mode}
   */
  protected Inode(FileSystem fileSystem, long number, int mode, int uid, int gid) {
    this.fileSystem = fileSystem;
    this.number = number;
    access = fileSystem.newAccess();
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    birthNanos = fileSystem.now();
    accessNanos = birthNanos;
    modifyNanos = birthNanos;
    changeNanos = birthNanos;
  }

  /**
   * Opens the file. Permissions and the flags that concern the path have been checked.
   *
   * @param dentry the name it is opened by
   * @param flags status flags and access mode as in open(2)
   * @throws ErrnoException ENXIO if nothing serves it; ENOENT if it died in the meantime
   */
  public abstract OpenFile open(Dentry dentry, int flags, Caller caller);

  /** Size in bytes as in {@code st_size}. */
  public long size() {
    return 0;
  }

  /** Space taken, in units of 512 bytes. */
  public long blocks() {
    return 0;
  }

  /** Preferred size of reads and writes in bytes. */
  public long blockSize() {
    return 4096;
  }

  /** Device number of a device node, else 0. */
  public long specialDevice() {
    return 0;
  }

  /** Brings the attributes up to date, where something else than this kernel may change them. */
  protected void revalidate() {}

  /**
   * Notes a user: an open file, a mapping, a lookup that must not see the contents go.
   *
   * @throws ErrnoException ENOENT if the last link and the last user are gone
   */
  public void hold() {}

  /** Ends a {@link #hold}. */
  public void letGo() {}

  /** Changes the size of a regular file (truncate(2)); EINVAL for everything else. */
  public void truncate(long size, long fileSizeLimit) {
    throw ErrnoException.of(isDirectory() ? Errno.EISDIR : Errno.EINVAL);
  }

  public final FileSystem fileSystem() {
    return fileSystem;
  }

  /** {@code st_ino}. */
  public final long number() {
    return number;
  }

  /**
   * How to have the inode, which one must to change attributes and, of a directory, entries. Where
   * a comment says "with the lock held", it means that.
   */
  public final InodeAccess access() {
    return access;
  }

  /** The lock that flock(2) takes. */
  public final WholeFileLock wholeFileLock() {
    WholeFileLock made = wholeFileLock;
    if (made == null) {
      made =
          access.call(() -> {
            WholeFileLock present = wholeFileLock;
            if (present == null) {
              present = new WholeFileLock();
              wholeFileLock = present;
            }
            return present;
          });
    }
    return made;
  }

  /** The locks of parts of the file (fcntl(2)). */
  public final RecordLocks recordLocks() {
    RecordLocks made = recordLocks;
    if (made == null) {
      made =
          access.call(() -> {
            RecordLocks present = recordLocks;
            if (present == null) {
              present = new RecordLocks();
              recordLocks = present;
            }
            return present;
          });
    }
    return made;
  }

  /** Gives up all locks of parts of the file that an owner has. */
  final void dropRecordLocks(Object owner) {
    RecordLocks made = recordLocks;
    if (made != null) {
      made.unlock(owner, 0, Long.MAX_VALUE);
    }
  }

  /** Type and permissions as in {@code st_mode}. */
  public final int mode() {
    return mode;
  }

  /** Type bits of the mode. */
  public final int type() {
    return mode & Stat.S_IFMT;
  }

  public final boolean isDirectory() {
    return type() == Stat.S_IFDIR;
  }

  public final boolean isRegular() {
    return type() == Stat.S_IFREG;
  }

  public final boolean isSymlink() {
    return type() == Stat.S_IFLNK;
  }

  public final int uid() {
    return uid;
  }

  public final int gid() {
    return gid;
  }

  /** Number of names. */
  public final int links() {
    return links;
  }

  public final long accessNanos() {
    return accessNanos;
  }

  public final long modifyNanos() {
    return modifyNanos;
  }

  public final long changeNanos() {
    return changeNanos;
  }

  /** Fills in what stat(2) tells. */
  public final void status(FileStatus into) {
    revalidate();
    into.device = fileSystem.device();
    into.inode = number;
    into.mode = mode;
    into.links = links;
    into.uid = uid;
    into.gid = gid;
    into.specialDevice = specialDevice();
    into.size = size();
    into.blockSize = blockSize();
    into.blocks = blocks();
    into.accessNanos = accessNanos;
    into.modifyNanos = modifyNanos;
    into.changeNanos = changeNanos;
    into.birthNanos = birthNanos;
  }

  /**
   * Sets the permission bits, and the time of change. With the lock held.
   *
   * @throws ErrnoException if the file system does not take it
   */
  public void setPermissions(int permissions) {
    mode = (mode & Stat.S_IFMT) | (permissions & Stat.PERMISSIONS);
    touchChanged(fileSystem.now());
  }

  /** Sets owner and group, and the time of change. With the lock held. */
  public void setOwner(int newUid, int newGid) {
    uid = newUid;
    gid = newGid;
    touchChanged(fileSystem.now());
  }

  /** Sets the times of access and modification, and that of change to now. With the lock held. */
  public void setTimes(long newAccessNanos, long newModifyNanos) {
    accessNanos = newAccessNanos;
    modifyNanos = newModifyNanos;
    touchChanged(fileSystem.now());
  }

  /** Takes over attributes that something else has changed; no time is stamped. */
  protected final void assign(
      int newMode, int newUid, int newGid, int newLinks, long access, long modify, long change) {
    mode = newMode;
    uid = newUid;
    gid = newGid;
    links = newLinks;
    accessNanos = access;
    modifyNanos = modify;
    changeNanos = change;
  }

  /** Adds to the number of links. With the lock held, except before the file is visible. */
  public final void addLinks(int change) {
    int now = links + change;
    links = now;
    if (now == 0) {
      lastLinkGone();
      if (!isRegular()) {
        access.end(); // a regular file has contents for as long as somebody uses it
      }
    }
  }

  /** True if it may get its first name (a file made with O_TMPFILE and without O_EXCL). */
  public final boolean isLinkable() {
    return linkable;
  }

  final void setLinkable(boolean value) {
    linkable = value;
  }

  /** The last name is gone; users there may still be. */
  protected void lastLinkGone() {}

  /** Stamps an access (relatime, mount(8)), unless the mount or the open file says not to. */
  public final void touchAccessed(int openFlags) {
    if ((openFlags & Fcntl.O_NOATIME) != 0
        || (fileSystem.mountFlags() & (Stat.ST_NOATIME | Stat.ST_RDONLY)) != 0) {
      return;
    }
    long access = accessNanos;
    long now = fileSystem.now();
    if (access <= modifyNanos || access <= changeNanos || now - access >= DAY_NANOS) {
      accessNanos = now;
    }
  }

  /** Stamps a change of the contents. */
  public final void touchModified(long now) {
    modifyNanos = now;
    changeNanos = now;
  }

  /** Stamps a change of the attributes. */
  public final void touchChanged(long now) {
    changeNanos = now;
  }

  /**
   * Takes set-user-id and set-group-id away because somebody without the right to keep them wrote
   * to the file (inode(7)). With the lock held.
   */
  public final void dropPrivilegeBits(Credentials who) {
    int drop = who.overridesFilePermissions() ? 0 : privilegeBits(who);
    if (drop != 0) {
      int kept = mode & ~drop;
      mode = kept;
    }
  }

  /**
   * The bits that a change of owner takes away, even when root does it (chown(2)): set-user-id, and
   * set-group-id where it means that and not mandatory locking.
   */
  public final int privilegeBits(Credentials who) {
    int now = mode;
    if (isDirectory()) {
      return 0;
    }
    int drop = now & Stat.S_ISUID;
    boolean mayKeep = who.overridesFilePermissions() || who.inGroup(gid);
    return (now & Stat.S_IXGRP) != 0 || !mayKeep ? drop | (now & Stat.S_ISGID) : drop;
  }
}

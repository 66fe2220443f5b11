package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.jspecify.annotations.Nullable;

/**
 * A directory. A file system implements lookup and listing; one that can be changed implements the
 * rest, too, and leaves permissions, types, emptiness of names and so on to {@link Namespace},
 * which has checked them all under the directory's lock before it calls.
 *
 * <p>Every method that changes something is called with the locks of all directories concerned, and
 * of the file concerned, held. It keeps the link counts, sizes and times of them right.
 */
public abstract class Directory extends Inode {
  private @Nullable Dentry dentry;

  /** Makes a directory inode; {@code mode} has the permission bits. */
  protected Directory(FileSystem fileSystem, long number, int permissions, int uid, int gid) {
    super(fileSystem, number, Stat.S_IFDIR | (permissions & Stat.PERMISSIONS), uid, gid);
  }

  /** Its one name. */
  public final Dentry dentry() {
    Dentry own = dentry;
    if (own == null) {
      throw new IllegalStateException("directory without a name");
    }
    return own;
  }

  /** Gives the directory its name, once, before anybody sees it. */
  public final Dentry named(@Nullable Dentry parent, String name) {
    Dentry own = new Dentry(this, parent, name);
    dentry = own;
    return own;
  }

  /**
   * Finds a name. Called without a lock.
   *
   * @param name not empty, "." or "..", and at most NAME_MAX long
   * @param caller on whose behalf; only /proc needs to know
   * @return the dentry, or null if there is none
   */
  public abstract @Nullable Dentry lookup(String name, Caller caller);

  /**
   * Hands the entries beyond a position to a visitor, in order of position, "." and ".." excluded.
   *
   * @param after position of the last entry seen; 2 (after "..") at the start. Positions that this
   *     directory gives out are greater than 2 and increase.
   */
  public abstract void list(long after, DirectoryVisitor visitor, Caller caller);

  @Override
  public OpenFile open(Dentry name, int flags, Caller caller) {
    return new OpenDirectory(name, flags);
  }

  /**
   * True if it can be removed. With the lock held. Where none ever is, it need not be overridden:
   * {@link #removeDirectory} is what fails.
   */
  public boolean isEmpty() {
    return true;
  }

  /** Makes a regular file and its name; EROFS unless overridden, like all that follow. */
  public Dentry create(String name, int permissions, int uid, int gid) {
    throw ErrnoException.of(Errno.EROFS);
  }

  /** Makes a regular file without a name (O_TMPFILE, open(2)). */
  public Dentry createUnnamed(int permissions, int uid, int gid) {
    throw ErrnoException.of(Errno.EOPNOTSUPP);
  }

  /** Makes a directory. */
  public Dentry makeDirectory(String name, int permissions, int uid, int gid) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Makes a symbolic link. */
  public Dentry makeSymlink(String name, String target, int uid, int gid) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Makes a device node, FIFO or socket; {@code mode} has the type. */
  public Dentry makeNode(String name, int mode, long device, int uid, int gid) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Gives an existing file of this file system one more name. */
  public Dentry link(String name, Inode file) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Removes the name of a file that is no directory. */
  public void unlink(Dentry entry) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Removes an empty directory. */
  public void removeDirectory(Dentry entry) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /**
   * Renames an entry of this directory.
   *
   * @param to where it goes; of this file system, perhaps this directory
   * @param replaced what has that name now and is removed, or null
   */
  public void rename(Dentry entry, Directory to, String toName, @Nullable Dentry replaced) {
    throw ErrnoException.of(Errno.EPERM);
  }

  /** Exchanges two entries (RENAME_EXCHANGE). */
  public void exchange(Dentry entry, Directory to, Dentry other) {
    throw ErrnoException.of(Errno.EINVAL);
  }
}

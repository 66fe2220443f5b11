package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.jspecify.annotations.Nullable;

/** A symbolic link (symlink(7)). */
public abstract class Symlink extends Inode {
  protected Symlink(FileSystem fileSystem, long number, int permissions, int uid, int gid) {
    super(fileSystem, number, Stat.S_IFLNK | (permissions & Stat.PERMISSIONS), uid, gid);
  }

  /** What readlink(2) gives; not empty. */
  public abstract String target(Caller caller);

  /** Reads the link for a program (readlink(2)), which counts as an access. */
  public final String read(Caller caller) {
    touchAccessed(0);
    return target(caller);
  }

  /**
   * Where a magic link (proc(5)) leads, past all names; null for an ordinary link, which leads to
   * its {@link #target}.
   *
   * @throws ErrnoException ENOENT if it leads nowhere now, EACCES if it may not be followed
   */
  public @Nullable Dentry jump(Caller caller) {
    return null;
  }

  @Override
  public OpenFile open(Dentry dentry, int flags, Caller caller) {
    throw ErrnoException.of(Errno.ELOOP);
  }
}

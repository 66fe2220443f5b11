package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;

/**
 * A directory that is open: a position in its list of entries.
 *
 * <p>Positions are what telldir(3) gives: 0 before ".", 1 before "..", 2 before the first entry,
 * and from then on what the directory says. Entries made or removed meanwhile move no other entry's
 * position.
 */
public final class OpenDirectory extends OpenFile {
  private static final long AFTER_DOT = 1;
  private static final long AFTER_DOT_DOT = 2;

  private final RankedLock positionLock = new RankedLock(LockRank.FILE_POSITION);
  private long position;

  /** Opens a directory; see {@link OpenFile#OpenFile}. */
  public OpenDirectory(Dentry dentry, int flags) {
    super(dentry, flags);
  }

  private Directory directory() {
    return (Directory) inode();
  }

  @Override
  public int readDirectory(DirectoryVisitor visitor, Caller caller) {
    positionLock.lock();
    try {
      if (dentry().isUnlinked()) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      Listing listing = new Listing(visitor);
      listing.run(caller);
      inode().touchAccessed(flags());
      return listing.taken == 0 && listing.refused ? -1 : listing.taken;
    } finally {
      positionLock.unlock();
    }
  }

  /** One getdents(2): moves the position behind each entry that is taken. */
  private final class Listing implements DirectoryVisitor {
    private final DirectoryVisitor visitor;
    private int taken;
    private boolean refused;

    private Listing(DirectoryVisitor visitor) {
      this.visitor = visitor;
    }

    private void run(Caller caller) {
      if (position == 0 && !entry(".", inode().number(), Stat.S_IFDIR, AFTER_DOT)) {
        return;
      }
      if (position == AFTER_DOT && !entry("..", parentNumber(), Stat.S_IFDIR, AFTER_DOT_DOT)) {
        return;
      }
      directory().list(position, this, caller);
    }

    private long parentNumber() {
      Dentry above = dentry().above();
      return above == null ? inode().number() : above.inode().number();
    }

    @Override
    public boolean entry(String name, long inode, int mode, long after) {
      if (!visitor.entry(name, inode, mode, after)) {
        refused = true;
        return false;
      }
      taken++;
      position = after;
      return true;
    }
  }

  @Override
  public boolean isSeekable() {
    return true;
  }

  @Override
  public long seek(long offset, int whence) {
    positionLock.lock();
    try {
      long to =
          switch (whence) {
            case Fcntl.SEEK_SET -> offset;
            case Fcntl.SEEK_CUR -> position + offset;
            default -> -1;
          };
      if (to < 0) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      position = to;
      return to;
    } finally {
      positionLock.unlock();
    }
  }

  @Override
  public long position() {
    positionLock.lock();
    try {
      return position;
    } finally {
      positionLock.unlock();
    }
  }

  @Override
  public void sync() {}

  @Override
  public long read(UserBuffer to, Caller caller) {
    throw ErrnoException.of(Errno.EISDIR);
  }

  @Override
  public long readAt(UserBuffer to, long from, Caller caller) {
    throw ErrnoException.of(Errno.EISDIR);
  }

  @Override
  public long write(UserBuffer from, Caller caller) {
    throw ErrnoException.of(Errno.EBADF);
  }

  @Override
  public long writeAt(UserBuffer from, long to, Caller caller) {
    throw ErrnoException.of(Errno.EBADF);
  }
}

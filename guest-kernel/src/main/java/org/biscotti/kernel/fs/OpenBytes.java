package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;

/**
 * An open file whose contents are made by the kernel when it is read (proc(5)): made anew by a read
 * at position 0, the same from there on, so that what is read in several pieces fits together.
 */
public final class OpenBytes extends OpenFile {
  /** Makes the contents. */
  @FunctionalInterface
  public interface Source {
    /** The contents now; the caller does not change them. */
    byte[] get();
  }

  private final Source source;
  private final RankedLock positionLock = new RankedLock(LockRank.FILE_POSITION);
  private byte[] contents = new byte[0];
  private boolean made;
  private long position;

  /** Opens such a file; see {@link OpenFile#OpenFile}. */
  public OpenBytes(Dentry dentry, int flags, Source source) {
    super(dentry, flags);
    this.source = source;
  }

  @Override
  public long read(UserBuffer to, Caller caller) {
    positionLock.lock();
    try {
      long done = copy(to, position);
      position += done;
      return done;
    } finally {
      positionLock.unlock();
    }
  }

  @Override
  public long readAt(UserBuffer to, long from, Caller caller) {
    positionLock.lock();
    try {
      return copy(to, from);
    } finally {
      positionLock.unlock();
    }
  }

  private long copy(UserBuffer to, long from) {
    if (!isReadable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (from == 0 || !made) {
      contents = source.get();
      made = true;
    }
    if (from >= contents.length) {
      return 0;
    }
    int length = (int) Math.min(contents.length - from, to.remaining());
    long done = to.put(contents, (int) from, length);
    if (done == 0 && to.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return done;
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
  public long write(UserBuffer from, Caller caller) {
    throw ErrnoException.of(isWritable() ? Errno.EINVAL : Errno.EBADF);
  }

  @Override
  public long writeAt(UserBuffer from, long to, Caller caller) {
    return write(from, caller);
  }
}

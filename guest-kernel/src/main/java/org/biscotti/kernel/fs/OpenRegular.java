package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.mem.PageSource;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;

/** A regular file that is open: a position in it. */
public class OpenRegular extends OpenFile {
  private final RegularFile file;
  private final RankedLock positionLock = new RankedLock(LockRank.FILE_POSITION);
  private long position;

  /** Opens a file; see {@link OpenFile#OpenFile}. */
  public OpenRegular(RegularFile file, Dentry dentry, int flags) {
    super(dentry, flags);
    this.file = file;
  }

  @Override
  public long read(UserBuffer to, Caller caller) {
    positionLock.lock();
    try {
      long done = readAt(to, position, caller);
      position += done;
      return done;
    } finally {
      positionLock.unlock();
    }
  }

  @Override
  public long readAt(UserBuffer to, long from, Caller caller) {
    if (!isReadable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    long done = file.read(to, from);
    if (done == 0 && to.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    file.touchAccessed(flags());
    return done;
  }

  @Override
  public long write(UserBuffer from, Caller caller) {
    positionLock.lock();
    try {
      long before = from.position();
      position = writeFrom(from, position, caller);
      return from.position() - before;
    } finally {
      positionLock.unlock();
    }
  }

  /** With O_APPEND it appends whatever the position, as Linux does (pwrite(2), BUGS). */
  @Override
  public long writeAt(UserBuffer from, long to, Caller caller) {
    long before = from.position();
    writeFrom(from, to, caller);
    return from.position() - before;
  }

  private long writeFrom(UserBuffer from, long to, Caller caller) {
    if (!isWritable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    return file.write(from, to, (flags() & Fcntl.O_APPEND) != 0, caller);
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
            case Fcntl.SEEK_END -> file.size() + offset;
            case Fcntl.SEEK_DATA -> file.seekSparse(offset, true);
            case Fcntl.SEEK_HOLE -> file.seekSparse(offset, false);
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
  public void truncate(long size, Caller caller) {
    if (size < 0 || !isWritable()) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    InodeAccess access = file.access();
    if (!access.enter()) {
      access.run(() -> truncate(size, caller));
      return;
    }
    try {
      file.dropPrivilegeBits(caller.credentials());
      file.truncate(size, caller.fileSizeLimit());
      file.touchModified(file.fileSystem().now());
    } finally {
      access.leave();
    }
  }

  @Override
  public void allocate(int mode, long offset, long length, Caller caller) {
    if (!isWritable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    switch (mode) {
      case 0, Fcntl.FALLOC_FL_KEEP_SIZE -> file.allocate(offset, length, mode != 0, caller);
      case Fcntl.FALLOC_FL_KEEP_SIZE | Fcntl.FALLOC_FL_PUNCH_HOLE ->
          file.punch(offset, length, caller.credentials());
      default -> throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
  }

  @Override
  public void sync() {
    file.syncContents();
  }

  /** The file behind it. */
  public final RegularFile file() {
    return file;
  }

  @Override
  public PageSource pageSource() {
    file.mappedAs(dentry());
    return file;
  }

  /** The position now, for FIONREAD and /proc/self/fdinfo. */
  @Override
  public long position() {
    positionLock.lock();
    try {
      return position;
    } finally {
      positionLock.unlock();
    }
  }
}

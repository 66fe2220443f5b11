package org.biscotti.kernel.fs;

import java.util.Arrays;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;

/**
 * An open file whose contents are made by the kernel when it is read (proc(5)): made anew by a read
 * at position 0, the same from there on, so that what is read in several pieces fits together.
 *
 * <p>They are kept until the end has been read or the file is closed, and count as the kernel's
 * heap; if that has no room they are made anew by every read.
 */
public final class OpenBytes extends OpenFile {
  /** Makes the contents. */
  @FunctionalInterface
  public interface Source {
    /** The contents now; the caller does not change them. */
    byte[] get();
  }

  /** Takes what is written. */
  @FunctionalInterface
  public interface Sink {
    /**
     * Takes bytes, wherever they were to be written to.
     *
     * @throws ErrnoException EINVAL and the like
     */
    void put(byte[] bytes, Caller caller);
  }

  private static final int WRITTEN_MAX = 4096;

  /** Takes nothing: EINVAL. */
  public static final Sink NOWHERE =
      (bytes, caller) -> {
        throw ErrnoException.of(Errno.EINVAL);
      };

  private static final byte[] NOTHING = {};

  private final Source source;
  private final Sink sink;
  private final RankedLock positionLock = new RankedLock(LockRank.FILE_POSITION);
  private byte[] contents = NOTHING;

  /** They are to be kept, and are charged. */
  private boolean kept;

  private long position;

  /** Opens such a file; see {@link OpenFile#OpenFile}. */
  public OpenBytes(Dentry dentry, int flags, Source source) {
    this(dentry, flags, source, NOWHERE);
  }

  /** Opens one that can be written too. */
  public OpenBytes(Dentry dentry, int flags, Source source, Sink sink) {
    super(dentry, flags);
    this.source = source;
    this.sink = sink;
  }

  @Override
  public long read(UserBuffer to, Caller caller) {
    positionLock.lock();
    try {
      long done = copy(to, position);
      position += done;
      if (done == 0 && to.remaining() > 0) {
        drop();
      }
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
    byte[] now = contents(from == 0);
    if (from >= now.length) {
      return 0;
    }
    int length = (int) Math.min(now.length - from, to.remaining());
    long done = to.put(now, (int) from, length);
    if (done == 0 && to.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return done;
  }

  private byte[] contents(boolean anew) {
    if (kept && !anew) {
      return contents;
    }
    drop();
    byte[] made = source.get();
    if (!isClosed() && KernelMemory.HEAP.tryReserve(Kind.BYTE, made.length)) {
      contents = made;
      kept = true;
    }
    return made;
  }

  private void drop() {
    if (kept) {
      KernelMemory.HEAP.release(Kind.BYTE, contents.length);
      contents = NOTHING;
      kept = false;
    }
  }

  @Override
  protected void closed() {
    positionLock.lock();
    try {
      drop();
    } finally {
      positionLock.unlock();
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
  public long write(UserBuffer from, Caller caller) {
    if (!isWritable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    byte[] bytes = new byte[(int) Math.min(WRITTEN_MAX, from.remaining())];
    int got = (int) from.take(bytes, 0, bytes.length);
    if (got == 0 && from.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    sink.put(Arrays.copyOf(bytes, got), caller);
    return got;
  }

  @Override
  public long writeAt(UserBuffer from, long to, Caller caller) {
    return write(from, caller);
  }
}

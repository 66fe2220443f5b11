package org.biscotti.kernel.fs.dev;

import java.lang.foreign.MemorySegment;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Ioctl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.HostStream;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.RankedLock;
import org.biscotti.kernel.wait.Readiness;

/**
 * An open stream of the host. Reads return what is there, as read(2) does on a terminal or a pipe;
 * writes go on until everything is written.
 *
 * <p>The bytes pass through a buffer of its own: a host call needs memory that stays where it is,
 * and a user page may go at any time.
 */
public final class OpenStream extends OpenFile {
  private static final int BUFFER_BYTES = 64 * 1024;

  /** A pipe takes so much at once or not at all (pipe(7)); a longer write may have to wait. */
  private static final int PIPE_BUF = 4096;

  private final HostStream stream;
  private final boolean seekable;
  private final RankedLock lock = new RankedLock(LockRank.FILE_POSITION);
  private byte[] buffer = new byte[0];

  /** Opens a stream; see {@link OpenFile#OpenFile}. */
  public OpenStream(Dentry dentry, int flags, HostStream stream) {
    super(dentry, flags);
    this.stream = stream;
    seekable = Stat.type(stream.mode()) == Stat.S_IFREG;
  }

  // ---- reading ----

  @Override
  public long read(UserBuffer to, Caller caller) {
    if (!isReadable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (to.remaining() == 0) {
      return 0;
    }
    while (true) {
      long done = readOnce(to);
      if (done >= 0) {
        return done;
      }
      if (isNonBlocking()) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      MustWait.unlessVirtual();
      Readiness.await(stream::awaitReadable);
    }
  }

  /** Reads what is there; -1 if nothing is yet. */
  private long readOnce(UserBuffer to) {
    lock.lock();
    try {
      int got = stream.read(room(to.remaining()));
      return got <= 0 ? got : give(to, got);
    } finally {
      lock.unlock();
    }
  }

  private MemorySegment room(long bytes) {
    int want = (int) Math.min(bytes, BUFFER_BYTES);
    if (buffer.length < want) {
      buffer = new byte[Math.max(want, Math.min(buffer.length * 2, BUFFER_BYTES))];
    }
    return MemorySegment.ofArray(buffer).asSlice(0, want);
  }

  private long give(UserBuffer to, int bytes) {
    long done = to.put(buffer, 0, bytes);
    if (done == 0 && to.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return done;
  }

  @Override
  public long readAt(UserBuffer to, long position, Caller caller) {
    if (!isReadable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (!seekable) {
      throw ErrnoException.of(Errno.ESPIPE);
    }
    if (to.remaining() == 0) {
      return 0;
    }
    lock.lock();
    try {
      int got = stream.readAt(room(to.remaining()), position);
      return got <= 0 ? 0 : give(to, got);
    } finally {
      lock.unlock();
    }
  }

  // ---- writing ----

  @Override
  public long write(UserBuffer from, Caller caller) {
    if (!isWritable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (from.remaining() == 0) {
      return 0;
    }
    boolean mayWait = Thread.currentThread().isVirtual() && !isNonBlocking();
    if (!seekable && !isNonBlocking() && from.remaining() > PIPE_BUF) {
      MustWait.unlessVirtual();
    }
    long done = mayWait ? writeAll(from) : writeNow(from);
    if (done == 0 && from.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return done;
  }

  /** Writes what is taken at once, without waiting. */
  private long writeNow(UserBuffer from) {
    lock.lock();
    try {
      long done = 0;
      while (from.remaining() > 0) {
        room(from.remaining());
        int taken = (int) from.take(buffer, 0, (int) Math.min(from.remaining(), buffer.length));
        int written = taken == 0 ? 0 : writeChunk(buffer, 0, taken, done);
        if (written < 0 && done == 0) {
          return mustWait();
        }
        done += Math.max(written, 0);
        if (taken == 0 || written < taken) {
          break;
        }
      }
      return done;
    } finally {
      lock.unlock();
    }
  }

  private long mustWait() {
    if (isNonBlocking()) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    throw MustWait.INSTANCE;
  }

  /** Writes everything, waiting when the stream is full; no lock is held meanwhile. */
  private long writeAll(UserBuffer from) {
    byte[] chunk = new byte[(int) Math.min(from.remaining(), BUFFER_BYTES)];
    long done = 0;
    while (from.remaining() > 0) {
      int taken = (int) from.take(chunk, 0, (int) Math.min(from.remaining(), chunk.length));
      int written = 0;
      while (written < taken) {
        int now = writeChunk(chunk, written, taken - written, done + written);
        if (now < 0 && !awaitWritable(done + written)) {
          return done + written;
        }
        if (now == 0) {
          return done + written;
        }
        written += Math.max(now, 0);
      }
      done += written;
      if (taken == 0) {
        break;
      }
    }
    return done;
  }

  /**
   * Writes bytes to the stream.
   *
   * @param before what the call has written already; if that is something, an error ends the call
   * @return bytes written, -1 if the stream takes nothing now, 0 to end the call
   */
  private int writeChunk(byte[] from, int offset, int bytes, long before) {
    try {
      return stream.write(MemorySegment.ofArray(from).asSlice(offset, bytes));
    } catch (ErrnoException e) {
      if (before > 0) {
        return 0;
      }
      throw e;
    }
  }

  /** Waits until the stream takes more; false if the call has to end with what it has written. */
  private boolean awaitWritable(long done) {
    try {
      Readiness.await(stream::awaitWritable);
      return true;
    } catch (ErrnoException e) {
      if (done == 0) {
        throw e;
      }
      return false;
    }
  }

  @Override
  public long writeAt(UserBuffer from, long position, Caller caller) {
    throw ErrnoException.of(seekable ? Errno.EINVAL : Errno.ESPIPE);
  }

  // ---- the rest ----

  @Override
  public boolean isSeekable() {
    return seekable;
  }

  @Override
  public long seek(long offset, int whence) {
    return stream.seek(offset, whence);
  }

  @Override
  public long position() {
    return seekable ? stream.seek(0, Fcntl.SEEK_CUR) : 0;
  }

  @Override
  public long ioctl(int request, long argument, UserMemory memory) {
    return switch (request) {
      case Ioctl.TCGETS -> {
        byte[] termios = stream.terminalAttributes();
        memory.copyOutFully(argument, termios, 0, Ioctl.TERMIOS_SIZE);
        yield 0;
      }
      case Ioctl.TIOCGWINSZ -> {
        int size = stream.windowSize();
        memory.setShort(argument, (short) (size >>> 16));
        memory.setShort(argument + 2, (short) size);
        memory.setInt(argument + 4, 0);
        yield 0;
      }
      default -> throw ErrnoException.of(Errno.ENOTTY);
    };
  }

  @Override
  public boolean isWaitable() {
    return !seekable;
  }

  @Override
  public int readyEvents() {
    int events = stream.ready();
    int normal = (events & Poll.POLLIN) != 0 ? Poll.POLLRDNORM : 0;
    return events | normal | ((events & Poll.POLLOUT) != 0 ? Poll.POLLWRNORM : 0);
  }

  @Override
  public void onReady(int events, Runnable then) {
    if ((events & Poll.READABLE) != 0) {
      stream.awaitReadable(then);
    }
    if ((events & Poll.WRITABLE) != 0) {
      stream.awaitWritable(then);
    }
  }
}

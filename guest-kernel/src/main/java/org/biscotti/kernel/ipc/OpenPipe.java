package org.biscotti.kernel.ipc;

import java.util.function.BooleanSupplier;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Ioctl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.SpecialFile;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.WaitQueue;

/** An end of a pipe, or an open FIFO (pipe(7), fifo(7)). */
public final class OpenPipe extends OpenFile {
  private final Pipe pipe;
  private final long writersSeenAtOpen;

  /** Opens an end, or both; see {@link OpenFile#OpenFile}. */
  OpenPipe(Dentry dentry, int flags, Pipe pipe, Credentials who) {
    super(dentry, flags);
    this.pipe = pipe;
    writersSeenAtOpen = pipe.writers() == 0 ? pipe.writersSeen() : pipe.writersSeen() - 1;
    pipe.join(isReadable(), isWritable(), who);
  }

  /**
   * Opens a FIFO. To read it waits for a writer and the other way round, unless O_NONBLOCK is
   * given; to write it then fails with ENXIO if nobody reads.
   */
  public static OpenFile openFifo(Dentry dentry, int flags, Budget budget, Credentials who) {
    if (!(dentry.inode() instanceof SpecialFile node) || node.type() != Stat.S_IFIFO) {
      throw ErrnoException.of(Errno.ENXIO);
    }
    Pipe pipe = node.served(Pipe.class, () -> new Pipe(budget));
    return switch (flags & Fcntl.O_ACCMODE) {
      case Fcntl.O_RDWR -> new OpenPipe(dentry, flags, pipe, who);
      case Fcntl.O_RDONLY -> openToRead(dentry, flags, pipe, who);
      case Fcntl.O_WRONLY -> openToWrite(dentry, flags, pipe, who);
      default -> throw ErrnoException.of(Errno.EINVAL);
    };
  }

  private static boolean waits(int flags) {
    return (flags & Fcntl.O_NONBLOCK) == 0;
  }

  private static OpenFile openToRead(Dentry dentry, int flags, Pipe pipe, Credentials who) {
    if (!waits(flags)) {
      return new OpenPipe(dentry, flags, pipe, who);
    }
    if (pipe.writers() == 0) {
      MustWait.unlessVirtual();
    }
    long seen = pipe.writersSeen();
    OpenPipe opened = new OpenPipe(dentry, flags, pipe, who);
    return opened.met(Poll.POLLIN, () -> pipe.writers() > 0 || pipe.writersSeen() != seen);
  }

  private static OpenFile openToWrite(Dentry dentry, int flags, Pipe pipe, Credentials who) {
    if (pipe.readers() == 0) {
      if (!waits(flags)) {
        throw ErrnoException.of(Errno.ENXIO);
      }
      MustWait.unlessVirtual();
    }
    long seen = pipe.readersSeen();
    OpenPipe opened = new OpenPipe(dentry, flags, pipe, who);
    return opened.met(Poll.POLLOUT, () -> pipe.readers() > 0 || pipe.readersSeen() != seen);
  }

  /** Waits for the other side of a FIFO, however short it stays. */
  private OpenPipe met(int events, BooleanSupplier partner) {
    try {
      // On a vCPU's thread the partner was there before; if it has gone since, so be it.
      if (Thread.currentThread().isVirtual()) {
        pipe.queue().await(events, partner, Long.MAX_VALUE);
      }
      return this;
    } catch (RuntimeException e) {
      release();
      throw e;
    }
  }

  /** The pipe behind it. */
  Pipe pipe() {
    return pipe;
  }

  @Override
  protected void closed() {
    pipe.leave(isReadable(), isWritable());
  }

  @Override
  public long read(UserBuffer to, Caller caller) {
    return read(to, !isNonBlocking());
  }

  /**
   * Reads as read(2) does.
   *
   * @param waits false to fail with EAGAIN instead of waiting
   */
  public long read(UserBuffer to, boolean waits) {
    if (!isReadable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (to.remaining() == 0) {
      return 0;
    }
    while (true) {
      long done = pipe.read(to);
      if (done != Pipe.WOULD_WAIT) {
        return done;
      }
      checkMayWait(waits);
      pipe.queue().await(Poll.POLLIN, pipe::gives, Long.MAX_VALUE);
    }
  }

  private static void checkMayWait(boolean waits) {
    if (!waits) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    MustWait.unlessVirtual();
  }

  @Override
  public long write(UserBuffer from, Caller caller) {
    return write(from, !isNonBlocking());
  }

  /**
   * Writes as write(2) does.
   *
   * @param waits false to write what there is room for, and fail with EAGAIN if there is none
   */
  public long write(UserBuffer from, boolean waits) {
    if (!isWritable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (from.remaining() == 0) {
      return 0;
    }
    boolean whole = waits && !Thread.currentThread().isVirtual();
    long done = 0;
    try {
      while (from.remaining() > 0 && !from.faulted()) {
        long moved = pipe.write(from, whole);
        if (moved == Pipe.WOULD_WAIT) {
          if (done > 0 && !waits) {
            break;
          }
          checkMayWait(waits);
          long left = from.remaining();
          pipe.queue().await(Poll.POLLOUT, () -> pipe.takes(left), Long.MAX_VALUE);
        } else {
          done += moved;
        }
      }
    } catch (ErrnoException failure) {
      // Also EINTR and EPIPE: what has been written counts.
      if (done == 0) {
        throw failure;
      }
    }
    return done;
  }

  // ---- splice(2) and tee(2) ----

  /**
   * Moves or copies bytes to another pipe.
   *
   * @param consume false to leave them in this one, too
   * @param waits false to fail with EAGAIN instead of waiting
   * @return how many; 0 at the end of this pipe
   */
  public long transfer(OpenPipe to, long bytes, boolean consume, boolean waits) {
    while (true) {
      long moved = pipe.transfer(to.pipe, bytes, consume);
      if (moved != Pipe.WOULD_WAIT) {
        return moved;
      }
      checkMayWait(waits);
      if (pipe.gives()) {
        to.pipe.queue().await(Poll.POLLOUT, () -> to.pipe.takes(1), Long.MAX_VALUE);
      } else {
        pipe.queue().await(Poll.POLLIN, pipe::gives, Long.MAX_VALUE);
      }
    }
  }

  /**
   * Waits until there is room.
   *
   * @return how much, in bytes
   * @throws ErrnoException EPIPE, EAGAIN
   */
  public long awaitRoom(boolean waits) {
    while (true) {
      long room = pipe.room();
      if (room > 0) {
        return room;
      }
      checkMayWait(waits);
      pipe.queue().await(Poll.POLLOUT, () -> pipe.takes(1), Long.MAX_VALUE);
    }
  }

  /** Puts bytes in whatever the capacity: there was room for them before they were fetched. */
  public void append(byte[] bytes, int count) {
    pipe.add(bytes, 0, count, false);
  }

  /** Puts bytes back that were read and could not be used. */
  public void putBack(byte[] bytes, int from, int count) {
    pipe.add(bytes, from, count, true);
  }

  /** True if the other is an end of the same pipe. */
  public boolean isSamePipe(OpenPipe other) {
    return pipe.equals(other.pipe);
  }

  @Override
  public int readyEvents() {
    return (isReadable() ? pipe.readEvents(writersSeenAtOpen) : 0)
        | (isWritable() ? pipe.writeEvents() : 0);
  }

  @Override
  public WaitQueue waitQueue() {
    return pipe.queue();
  }

  @Override
  public long ioctl(int request, long argument, UserMemory memory) {
    if (request != Ioctl.FIONREAD) {
      throw ErrnoException.of(Errno.ENOTTY);
    }
    memory.setInt(argument, pipe.count());
    return 0;
  }

  /** The capacity in bytes (F_GETPIPE_SZ). */
  public int capacity() {
    return pipe.capacity();
  }

  /** Sets the capacity (F_SETPIPE_SZ) and returns what it became. */
  public int setCapacity(long bytes, Caller caller) {
    return pipe.setCapacity(bytes, caller.credentials());
  }
}

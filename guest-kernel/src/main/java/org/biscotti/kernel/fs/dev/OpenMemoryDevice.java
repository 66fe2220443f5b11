package org.biscotti.kernel.fs.dev;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.port.HostRandom;
import org.biscotti.kernel.wait.LongWork;
import org.biscotti.kernel.wait.MustWait;

/** An open /dev/null, zero, full, random or urandom (null(4), full(4), random(4)). */
final class OpenMemoryDevice extends OpenFile {
  /** The devices. */
  enum Kind {
    NULL,
    ZERO,
    FULL,
    RANDOM
  }

  private static final int CHUNK = 4096;

  /** Who moves more than this has to be told of signals; zeroes are moved so many at a time. */
  private static final int LOOK_BYTES = 1 << 20;

  private final Kind kind;

  OpenMemoryDevice(Dentry dentry, int flags, Kind kind) {
    super(dentry, flags);
    this.kind = kind;
  }

  @Override
  public long read(UserBuffer to, Caller caller) {
    if (!isReadable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    long done =
        switch (kind) {
          case NULL -> 0;
          case ZERO, FULL -> putZeroes(to);
          case RANDOM -> putRandom(to);
        };
    if (done == 0 && to.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return done;
  }

  /** Only a thread of the call's own is told of signals. */
  private static void leaveVcpuForMuch(UserBuffer buffer) {
    if (buffer.remaining() > LOOK_BYTES) {
      MustWait.unlessVirtual();
    }
  }

  private static boolean mustStop(long done) {
    return done > 0 && LongWork.mustStop();
  }

  private static long putZeroes(UserBuffer to) {
    leaveVcpuForMuch(to);
    long done = 0;
    while (to.remaining() > 0 && !to.faulted() && !mustStop(done)) {
      done += to.putZeroes(Math.min(LOOK_BYTES, to.remaining()));
    }
    return done;
  }

  private static long putRandom(UserBuffer to) {
    leaveVcpuForMuch(to);
    byte[] chunk = new byte[(int) Math.min(CHUNK, to.remaining())];
    long done = 0;
    while (to.remaining() > 0 && !mustStop(done)) {
      int want = (int) Math.min(chunk.length, to.remaining());
      HostRandom.SOURCE.nextBytes(chunk, want);
      long moved = to.put(chunk, 0, want);
      done += moved;
      if (moved < want) {
        break;
      }
    }
    return done;
  }

  @Override
  public long readAt(UserBuffer to, long position, Caller caller) {
    return read(to, caller);
  }

  /** Nothing is kept, and what is written is not even looked at. */
  @Override
  public long write(UserBuffer from, Caller caller) {
    if (!isWritable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (kind == Kind.FULL && from.remaining() > 0) {
      throw ErrnoException.of(Errno.ENOSPC);
    }
    return kind == Kind.RANDOM ? takeEntropy(from) : from.skip(from.remaining());
  }

  /** The host's generator needs none of it; a bad pointer is an error all the same. */
  private static long takeEntropy(UserBuffer from) {
    leaveVcpuForMuch(from);
    byte[] chunk = new byte[(int) Math.min(CHUNK, from.remaining())];
    long done = 0;
    while (from.remaining() > 0 && !from.faulted() && !mustStop(done)) {
      done += from.take(chunk, 0, (int) Math.min(chunk.length, from.remaining()));
    }
    if (done == 0 && from.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return done;
  }

  @Override
  public long writeAt(UserBuffer from, long position, Caller caller) {
    return write(from, caller);
  }

  @Override
  public boolean isSeekable() {
    return true;
  }

  /** null, zero and full stay at 0 (null_lseek); the random devices take no notice either. */
  @Override
  public long seek(long offset, int whence) {
    if (whence < 0 || whence > Fcntl.SEEK_HOLE) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return 0;
  }

  @Override
  public int readyEvents() {
    return Poll.ALWAYS;
  }
}

package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Fcntl.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.ipc.OpenPipe;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.wait.MustWait;

/** Moving bytes into and out of pipes without a buffer of the program's: splice(2), tee(2). */
final class SpliceCalls {
  private static final int SPLICE_F_NONBLOCK = 2;
  private static final int FLAGS = 15;
  private static final int CHUNK = 64 << 10;

  private SpliceCalls() {}

  private static boolean waits(OpenFile pipe, long flags) {
    return (flags & SPLICE_F_NONBLOCK) == 0 && !pipe.isNonBlocking();
  }

  static long splice(
      Task t, long in, long inOffset, long out, long outOffset, long length, long flags) {
    if (length == 0) {
      return 0;
    }
    Paths.checkFlags(flags, FLAGS);
    OpenFile from = t.files().get((int) in);
    OpenFile to = t.files().get((int) out);
    if (!from.isReadable() || !to.isWritable()) {
      throw ErrnoException.of(EBADF);
    }
    long bytes = Math.min(length & Long.MAX_VALUE, MAX_RW_COUNT);
    if (from instanceof OpenPipe source) {
      requireNone(inOffset);
      if (to instanceof OpenPipe target) {
        requireNone(outOffset);
        return betweenPipes(source, target, bytes, true, flags);
      }
      return fromPipe(t, source, to, outOffset, bytes, flags);
    }
    if (to instanceof OpenPipe target) {
      requireNone(outOffset);
      return toPipe(t, from, inOffset, target, bytes, flags);
    }
    throw ErrnoException.of(EINVAL);
  }

  /** A pipe has no positions. */
  private static void requireNone(long offset) {
    if (offset != 0) {
      throw ErrnoException.of(ESPIPE);
    }
  }

  private static long betweenPipes(
      OpenPipe from, OpenPipe to, long bytes, boolean consume, long flags) {
    if (from.isSamePipe(to)) {
      throw ErrnoException.of(EINVAL);
    }
    return from.transfer(to, bytes, consume, waits(from, flags) && waits(to, flags));
  }

  /** Where in a file: at a place that the program keeps, or at the file's own position. */
  private static long position(Task t, OpenFile file, long offset) {
    if (offset == 0) {
      return file.isSeekable() ? file.position() : 0;
    }
    if (!file.isSeekable()) {
      throw ErrnoException.of(EINVAL);
    }
    long position = t.memory().getLong(offset);
    if (position < 0) {
      throw ErrnoException.of(EINVAL);
    }
    return position;
  }

  private static void moveOn(Task t, OpenFile file, long offset, long position) {
    if (offset != 0) {
      t.memory().setLong(offset, position);
    } else if (file.isSeekable()) {
      file.seek(position, SEEK_SET);
    }
  }

  private static long toPipe(
      Task t, OpenFile from, long offset, OpenPipe to, long bytes, long flags) {
    long position = position(t, from, offset);
    long done = 0;
    try {
      while (done < bytes) {
        boolean waits = done == 0 && waits(to, flags);
        int want = (int) Math.min(Math.min(bytes - done, CHUNK), to.awaitRoom(waits));
        int got = fetch(t, from, position + done, to, want);
        done += got;
        if (got < want) {
          break;
        }
      }
    } catch (ErrnoException | MustWait stopped) {
      if (done == 0) {
        throw stopped;
      }
    }
    if (done > 0) {
      moveOn(t, from, offset, position + done);
    }
    return done;
  }

  private static int fetch(Task t, OpenFile from, long position, OpenPipe to, int bytes) {
    byte[] chunk = new byte[bytes];
    UserBuffer buffer = t.buffer();
    buffer.resetKernel(t.memory(), chunk, bytes);
    int got = (int) (from.isSeekable() ? from.readAt(buffer, position, t) : from.read(buffer, t));
    if (got > 0) {
      to.append(chunk, got);
    }
    return got;
  }

  private static long fromPipe(
      Task t, OpenPipe from, OpenFile to, long offset, long bytes, long flags) {
    if ((to.flags() & O_APPEND) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    long position = position(t, to, offset);
    long done = 0;
    try {
      while (done < bytes) {
        int want = (int) Math.min(bytes - done, CHUNK);
        boolean waits = done == 0 && waits(from, flags);
        int put = store(t, from, to, position + done, want, waits);
        done += put;
        if (put == 0) {
          break;
        }
      }
    } catch (ErrnoException | MustWait stopped) {
      if (done == 0) {
        throw stopped;
      }
    }
    if (done > 0) {
      moveOn(t, to, offset, position + done);
    }
    return done;
  }

  /** Takes bytes out of a pipe and writes them; what the file does not take goes back. */
  private static int store(
      Task t, OpenPipe from, OpenFile to, long position, int bytes, boolean waits) {
    byte[] chunk = new byte[bytes];
    UserBuffer buffer = t.buffer();
    buffer.resetKernel(t.memory(), chunk, bytes);
    int got = (int) from.read(buffer, waits);
    if (got == 0) {
      return 0;
    }
    int put = 0;
    try {
      buffer.resetKernel(t.memory(), chunk, got);
      put = (int) (to.isSeekable() ? to.writeAt(buffer, position, t) : to.write(buffer, t));
    } finally {
      if (put < got) {
        from.putBack(chunk, put, got - put);
      }
    }
    return put;
  }

  static long tee(Task t, long in, long out, long length, long flags, long e, long f) {
    Paths.checkFlags(flags, FLAGS);
    if (length == 0) {
      return 0;
    }
    OpenFile from = t.files().get((int) in);
    OpenFile to = t.files().get((int) out);
    if (!from.isReadable() || !to.isWritable()) {
      throw ErrnoException.of(EBADF);
    }
    if (!(from instanceof OpenPipe source) || !(to instanceof OpenPipe target)) {
      throw ErrnoException.of(EINVAL);
    }
    long bytes = Math.min(length & Long.MAX_VALUE, MAX_RW_COUNT);
    return betweenPipes(source, target, bytes, false, flags);
  }

  /** vmsplice(2): as writev(2) to the writing end, as readv(2) from the other. */
  static long vmsplice(Task t, long fd, long vector, long count, long flags, long e, long f) {
    Paths.checkFlags(flags, FLAGS);
    if (!(t.files().get((int) fd) instanceof OpenPipe pipe)) {
      throw ErrnoException.of(EBADF);
    }
    t.buffer().resetVector(t.memory(), vector, count);
    if (t.buffer().remaining() == 0) {
      return 0;
    }
    boolean waits = waits(pipe, flags);
    return pipe.isWritable() ? pipe.write(t.buffer(), waits) : pipe.read(t.buffer(), waits);
  }
}

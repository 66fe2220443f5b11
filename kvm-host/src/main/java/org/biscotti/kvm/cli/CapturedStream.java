package org.biscotti.kvm.cli;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.port.HostStream;

/**
 * A pipe from a program in the guest to the command that started it: what the program writes is
 * kept up to a limit, and there is nothing to read.
 */
final class CapturedStream implements HostStream {
  private static final int PERMISSIONS = 0600;

  private final ReentrantLock lock = new ReentrantLock();
  private final int bytesMax;

  @GuardedBy("lock")
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  /**
   * Makes a stream.
   *
   * @param bytesMax how much is kept; a write beyond it fails with ENOSPC
   */
  CapturedStream(int bytesMax) {
    this.bytesMax = bytesMax;
  }

  /** What has been written so far. */
  String text() {
    lock.lock();
    try {
      return written.toString(StandardCharsets.UTF_8);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int mode() {
    return Stat.S_IFIFO | PERMISSIONS;
  }

  @Override
  public boolean isTerminal() {
    return false;
  }

  @Override
  public long size() {
    return 0;
  }

  @Override
  public int read(MemorySegment to) {
    return 0;
  }

  @Override
  public int write(MemorySegment from) {
    lock.lock();
    try {
      long count = Math.min(from.byteSize(), bytesMax - written.size());
      if (count == 0 && from.byteSize() > 0) {
        throw ErrnoException.of(Errno.ENOSPC);
      }
      written.writeBytes(from.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE));
      return (int) count;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int readAt(MemorySegment to, long offset) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  @Override
  public long seek(long offset, int whence) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  @Override
  public int ready() {
    return Poll.POLLIN | Poll.POLLOUT;
  }

  @Override
  public void awaitReadable(Runnable then) {
    then.run();
  }

  @Override
  public void awaitWritable(Runnable then) {
    then.run();
  }

  @Override
  public byte[] terminalAttributes() {
    throw ErrnoException.of(Errno.ENOTTY);
  }

  @Override
  public int windowSize() {
    throw ErrnoException.of(Errno.ENOTTY);
  }
}

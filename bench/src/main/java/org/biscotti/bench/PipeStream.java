package org.biscotti.bench;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostStream;

/**
 * A pipe between a thread of ours and a program in the guest, in either direction. Our side waits
 * ({@link #send}, {@link #receive}); the guest's side, the {@link HostStream}, never does.
 */
final class PipeStream implements HostStream {
  private static final int CAPACITY = 4096;

  /** A named pipe that its owner may read and write (inode(7)). */
  private static final int MODE = 0010600;

  // Events of poll(2).
  private static final int POLLIN = 0x1;
  private static final int POLLOUT = 0x4;
  private static final int POLLHUP = 0x10;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final byte[] bytes = new byte[CAPACITY];

  /** How many bytes are there, from index 0 on. */
  @GuardedBy("lock")
  private int count;

  @GuardedBy("lock")
  private boolean ended;

  @GuardedBy("lock")
  private List<Runnable> waiting = new ArrayList<>();

  /**
   * Gives bytes to the guest, and waits until there is room for them.
   *
   * @throws EOFException if the pipe has been closed
   */
  void send(byte[] from) throws IOException {
    List<Runnable> wake;
    lock.lock();
    try {
      while (!ended && from.length > CAPACITY - count) {
        changed.awaitUninterruptibly();
      }
      if (ended) {
        throw new EOFException();
      }
      System.arraycopy(from, 0, bytes, count, from.length);
      count += from.length;
      wake = takeWaiting();
    } finally {
      lock.unlock();
    }
    wake.forEach(Runnable::run);
  }

  /**
   * Waits for so many bytes of the guest.
   *
   * @throws EOFException if the pipe is closed before they are there
   */
  void receive(byte[] to) throws IOException {
    List<Runnable> wake;
    lock.lock();
    try {
      while (!ended && count < to.length) {
        changed.awaitUninterruptibly();
      }
      if (count < to.length) {
        throw new EOFException();
      }
      take(MemorySegment.ofArray(to));
      wake = takeWaiting();
    } finally {
      lock.unlock();
    }
    wake.forEach(Runnable::run);
  }

  /** Ends the stream: what is in it can still be read. */
  void close() {
    List<Runnable> wake;
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
      wake = takeWaiting();
    } finally {
      lock.unlock();
    }
    wake.forEach(Runnable::run);
  }

  /** What is in the pipe now, as ISO 8859-1. */
  String text() {
    lock.lock();
    try {
      return new String(bytes, 0, count, StandardCharsets.ISO_8859_1);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private List<Runnable> takeWaiting() {
    List<Runnable> taken = waiting;
    waiting = new ArrayList<>();
    return taken;
  }

  /** Moves the first bytes out. */
  @GuardedBy("lock")
  private void take(MemorySegment to) {
    int taken = (int) to.byteSize();
    MemorySegment.copy(bytes, 0, to, ValueLayout.JAVA_BYTE, 0, taken);
    System.arraycopy(bytes, taken, bytes, 0, count - taken);
    count -= taken;
    changed.signalAll();
  }

  @Override
  public int read(MemorySegment to) {
    lock.lock();
    try {
      int taken = (int) Math.min(to.byteSize(), count);
      if (taken == 0 && !ended && to.byteSize() != 0) {
        return -1;
      }
      take(to.asSlice(0, taken));
      return taken;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int write(MemorySegment from) {
    lock.lock();
    try {
      if (ended) {
        throw ErrnoException.of(Errno.EPIPE);
      }
      int taken = (int) Math.min(from.byteSize(), CAPACITY - count);
      if (taken == 0 && from.byteSize() != 0) {
        return -1;
      }
      MemorySegment.copy(from, ValueLayout.JAVA_BYTE, 0, bytes, count, taken);
      count += taken;
      changed.signalAll();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void awaitReadable(Runnable then) {
    await(POLLIN | POLLHUP, then);
  }

  @Override
  public void awaitWritable(Runnable then) {
    await(POLLOUT | POLLHUP, then);
  }

  private void await(int events, Runnable then) {
    lock.lock();
    try {
      if ((ready() & events) == 0) {
        waiting.add(then);
        return;
      }
    } finally {
      lock.unlock();
    }
    then.run();
  }

  @Override
  public int ready() {
    lock.lock();
    try {
      return (count > 0 ? POLLIN : 0)
          | (count < CAPACITY && !ended ? POLLOUT : 0)
          | (ended ? POLLHUP : 0);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int mode() {
    return MODE;
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
  public int readAt(MemorySegment to, long offset) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  @Override
  public long seek(long offset, int whence) {
    throw ErrnoException.of(Errno.ESPIPE);
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

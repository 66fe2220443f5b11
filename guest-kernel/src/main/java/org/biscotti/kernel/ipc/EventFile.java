package org.biscotti.kernel.ipc;

import java.util.concurrent.atomic.AtomicLong;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.WaitQueue;

/** A counter that is added to by writing and taken from by reading (eventfd(2)). */
final class EventFile extends OpenFile {
  /** The counter stays below this, which is unsigned. */
  private static final long FULL = -1;

  private final boolean semaphore;
  private final AtomicLong counter;
  private final WaitQueue queue = new WaitQueue();

  EventFile(Dentry dentry, int flags, long initial, boolean semaphore) {
    super(dentry, flags | Fcntl.O_RDWR);
    this.semaphore = semaphore;
    counter = new AtomicLong(initial);
  }

  /** Reads eight bytes: the counter, or one as from a semaphore; waits while it is zero. */
  @Override
  public long read(UserBuffer to, Caller caller) {
    if (to.remaining() < Long.BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    long value = take();
    while (value == 0) {
      checkMayWait();
      queue.await(Poll.POLLIN, () -> counter.get() != 0, Long.MAX_VALUE);
      value = take();
    }
    queue.wake(Poll.POLLOUT);
    return Numbers.put(to, value);
  }

  /** What a read gets; 0 if there is nothing. */
  private long take() {
    while (true) {
      long now = counter.get();
      long taken = semaphore ? 1 : now;
      if (now == 0 || counter.compareAndSet(now, now - taken)) {
        return now == 0 ? 0 : taken;
      }
    }
  }

  private void checkMayWait() {
    if (isNonBlocking()) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    MustWait.unlessVirtual();
  }

  /** Adds eight bytes' number to the counter; waits while the sum is too large. */
  @Override
  public long write(UserBuffer from, Caller caller) {
    if (from.remaining() < Long.BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    long value = Numbers.take(from);
    if (value == FULL) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    while (!add(value)) {
      checkMayWait();
      queue.await(Poll.POLLOUT, () -> fits(counter.get(), value), Long.MAX_VALUE);
    }
    queue.wake(Poll.POLLIN);
    return Long.BYTES;
  }

  private static boolean fits(long now, long value) {
    return Long.compareUnsigned(FULL - now, value) > 0;
  }

  private boolean add(long value) {
    while (true) {
      long now = counter.get();
      if (!fits(now, value)) {
        return false;
      }
      if (counter.compareAndSet(now, now + value)) {
        return true;
      }
    }
  }

  /** There is no position, and asking for one is no error (as everywhere in anon_inodefs). */
  @Override
  public long seek(long offset, int whence) {
    return 0;
  }

  @Override
  public int readyEvents() {
    long now = counter.get();
    return (now != 0 ? Poll.POLLIN : 0) | (fits(now, 1) ? Poll.POLLOUT : 0);
  }

  @Override
  public WaitQueue waitQueue() {
    return queue;
  }
}

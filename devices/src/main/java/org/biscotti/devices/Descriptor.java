package org.biscotti.devices;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicInteger;
import org.biscotti.devices.ffi.OpenCalls;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;

/**
 * An open descriptor of the host that is closed exactly once, and never while a call uses it:
 * otherwise its number could be given to another file in the middle of that call.
 *
 * <p>Closing it is the owner's duty; a cleaner does it for an owner that was lost.
 */
final class Descriptor implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  private final State state;
  private final Cleaner.Cleanable cleanable;
  private final Use use = new Use();

  /** Takes ownership of a descriptor number. */
  Descriptor(int fd) {
    this(fd, () -> {});
  }

  /**
   * Takes ownership of a descriptor number.
   *
   * @param afterwards run once when it has been closed; must not lead back to this object
   */
  Descriptor(int fd, Runnable afterwards) {
    this.state = new State(fd, afterwards);
    this.cleanable = CLEANER.register(this, state);
  }

  /**
   * Keeps the descriptor open until the result is closed.
   *
   * @throws ErrnoException EBADF if it has been closed
   */
  Use use() {
    if (!state.acquire()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    return use;
  }

  /** Closes it now, or when its last user is done. */
  @Override
  public void close() {
    cleanable.clean();
  }

  /** One use of the descriptor; one object serves all uses. */
  final class Use implements AutoCloseable {
    int fd() {
      return state.fd;
    }

    @Override
    public void close() {
      state.release();
    }
  }

  /** What the cleaner holds: the number, how many use it, and whether it is to be closed. */
  private static final class State implements Runnable {
    private static final int CLOSED = 1 << 31;

    private final int fd;
    private final Runnable afterwards;
    private final AtomicInteger users = new AtomicInteger();

    State(int fd, Runnable afterwards) {
      this.fd = fd;
      this.afterwards = afterwards;
    }

    boolean acquire() {
      int now = users.get();
      while ((now & CLOSED) == 0) {
        int seen = users.compareAndExchange(now, now + 1);
        if (seen == now) {
          return true;
        }
        now = seen;
      }
      return false;
    }

    void release() {
      if (users.decrementAndGet() == CLOSED) {
        closeNow();
      }
    }

    @Override
    public void run() {
      if (users.getAndUpdate(now -> now | CLOSED) == 0) {
        closeNow();
      }
    }

    private void closeNow() {
      // Whatever the result, the number is free; errors of earlier writes were reported by them.
      var _ = OpenCalls.close(fd);
      afterwards.run();
    }
  }
}

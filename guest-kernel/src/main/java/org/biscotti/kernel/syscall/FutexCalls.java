package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.task.FutexTable;
import org.biscotti.kernel.task.Task;

/** Waiting for a word of memory: futex(2). */
final class FutexCalls {
  private static final int FUTEX_WAIT = 0;
  private static final int FUTEX_WAKE = 1;
  private static final int FUTEX_WAIT_BITSET = 9;
  private static final int FUTEX_WAKE_BITSET = 10;
  private static final int FUTEX_PRIVATE_FLAG = 128;
  private static final int FUTEX_CLOCK_REALTIME = 256;
  private static final int ALL_BITS = -1;

  private FutexCalls() {}

  static long futex(
      Task t, long address, long operation, long value, long timeout, long address2, long bits) {
    int command = (int) operation & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    return switch (command) {
      case FUTEX_WAIT -> await(t, address, operation, (int) value, timeout, ALL_BITS, false);
      case FUTEX_WAIT_BITSET ->
          await(t, address, operation, (int) value, timeout, (int) bits, true);
      case FUTEX_WAKE -> wake(t, address, operation, (int) value, ALL_BITS);
      case FUTEX_WAKE_BITSET -> wake(t, address, operation, (int) value, (int) bits);
      default -> {
        t.kernel().log().once("futex operation " + command + " is not there: ENOSYS");
        throw ErrnoException.of(ENOSYS);
      }
    };
  }

  /** FUTEX_WAIT's timeout is relative, FUTEX_WAIT_BITSET's is absolute. */
  private static long await(
      Task t, long address, long operation, int value, long timeout, int bits, boolean absolute) {
    if (bits == 0) {
      throw ErrnoException.of(EINVAL);
    }
    long left = Long.MAX_VALUE;
    if (timeout != 0) {
      long nanos = TimeCalls.getTimespec(t.memory(), timeout);
      boolean realtime = (operation & FUTEX_CLOCK_REALTIME) != 0;
      long now =
          !absolute
              ? 0
              : realtime ? t.kernel().clock().realtimeNanos() : t.kernel().clock().monotonicNanos();
      left = nanos - now;
    }
    long deadline = t.signalState().deadline(left);
    FutexTable.Key key = key(t, address, operation);
    t.kernel()
        .futexes()
        .await(key, () -> t.memory().getIntVolatile(address), value, bits, deadline);
    return 0;
  }

  private static long wake(Task t, long address, long operation, int count, int bits) {
    if (bits == 0) {
      throw ErrnoException.of(EINVAL);
    }
    return t.kernel().futexes().wake(key(t, address, operation), Math.max(count, 1), bits);
  }

  private static FutexTable.Key key(Task t, long address, long operation) {
    if ((address & 3) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    if ((operation & FUTEX_PRIVATE_FLAG) != 0) {
      return new FutexTable.Key(t.process(), address);
    }
    return new FutexTable.Key(null, t.memory().translate(address, false));
  }
}

package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.AddressSpace.FutexWord;
import org.biscotti.kernel.mem.Layout;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.task.FutexTable;
import org.biscotti.kernel.task.Task;

/** Waiting for a word of memory: futex(2). */
final class FutexCalls {
  private static final int FUTEX_WAIT = 0;
  private static final int FUTEX_WAKE = 1;
  private static final int FUTEX_REQUEUE = 3;
  private static final int FUTEX_CMP_REQUEUE = 4;
  private static final int FUTEX_WAKE_OP = 5;
  private static final int FUTEX_WAIT_BITSET = 9;
  private static final int FUTEX_WAKE_BITSET = 10;
  private static final int FUTEX_PRIVATE_FLAG = 128;
  private static final int FUTEX_CLOCK_REALTIME = 256;
  private static final int ALL_BITS = -1;

  private static final int FUTEX_OP_SHIFT = 8;
  private static final int OP_SET = 0;
  private static final int OP_ADD = 1;
  private static final int OP_OR = 2;
  private static final int OP_ANDN = 3;
  private static final int OP_XOR = 4;
  private static final int CMP_GE = 5;

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
      case FUTEX_REQUEUE -> requeue(t, address, operation, value, timeout, address2, false, 0);
      case FUTEX_CMP_REQUEUE ->
          requeue(t, address, operation, value, timeout, address2, true, (int) bits);
      case FUTEX_WAKE_OP ->
          wakeOperation(t, address, operation, value, timeout, address2, (int) bits);
      default -> {
        t.kernel().log().missing("futex operation " + command);
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
    FutexWord key = key(t, address, operation);
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

  private static long requeue(
      Task t,
      long address,
      long operation,
      long wake,
      long move,
      long address2,
      boolean compares,
      int expected) {
    if ((int) wake < 0 || (int) move < 0) {
      throw ErrnoException.of(EINVAL);
    }
    FutexWord from = key(t, address, operation);
    FutexWord to = key(t, address2, operation);
    FutexTable.Word word = compares ? () -> t.memory().getIntVolatile(address) : null;
    return t.kernel().futexes().requeue(from, (int) wake, to, (int) move, word, expected);
  }

  /** FUTEX_WAKE_OP: the sixth argument packs an operation, a comparison and their operands. */
  private static long wakeOperation(
      Task t, long address, long operation, long wake, long wake2, long address2, int packed) {
    FutexWord first = key(t, address, operation);
    FutexWord second = key(t, address2, operation);
    int kind = packed >>> 28 & 7;
    int operand = packed << 8 >> 20;
    if ((packed >>> 28 & FUTEX_OP_SHIFT) != 0) {
      operand = 1 << operand;
    }
    int comparison = packed >>> 24 & 15;
    int against = packed << 20 >> 20;
    if (kind > OP_XOR || comparison > CMP_GE) {
      throw ErrnoException.of(ENOSYS);
    }
    int by = operand;
    t.memory().translate(address2, true); // may take long, which is no matter here
    return t.kernel()
        .futexes()
        .wakeOperation(
            first,
            Math.max((int) wake, 1),
            second,
            Math.max((int) wake2, 1),
            () -> compare(comparison, exchange(t.memory(), address2, kind, by), against));
  }

  /** Changes a word and returns what it was. */
  private static int exchange(UserMemory memory, long address, int kind, int operand) {
    while (true) {
      int old = memory.getIntVolatile(address);
      int changed =
          switch (kind) {
            case OP_SET -> operand;
            case OP_ADD -> old + operand;
            case OP_OR -> old | operand;
            case OP_ANDN -> old & ~operand;
            default -> old ^ operand;
          };
      if (memory.compareAndSetInt(address, old, changed)) {
        return old;
      }
    }
  }

  private static boolean compare(int comparison, int value, int against) {
    return switch (comparison) {
      case 0 -> value == against;
      case 1 -> value != against;
      case 2 -> value < against;
      case 3 -> value <= against;
      case 4 -> value > against;
      default -> value >= against;
    };
  }

  private static FutexWord key(Task t, long address, long operation) {
    if ((address & 3) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    if (Long.compareUnsigned(address, Layout.USER_END) >= 0) {
      throw ErrnoException.of(EFAULT);
    }
    return t.space().futexWord(address, (operation & FUTEX_PRIVATE_FLAG) == 0);
  }
}

package org.biscotti.kernel.ipc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.UserBuffer;

/** Numbers as programs read and write them: eight bytes, least significant first. */
final class Numbers {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private Numbers() {}

  /** Gives the user a number; EFAULT. */
  static long put(UserBuffer to, long value) {
    byte[] bytes = new byte[Long.BYTES];
    LONG.set(bytes, 0, value);
    if (to.put(bytes, 0, Long.BYTES) < Long.BYTES) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return Long.BYTES;
  }

  /** Takes a number from the user; EFAULT. */
  static long take(UserBuffer from) {
    byte[] bytes = new byte[Long.BYTES];
    if (from.take(bytes, 0, Long.BYTES) < Long.BYTES) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return (long) LONG.get(bytes, 0);
  }
}

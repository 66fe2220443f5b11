package org.biscotti.devices.ffi;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Terminals: ioctl_tty(2). */
public final class TerminalCalls {
  /** Bytes of the kernel's {@code struct termios}, which is not the C library's. */
  public static final int TERMIOS_BYTES = 36;

  static final long TCGETS = 0x5401;
  static final long TCSETSW = 0x5403;
  static final long TIOCGWINSZ = 0x5413;
  static final long ROWS = 0;
  static final long COLUMNS = 2;

  // int ioctl(int fd, unsigned long op, void *argument)
  private static final MethodHandle IOCTL = CLibrary.function("ioctl");

  private TerminalCalls() {}

  /**
   * Terminal attributes (TCGETS).
   *
   * @param into receives {@link #TERMIOS_BYTES} bytes
   * @return 0 or -errno, -ENOTTY for what is no terminal
   */
  public static int attributes(int fd, byte[] into) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment buffer = scratch.first();
      int result = CLibrary.intCall(IOCTL, scratch, fd, TCGETS, buffer.address());
      if (result == 0) {
        MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, into, 0, TERMIOS_BYTES);
      }
      return result;
    }
  }

  /**
   * Sets terminal attributes once what was written has been shown (TCSETSW).
   *
   * @param from {@link #TERMIOS_BYTES} bytes
   * @return 0 or -errno
   */
  public static int setAttributes(int fd, byte[] from) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment buffer = scratch.first();
      MemorySegment.copy(from, 0, buffer, ValueLayout.JAVA_BYTE, 0, TERMIOS_BYTES);
      return CLibrary.intCall(IOCTL, scratch, fd, TCSETSW, buffer.address());
    }
  }

  /** Window size (TIOCGWINSZ): rows in bits 16 to 31, columns in bits 0 to 15; or -errno. */
  public static long windowSize(int fd) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment buffer = scratch.first();
      int result = CLibrary.intCall(IOCTL, scratch, fd, TIOCGWINSZ, buffer.address());
      if (result < 0) {
        return result;
      }
      long rows = Short.toUnsignedLong(buffer.get(ValueLayout.JAVA_SHORT, ROWS));
      return rows << 16 | Short.toUnsignedLong(buffer.get(ValueLayout.JAVA_SHORT, COLUMNS));
    }
  }
}

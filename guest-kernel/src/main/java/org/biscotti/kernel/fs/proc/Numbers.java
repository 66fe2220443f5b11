package org.biscotti.kernel.fs.proc;

/** Names that are numbers, and inode numbers made of numbers. */
final class Numbers {
  private static final int PID_SHIFT = 32;
  private static final int DIGITS_MAX = 9;

  private Numbers() {}

  /** The value of a decimal number without leading zeroes, or -1 if the name is none. */
  static int parse(String name) {
    int length = name.length();
    if (length == 0 || length > DIGITS_MAX || (name.charAt(0) == '0' && length > 1)) {
      return -1;
    }
    int value = 0;
    for (int i = 0; i < length; i++) {
      int digit = name.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      value = value * 10 + digit;
    }
    return value;
  }

  /**
   * Inode number of something below a process's directory: always the same for the same thing, and
   * different from those of the fixed files, which are small.
   */
  static long inode(int pid, long what) {
    return ((pid + 1L) << PID_SHIFT) + what;
  }
}

package org.biscotti.kernel.fs.dev;

import org.biscotti.kernel.abi.Stat;

/** Device numbers as Linux assigns them (devices.txt of the kernel's documentation). */
final class DeviceNumbers {
  static final long NULL = Stat.device(1, 3);
  static final long ZERO = Stat.device(1, 5);
  static final long FULL = Stat.device(1, 7);
  static final long RANDOM = Stat.device(1, 8);
  static final long URANDOM = Stat.device(1, 9);
  static final long TTY = Stat.device(5, 0);
  static final long CONSOLE = Stat.device(5, 1);

  private DeviceNumbers() {}
}

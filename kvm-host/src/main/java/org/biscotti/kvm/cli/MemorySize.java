package org.biscotti.kvm.cli;

import java.util.Locale;
import org.biscotti.kvm.MachineOptions;

/** Sizes of memory as users write them: 512M, 1G, 16GiB; every unit is a power of two. */
final class MemorySize {
  /** Above this, page numbers no longer fit KVM's memory slots (KVM_MEM_MAX_NR_PAGES). */
  private static final long MAX = 4L << 40;

  private static final long PAGE = 4096;

  private MemorySize() {}

  /** Reads the size of guest memory; as {@link #parse(String, long, long)}. */
  static long parse(String text) {
    return parse(text, MachineOptions.MEMORY_MIN, MAX);
  }

  /**
   * Reads a size.
   *
   * @param min least number of bytes
   * @param max greatest number of bytes
   * @return bytes, a multiple of the page size
   * @throws IllegalArgumentException with a message that names what is wrong and what would be
   *     right
   */
  static long parse(String text, long min, long max) {
    int digits = 0;
    while (digits < text.length() && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') {
      digits++;
    }
    int shift = shiftOf(text.substring(digits).toUpperCase(Locale.ROOT));
    if (digits == 0 || shift < 0) {
      throw new IllegalArgumentException("'" + text + "' is not a size: write 512M, 1G or 16GiB");
    }
    long number = digits > 18 ? Long.MAX_VALUE : Long.parseLong(text.substring(0, digits));
    if (number > max >> shift) {
      throw new IllegalArgumentException(text + " is too much: at most " + format(max));
    }
    long bytes = number << shift;
    if (bytes < min) {
      throw new IllegalArgumentException(text + " is too little: at least " + format(min));
    }
    if (bytes % PAGE != 0) {
      throw new IllegalArgumentException(text + " is no multiple of a page's 4096 bytes");
    }
    return bytes;
  }

  /** Binary logarithm of a unit, or -1. */
  private static int shiftOf(String unit) {
    return switch (unit) {
      case "", "B" -> 0;
      case "K", "KB", "KIB" -> 10;
      case "M", "MB", "MIB" -> 20;
      case "G", "GB", "GIB" -> 30;
      case "T", "TB", "TIB" -> 40;
      default -> -1;
    };
  }

  /** For example {@code "1 GiB"} or {@code "1536 MiB"}. */
  static String format(long bytes) {
    String[] units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    long number = bytes;
    while (unit < units.length - 1 && number != 0 && number % 1024 == 0) {
      number /= 1024;
      unit++;
    }
    return number + " " + units[unit];
  }
}

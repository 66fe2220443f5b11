package org.biscotti.kernel.mem;

import org.biscotti.kernel.abi.Mman;
import org.jspecify.annotations.Nullable;

/** The lines of /proc/pid/maps (proc_pid_maps(5)), in the columns that Linux uses. */
final class MapsFormat {
  /** Column of the name, from 0. */
  private static final int NAME_COLUMN = 73;

  private MapsFormat() {}

  /**
   * Appends the line of an area.
   *
   * @param name what is special about it, null to show the path of what is mapped
   */
  static void append(StringBuilder to, Vma vma, @Nullable String name) {
    PageSource source = vma.source;
    int lineStart = to.length();
    appendHex(to, vma.start, 8);
    to.append('-');
    appendHex(to, vma.end, 8);
    to.append(' ')
        .append((vma.prot & Mman.PROT_READ) != 0 ? 'r' : '-')
        .append(vma.writable() ? 'w' : '-')
        .append(vma.executable() ? 'x' : '-')
        .append(vma.shared ? 's' : 'p')
        .append(' ');
    appendHex(to, source == null ? 0 : vma.pageOffset << 12, 8);
    long device = source == null ? 0 : source.device();
    to.append(' ');
    appendHex(to, major(device), 2);
    to.append(':');
    appendHex(to, minor(device), 2);
    to.append(' ').append(source == null ? 0 : source.inodeNumber()).append(' ');
    String shown = name != null || source == null ? name : source.pathForMaps();
    if (shown != null) {
      while (to.length() - lineStart < NAME_COLUMN) {
        to.append(' ');
      }
      to.append(shown.replace("\n", "\\012"));
    }
    to.append('\n');
  }

  private static void appendHex(StringBuilder to, long value, int widthMin) {
    String digits = Long.toHexString(value);
    to.repeat('0', Math.max(0, widthMin - digits.length())).append(digits);
  }

  private static long major(long device) {
    return (device >>> 8 & 0xfff) | (device >>> 32 & ~0xfffL);
  }

  private static long minor(long device) {
    return (device & 0xff) | (device >>> 12 & 0xffff_ff00L);
  }
}

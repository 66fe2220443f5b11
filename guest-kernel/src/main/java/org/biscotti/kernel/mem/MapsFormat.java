package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import org.biscotti.kernel.abi.Mman;
import org.jspecify.annotations.Nullable;

/**
 * The lines of /proc/pid/maps, smaps and smaps_rollup (proc_pid_maps(5), proc_pid_smaps(5)), in the
 * columns that Linux uses.
 */
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

  /** Appends what smaps has of an area, after its line. */
  static void appendDetails(StringBuilder to, Vma vma, PageCensus pages) {
    PageCensus.line(to, "Size", vma.end - vma.start);
    PageCensus.line(to, "KernelPageSize", PAGE_SIZE);
    PageCensus.line(to, "MMUPageSize", PAGE_SIZE);
    pages.append(to);
    to.append("THPeligible:           0\nVmFlags:");
    flag(to, "rd", (vma.prot & Mman.PROT_READ) != 0);
    flag(to, "wr", vma.writable());
    flag(to, "ex", vma.executable());
    flag(to, "sh", vma.shared);
    flag(to, "mr", true);
    flag(to, "mw", vma.mayWrite);
    flag(to, "me", true);
    flag(to, "ms", vma.shared);
    flag(to, "gd", vma.has(Vma.GROWS_DOWN));
    flag(to, "lo", vma.has(Vma.LOCKED));
    flag(to, "sr", vma.has(Vma.SEQUENTIAL));
    flag(to, "rr", vma.has(Vma.RANDOM));
    flag(to, "dc", vma.has(Vma.DONT_FORK));
    flag(to, "nr", vma.has(Vma.NO_RESERVE));
    flag(to, "wf", vma.has(Vma.WIPE_ON_FORK));
    flag(to, "dd", vma.has(Vma.DONT_DUMP));
    flag(to, "hg", vma.has(Vma.HUGE_PAGE));
    flag(to, "nh", vma.has(Vma.NO_HUGE_PAGE));
    flag(to, "mg", vma.has(Vma.MERGEABLE));
    to.append(" \n");
  }

  private static void flag(StringBuilder to, String name, boolean set) {
    if (set) {
      to.append(' ').append(name);
    }
  }

  /** Appends all of smaps_rollup, of areas from one address to another. */
  static void appendRollup(StringBuilder to, long start, long end, PageCensus pages) {
    int lineStart = to.length();
    appendHex(to, start, 8);
    to.append('-');
    appendHex(to, end, 8);
    to.append(" ---p 00000000 00:00 0 ");
    to.repeat(' ', Math.max(0, NAME_COLUMN - (to.length() - lineStart))).append("[rollup]\n");
    pages.append(to);
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

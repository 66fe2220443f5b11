package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

/**
 * What the pages of an area are, as /proc/pid/smaps has it (proc_pid_smaps(5)). Every page that is
 * there counts as referenced, because pages are mapped as accessed.
 */
final class PageCensus {
  private static final int PROPORTIONAL_SHIFT = 12;
  private static final int NAME_COLUMNS = 16;
  private static final int NUMBER_COLUMNS = 8;

  private long privateClean;
  private long privateDirty;
  private long sharedClean;
  private long sharedDirty;
  private long anonymous;

  /** Bytes, each page's divided by how often it is mapped, with 12 binary places. */
  private long proportional;

  private long proportionalDirty;
  private long proportionalLocked;

  /**
   * Counts a page.
   *
   * @param ofNoFile whether it belongs to no file
   * @param dirty whether it has been written, as far as is known
   * @param mappings how often it is mapped, at least once
   */
  void count(boolean ofNoFile, boolean dirty, int mappings) {
    long share = ((long) PAGE_SIZE << PROPORTIONAL_SHIFT) / mappings;
    proportional += share;
    proportionalDirty += dirty ? share : 0;
    anonymous += ofNoFile ? PAGE_SIZE : 0;
    if (mappings > 1) {
      sharedDirty += dirty ? PAGE_SIZE : 0;
      sharedClean += dirty ? 0 : PAGE_SIZE;
    } else {
      privateDirty += dirty ? PAGE_SIZE : 0;
      privateClean += dirty ? 0 : PAGE_SIZE;
    }
  }

  /** What has been counted is locked (mlock(2)). */
  void lock() {
    proportionalLocked = proportional;
  }

  void add(PageCensus other) {
    privateClean += other.privateClean;
    privateDirty += other.privateDirty;
    sharedClean += other.sharedClean;
    sharedDirty += other.sharedDirty;
    anonymous += other.anonymous;
    proportional += other.proportional;
    proportionalDirty += other.proportionalDirty;
    proportionalLocked += other.proportionalLocked;
  }

  /** Appends the lines from Rss to Locked. */
  void append(StringBuilder to) {
    long resident = privateClean + privateDirty + sharedClean + sharedDirty;
    line(to, "Rss", resident);
    line(to, "Pss", proportional >> PROPORTIONAL_SHIFT);
    line(to, "Pss_Dirty", proportionalDirty >> PROPORTIONAL_SHIFT);
    line(to, "Shared_Clean", sharedClean);
    line(to, "Shared_Dirty", sharedDirty);
    line(to, "Private_Clean", privateClean);
    line(to, "Private_Dirty", privateDirty);
    line(to, "Referenced", resident);
    line(to, "Anonymous", anonymous);
    for (String none :
        new String[] {
          "KSM",
          "LazyFree",
          "AnonHugePages",
          "ShmemPmdMapped",
          "FilePmdMapped",
          "Shared_Hugetlb",
          "Private_Hugetlb",
          "Swap",
          "SwapPss"
        }) {
      line(to, none, 0);
    }
    line(to, "Locked", proportionalLocked >> PROPORTIONAL_SHIFT);
  }

  /** Appends a line with a size. */
  static void line(StringBuilder to, String name, long bytes) {
    String number = Long.toString(bytes >> 10);
    to.append(name).append(':');
    to.repeat(' ', NAME_COLUMNS - name.length() - 1);
    to.repeat(' ', Math.max(0, NUMBER_COLUMNS - number.length()));
    to.append(number).append(" kB\n");
  }
}

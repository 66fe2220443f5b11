package org.biscotti.kernel.mem;

import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.KernelArea;

/**
 * The layout of every address space; guest-virtual addresses and sizes in bytes.
 *
 * <p>Programs own PML4 slots 0 to 254 from 64 KiB up. Slot 255 belongs to the kernel. The layout is
 * not randomised.
 */
public final class Layout {
  /** Lowest address a program can map, as vm.mmap_min_addr. */
  public static final long USER_MIN = 0x10000L;

  /** End, exclusive, of what a program can map: the start of PML4 slot 255. */
  public static final long USER_END = KernelArea.START;

  /**
   * End, exclusive, of the addresses that pass for pointers at all ({@code TASK_SIZE_MAX}). A range
   * that goes beyond is EFAULT before anything is copied; between {@link #USER_END} and here
   * nothing is mapped.
   */
  public static final long POINTER_END = 0x7fff_ffff_f000L;

  /** End, exclusive, of the initial stack; the page above it stays unmapped. */
  public static final long STACK_TOP = USER_END - GuestMemory.PAGE_SIZE;

  /** Default limit of the initial stack (RLIMIT_STACK), 8 MiB. */
  public static final long STACK_LIMIT_DEFAULT = 8L << 20;

  /** What always stays free below a growing stack (stack_guard_gap), 256 pages. */
  public static final long STACK_GUARD_GAP = 256L * GuestMemory.PAGE_SIZE;

  /** The smallest distance from the top of the stack to {@link #mmapBase}, 128 MiB. */
  public static final long MMAP_GAP_MIN = 128L << 20;

  /** The largest distance from the top of the stack to {@link #mmapBase}: five sixths of all. */
  public static final long MMAP_GAP_MAX = USER_END / 6 * 5;

  /** Start of the upwards search that follows when nothing is free below {@link #mmapBase}. */
  public static final long MMAP_BOTTOM_UP = (USER_END / 3) & -GuestMemory.PAGE_SIZE;

  /** Where a position-independent executable goes. */
  public static final long PIE_BASE = 0x5555_5555_4000L;

  /** Range for MAP_32BIT: the second gigabyte. */
  public static final long LOW_START = 0x4000_0000L;

  /** End, exclusive, of the range for MAP_32BIT. */
  public static final long LOW_END = 0x8000_0000L;

  /** vm.max_map_count. */
  public static final int MAP_COUNT_MAX = 65530;

  private Layout() {}

  /** The part of an unsigned end of a range that areas can reach. */
  static long userEnd(long end) {
    return Long.compareUnsigned(end, USER_END) > 0 ? USER_END : end;
  }

  /**
   * Where mappings grow down from ({@code mm->mmap_base}): below the largest stack there can be.
   *
   * @param stackLimit RLIMIT_STACK in bytes, unsigned
   */
  public static long mmapBase(long stackLimit) {
    long gap = stackLimit;
    if (Long.compareUnsigned(gap, MMAP_GAP_MAX) > 0) {
      gap = MMAP_GAP_MAX;
    }
    gap = Math.max(gap + STACK_GUARD_GAP, MMAP_GAP_MIN);
    return (STACK_TOP - gap) & -GuestMemory.PAGE_SIZE;
  }
}

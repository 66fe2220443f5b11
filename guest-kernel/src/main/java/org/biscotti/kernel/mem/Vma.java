package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;

import org.biscotti.kernel.abi.Mman;
import org.jspecify.annotations.Nullable;

/**
 * A virtual memory area: a range of addresses with one protection and one thing that is mapped.
 *
 * <p>Also a node of {@link VmaTree}, so that a process with its 65,530 areas costs one object each.
 * Guarded by the lock of the address space. Whoever changes {@link #start}, {@link #end} or {@link
 * #flags} takes the area out of the tree first.
 */
final class Vma {
  /** Grows downwards when touched below (MAP_GROWSDOWN). */
  static final int GROWS_DOWN = 1;

  /** Not counted against overcommit (MAP_NORESERVE). */
  static final int NO_RESERVE = 1 << 1;

  /** What madvise(2) can set; each keeps areas from being merged, as in Linux. */
  static final int RANDOM = 1 << 2;

  static final int SEQUENTIAL = 1 << 3;
  static final int DONT_FORK = 1 << 4;
  static final int WIPE_ON_FORK = 1 << 5;
  static final int DONT_DUMP = 1 << 6;
  static final int HUGE_PAGE = 1 << 7;
  static final int NO_HUGE_PAGE = 1 << 8;
  static final int MERGEABLE = 1 << 9;

  /** The kernel's own trampolines ({@link CallSites}); never merged with what is the program's. */
  static final int TRAMPOLINES = 1 << 10;

  /**
   * A private mapping of a file that its program trusts nobody to write meanwhile (MAP_DENYWRITE,
   * as the dynamic linker maps libraries): pages may be copied before they are written.
   */
  static final int DENY_WRITE = 1 << 11;

  /** Counts against RLIMIT_MEMLOCK ({@link MemoryLocks}). */
  static final int LOCKED = 1 << 12;

  /** The same, and its pages are not brought in ahead of their use (MLOCK_ONFAULT). */
  static final int LOCKED_ON_FAULT = 1 << 13;

  static final int LOCKS = LOCKED | LOCKED_ON_FAULT;

  /** First address. */
  long start;

  /** End, exclusive. */
  long end;

  /** PROT_READ, PROT_WRITE, PROT_EXEC. */
  int prot;

  int flags;

  /** MAP_SHARED: writes go to the object. */
  final boolean shared;

  /** False for a shared mapping of a file that is open for reading only. */
  final boolean mayWrite;

  /** What is mapped; null for private anonymous memory. */
  final @Nullable PageSource source;

  /** Page number in {@link #source} that {@link #start} maps. */
  long pageOffset;

  /** The pages that the last fault mapped, and how many it may map around the next. */
  private long aroundStart;

  private long aroundEnd;
  private int window;

  // The tree's.
  @Nullable Vma left;
  @Nullable Vma right;
  int priority;

  /** Where this subtree starts, the guard gap of a growing area included. */
  long subtreeStart;

  long subtreeEnd;

  /** The largest gap between neighbours in this subtree, in bytes. */
  long subtreeGap;

  Vma(
      long start,
      long end,
      int prot,
      int flags,
      boolean shared,
      boolean mayWrite,
      @Nullable PageSource source,
      long pageOffset) {
    this.start = start;
    this.end = end;
    this.prot = prot;
    this.flags = flags;
    this.shared = shared;
    this.mayWrite = mayWrite;
    this.source = source;
    this.pageOffset = pageOffset;
  }

  /** A part of this area, or the same thing mapped somewhere else. */
  Vma alike(long newStart, long newEnd, long newPageOffset) {
    return new Vma(newStart, newEnd, prot, flags, shared, mayWrite, source, newPageOffset);
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  boolean writable() {
    return (prot & Mman.PROT_WRITE) != 0;
  }

  boolean executable() {
    return (prot & Mman.PROT_EXEC) != 0;
  }

  long pages() {
    return (end - start) >>> PAGE_SHIFT;
  }

  /** Where nothing else may be placed from: the start, or the guard gap below a stack. */
  long gapStart() {
    return has(GROWS_DOWN) ? Math.max(0, start - Layout.STACK_GUARD_GAP) : start;
  }

  /** Page number in {@link #source} of an address in this area. */
  long pageIndex(long gva) {
    return pageOffset + ((gva - start) >>> PAGE_SHIFT);
  }

  /** Counts as data (RLIMIT_DATA): private, writable, no stack. */
  boolean isData() {
    return writable() && !shared && !has(GROWS_DOWN);
  }

  /** Memory that is promised when it is mapped; its sum is checked against what there is. */
  boolean isAccountable() {
    boolean promised = shared ? source instanceof SharedMemory : writable();
    return promised && !has(NO_RESERVE);
  }

  /** True if the next area continues this one in every respect. */
  @SuppressWarnings("ReferenceEquality") // the very object, whatever its class thinks of equality
  boolean continuesIn(Vma next) {
    return end == next.start
        && prot == next.prot
        && flags == next.flags
        && shared == next.shared
        && mayWrite == next.mayWrite
        && source == next.source
        && (source == null || pageIndex(end) == next.pageOffset);
  }

  /**
   * How many pages, a power of two, the fault on a page may map: twice as many as the last time if
   * it is where that ended, else so many as are given.
   */
  int windowFor(long page, int first, MemoryPolicy policy) {
    return windowFor(page, first, 1, policy);
  }

  /** The same, and pages so near to where that ended are as good as the one that follows. */
  int windowFor(long page, int first, int near, MemoryPolicy policy) {
    if (has(RANDOM)) {
      return 1;
    }
    long distance = page < aroundStart ? aroundStart - page : page - aroundEnd + (1 << PAGE_SHIFT);
    boolean follows = distance > 0 && distance <= (long) near << PAGE_SHIFT;
    window = follows ? Math.min(window * 2, policy.populateMaxPages()) : first;
    return window;
  }

  /** Notes what a fault mapped. */
  void mappedAround(long from, long to) {
    aroundStart = from;
    aroundEnd = to;
  }
}

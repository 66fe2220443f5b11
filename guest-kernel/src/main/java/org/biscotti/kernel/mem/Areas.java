package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.util.function.Consumer;
import java.util.function.Predicate;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.jspecify.annotations.Nullable;

/**
 * The areas of one address space: placing, splitting and merging them, and the limits on their sum
 * (getrlimit(2): RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK; vm.max_map_count).
 *
 * <p>All addresses and lengths that come in here are page-aligned and lie below {@link
 * Layout#USER_END}. Guarded by the lock of the address space.
 */
final class Areas {
  private static final long UNLIMITED = -1;

  /** Areas for which room is taken together; more than any call adds. */
  private static final int RESERVED_AT_ONCE = 64;

  private final VmaTree tree = new VmaTree();
  private final FrameAllocator frames;
  private final Pager pager;
  private final MappingListener owner;

  private long mmapBase = Layout.mmapBase(Layout.STACK_LIMIT_DEFAULT);

  /** Areas that there is room for on the kernel's heap. */
  private int reserved;

  private long addressSpaceLimit = UNLIMITED;
  private long dataLimit = UNLIMITED;
  private long stackLimit = Layout.STACK_LIMIT_DEFAULT;
  private long lockLimit = UNLIMITED;

  /** What new areas have of {@link Vma#LOCKS}. */
  private int futureLocks;

  private long virtualPages;
  private long virtualPeak;
  private long dataPages;
  private long stackPages;
  private long lockedPages;

  /** The area that was found last, often the one that is looked for next. */
  private @Nullable Vma lastFound;

  Areas(FrameAllocator frames, Pager pager, MappingListener owner) {
    this.frames = frames;
    this.pager = pager;
    this.owner = owner;
  }

  /** Takes the limits of another address space, and where its mappings go. */
  void takeSettings(Areas other) {
    mmapBase = other.mmapBase;
    addressSpaceLimit = other.addressSpaceLimit;
    dataLimit = other.dataLimit;
    stackLimit = other.stackLimit;
  }

  /** Adds an area that is a copy of another address space's; no limit is looked at; ENOMEM. */
  void addCopy(Vma vma) {
    reserve(tree.size() + 1);
    tree.insert(vma);
    account(vma, vma.pages());
    if (vma.source != null) {
      vma.source.opened(owner);
    }
  }

  void setAddressSpaceLimit(long bytes) {
    addressSpaceLimit = bytes;
  }

  void setDataLimit(long bytes) {
    dataLimit = bytes;
  }

  /** Sets RLIMIT_STACK; in an empty address space the place of mappings follows, as on exec. */
  void setStackLimit(long bytes) {
    stackLimit = bytes;
    if (tree.size() == 0) {
      mmapBase = Layout.mmapBase(bytes);
    }
  }

  /** Sets RLIMIT_MEMLOCK for what is locked from now on; -1 for none. */
  void setLockLimit(long bytes) {
    lockLimit = bytes;
  }

  long lockLimit() {
    return lockLimit;
  }

  void setFutureLocks(int locks) {
    futureLocks = locks;
  }

  int futureLocks() {
    return futureLocks;
  }

  /** True if so many pages may be locked beside those that are. */
  boolean mayLock(long pages) {
    return within(lockedPages + pages, lockLimit);
  }

  /**
   * Checks RLIMIT_MEMLOCK for more pages of an area, or of one with these flags.
   *
   * @throws ErrnoException EAGAIN
   */
  void requireLockable(int flags, long pages) {
    if ((flags & Vma.LOCKED) != 0 && !mayLock(pages)) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
  }

  long lockedPages() {
    return lockedPages;
  }

  long virtualPages() {
    return virtualPages;
  }

  long virtualPeak() {
    return virtualPeak;
  }

  long dataPages() {
    return dataPages;
  }

  long stackPages() {
    return stackPages;
  }

  int count() {
    return tree.size();
  }

  /** The area that contains an address. */
  @Nullable Vma at(long gva) {
    Vma vma = lastFound;
    if (vma == null || gva < vma.start || gva >= vma.end) {
      vma = tree.endingAfter(gva);
      if (vma == null || vma.start > gva) {
        return null;
      }
      lastFound = vma;
    }
    return vma;
  }

  /** The area that contains an address, or else the next one above it. */
  @Nullable Vma endingAfter(long gva) {
    return tree.endingAfter(gva);
  }

  /** The first area that overlaps a range. */
  @Nullable Vma overlapping(long start, long end) {
    return tree.overlapping(start, end);
  }

  void forEach(Consumer<Vma> visitor) {
    tree.forEach(visitor);
  }

  /** How many pages of a range are in areas of some kind. */
  long pagesIn(long start, long end, Predicate<Vma> kind) {
    long pages = 0;
    for (Vma vma = tree.overlapping(start, end); vma != null; ) {
      long to = Math.min(end, vma.end);
      pages += kind.test(vma) ? (to - Math.max(start, vma.start)) >>> PAGE_SHIFT : 0;
      vma = tree.overlapping(to, end);
    }
    return pages;
  }

  /**
   * Finds a place for a new area.
   *
   * @param hint where the caller would like it, any value; 0 for anywhere
   * @throws ErrnoException ENOMEM if there is none
   */
  long place(long hint, long length, int mapFlags) {
    boolean low = (mapFlags & Mman.MAP_32BIT) != 0;
    long limit = low ? Layout.LOW_END : Layout.USER_END;
    long wish = hint & -PAGE_SIZE;
    if (wish != 0 && Long.compareUnsigned(wish, Layout.USER_MIN) < 0) {
      wish = Layout.USER_MIN;
    }
    if (wish != 0
        && length <= limit
        && Long.compareUnsigned(wish, limit - length) <= 0
        && isFree(wish, wish + length)) {
      return wish;
    }
    long found;
    if (low) {
      found = tree.lowestGap(length, Layout.LOW_START, Layout.LOW_END);
    } else {
      found = tree.highestGap(length, Layout.USER_MIN, mmapBase);
      if (found == VmaTree.NONE) {
        found = tree.lowestGap(length, Layout.MMAP_BOTTOM_UP, Layout.USER_END);
      }
    }
    if (found == VmaTree.NONE) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    return found;
  }

  /**
   * Finds a place for the kernel's own use near to some address: below it if there is one.
   *
   * @param distance how far from the address it may be, in bytes
   * @throws ErrnoException ENOMEM if there is none
   */
  long placeNear(long address, long length, long distance) {
    long found = tree.highestGap(length, Math.max(Layout.USER_MIN, address - distance), address);
    if (found == VmaTree.NONE) {
      found = tree.lowestGap(length, address, Math.min(Layout.USER_END, address + distance));
    }
    if (found == VmaTree.NONE) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    return found;
  }

  /** Adds an area where nothing is, and merges it with its neighbours; returns the result. */
  Vma add(Vma vma) {
    tree.insert(vma);
    account(vma, vma.pages());
    if (vma.source != null) {
      vma.source.opened(owner);
    }
    return merge(vma);
  }

  /**
   * Unmaps a range, with whatever is in it; downgrades are announced.
   *
   * @throws ErrnoException ENOMEM if that would make too many areas, or there is no memory for a
   *     page table that has to be changed; nothing is unmapped then
   */
  void unmap(long start, long end) {
    Vma vma = tree.overlapping(start, end);
    if (vma == null) {
      return;
    }
    pager.own(start, end);
    if (vma.start < start) {
      if (end < vma.end) {
        requireRoom(1);
      }
      split(vma, start);
    }
    Vma highest = at(end - 1);
    if (highest != null && highest.end > end) {
      split(highest, end);
    }
    pager.unmap(start, end);
    pager.flush();
    for (Vma gone = tree.overlapping(start, end);
        gone != null;
        gone = tree.overlapping(start, end)) {
      drop(gone);
    }
  }

  /** Unmaps everything without looking at pages, which are gone already. */
  void dropAll() {
    forEach(vma -> {
      if (vma.source != null) {
        vma.source.closed(owner);
      }
    });
    tree.clear();
    KernelMemory.HEAP.release(Kind.AREA, reserved);
    reserved = 0;
    lastFound = null;
    virtualPages = 0;
    dataPages = 0;
    stackPages = 0;
    lockedPages = 0;
  }

  /** Cuts an area in two; returns the upper part. */
  Vma split(Vma vma, long at) {
    Vma upper = vma.alike(at, vma.end, vma.pageIndex(at));
    detach(vma);
    vma.end = at;
    tree.insert(vma);
    tree.insert(upper);
    if (upper.source != null) {
      upper.source.opened(owner);
    }
    return upper;
  }

  /**
   * Cuts an area so that no part of it is outside a range.
   *
   * @return the part inside
   * @throws ErrnoException ENOMEM if that would make too many areas
   */
  Vma isolate(Vma vma, long start, long end) {
    Vma inside = vma;
    if (inside.start < start) {
      requireRoom(1);
      inside = split(inside, start);
    }
    if (inside.end > end) {
      requireRoom(1);
      split(inside, end);
    }
    return inside;
  }

  /** Merges an area with neighbours that are just like it; returns what it is part of then. */
  Vma merge(Vma vma) {
    Vma merged = vma;
    Vma below = tree.startingBelow(vma.start);
    if (below != null && below.continuesIn(vma)) {
      merged = join(below, vma);
    }
    Vma above = at(merged.end);
    if (above != null && merged.continuesIn(above)) {
      merged = join(merged, above);
    }
    return merged;
  }

  /** Moves the bounds of an area into free space next to it. */
  void extend(Vma vma, long start, long end) {
    detach(vma);
    long more = (vma.start - start + end - vma.end) >>> PAGE_SHIFT;
    vma.start = start;
    vma.end = end;
    tree.insert(vma);
    account(vma, more);
  }

  /** Changes the protection of an area that has been isolated. */
  void setProtection(Vma vma, int prot) {
    account(vma, -vma.pages());
    vma.prot = prot;
    account(vma, vma.pages());
  }

  /** Changes the flags of an area that has been isolated; not {@link Vma#GROWS_DOWN}. */
  void setFlags(Vma vma, int flags) {
    account(vma, -vma.pages());
    vma.flags = flags;
    account(vma, vma.pages());
  }

  /**
   * Makes the area above an address reach down to it, if it is a stack that may.
   *
   * @param page start of the page that was touched
   * @return the area, or null if there is none or it may not grow
   */
  @Nullable Vma growStack(long page) {
    Vma vma = tree.endingAfter(page);
    if (vma == null || !vma.has(Vma.GROWS_DOWN) || page < Layout.USER_MIN) {
      return null;
    }
    Vma below = tree.startingBelow(vma.start);
    if (below != null
        && !below.has(Vma.GROWS_DOWN)
        && below.prot != 0
        && page - below.end < Layout.STACK_GUARD_GAP) {
      return null;
    }
    long more = (vma.start - page) >>> PAGE_SHIFT;
    if (Long.compareUnsigned(vma.end - page, stackLimit) > 0
        || !mayGrow(more, false)
        || (vma.has(Vma.LOCKED) && !mayLock(more))) {
      return null;
    }
    extend(vma, page, vma.end);
    return vma;
  }

  /**
   * Checks the limits for more pages.
   *
   * @param data whether they count as data too
   */
  boolean mayGrow(long pages, boolean data) {
    return within(virtualPages + pages, addressSpaceLimit) && (!data || mayGrowData(pages));
  }

  /** Checks RLIMIT_DATA for more pages. */
  boolean mayGrowData(long pages) {
    return within(dataPages + pages, dataLimit);
  }

  /** True if a heap of so many bytes is within RLIMIT_DATA. */
  boolean heapWithinLimit(long bytes) {
    return dataLimit == UNLIMITED || Long.compareUnsigned(bytes, dataLimit) <= 0;
  }

  /**
   * Checks the limits for more pages, and that they are not more than the machine has at all (the
   * default of vm.overcommit_memory).
   *
   * @throws ErrnoException ENOMEM
   */
  void requireGrowth(long pages, boolean data, boolean accountable) {
    if (!mayGrow(pages, data) || (accountable && pages > frames.totalFrames())) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  /** Throws ENOMEM unless so many areas may be added. */
  void requireRoom(int areas) {
    if (tree.size() + areas > Layout.MAP_COUNT_MAX) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    reserve(tree.size() + areas);
  }

  /** Has room for so many areas on the kernel's heap; ENOMEM. */
  private void reserve(int areas) {
    if (areas > reserved) {
      KernelMemory.HEAP.reserve(Kind.AREA, RESERVED_AT_ONCE, Errno.ENOMEM);
      reserved += RESERVED_AT_ONCE;
    }
  }

  private static boolean within(long pages, long limitBytes) {
    return limitBytes == UNLIMITED || pages <= limitBytes >>> PAGE_SHIFT;
  }

  /** True if a range is free and touches no guard gap. */
  private boolean isFree(long start, long end) {
    Vma next = tree.endingAfter(start);
    return next == null || end <= next.gapStart();
  }

  private void account(Vma vma, long pages) {
    virtualPages += pages;
    virtualPeak = Math.max(virtualPeak, virtualPages);
    if (vma.isData()) {
      dataPages += pages;
    }
    if (vma.has(Vma.GROWS_DOWN)) {
      stackPages += pages;
    }
    if (vma.has(Vma.LOCKED)) {
      lockedPages += pages;
    }
  }

  private void drop(Vma vma) {
    detach(vma);
    if (reserved - tree.size() > 2 * RESERVED_AT_ONCE) {
      KernelMemory.HEAP.release(Kind.AREA, RESERVED_AT_ONCE);
      reserved -= RESERVED_AT_ONCE;
    }
    account(vma, -vma.pages());
    if (vma.source != null) {
      vma.source.closed(owner);
    }
  }

  private Vma join(Vma below, Vma above) {
    detach(below);
    detach(above);
    below.end = above.end;
    tree.insert(below);
    if (above.source != null) {
      above.source.closed(owner);
    }
    return below;
  }

  private void detach(Vma vma) {
    tree.remove(vma);
    lastFound = null;
  }
}

package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Mman;

/**
 * One call of mremap(2), under the lock of the address space. The checks are in the order in which
 * Linux makes them, because a call may be wrong in more than one way.
 */
final class Remap {
  private static final int FLAGS = Mman.MREMAP_MAYMOVE | Mman.MREMAP_FIXED | Mman.MREMAP_DONTUNMAP;

  /** Areas that a move may need beyond those there are. */
  private static final int ROOM = 4;

  private final Areas areas;
  private final Pager pager;
  private final long addr;
  private final long newSize;
  private final int flags;
  private final long newAddr;
  private long oldSize;

  /** The arguments of the system call, as they come. */
  Remap(
      Areas areas,
      Pager pager,
      long addr,
      long oldLength,
      long newLength,
      int flags,
      long newAddr) {
    this.areas = areas;
    this.pager = pager;
    this.addr = addr;
    this.oldSize = (oldLength + PAGE_SIZE - 1) & -PAGE_SIZE;
    this.newSize = (newLength + PAGE_SIZE - 1) & -PAGE_SIZE;
    this.flags = flags;
    this.newAddr = newAddr;
  }

  /** Does it; returns where the mapping is now. The caller flushes downgrades. */
  long perform() {
    checkArguments();
    lookUp();
    if (has(Mman.MREMAP_FIXED) || has(Mman.MREMAP_DONTUNMAP)) {
      return moveTo();
    }
    if (Long.compareUnsigned(oldSize, newSize) >= 0) {
      if (oldSize != newSize) {
        shrink();
      }
      return addr;
    }
    Vma vma = checkResize();
    if (oldSize == vma.end - addr && extendInPlace(vma)) {
      return addr;
    }
    if (!has(Mman.MREMAP_MAYMOVE)) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    return move(vma, areas.place(0, newSize, 0));
  }

  private boolean has(int flag) {
    return (flags & flag) != 0;
  }

  private void checkArguments() {
    boolean mayMove = has(Mman.MREMAP_MAYMOVE);
    if ((flags & ~FLAGS) != 0
        || (has(Mman.MREMAP_FIXED) && !mayMove)
        || (has(Mman.MREMAP_DONTUNMAP) && (!mayMove || oldSize != newSize))
        || (addr & (PAGE_SIZE - 1)) != 0
        || newSize == 0
        || Long.compareUnsigned(newSize, Layout.USER_END) > 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  private Vma lookUp() {
    Vma vma = Long.compareUnsigned(addr, Layout.USER_END) < 0 ? areas.at(addr) : null;
    if (vma == null) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return vma;
  }

  /** Unmaps what is beyond the new size; that may be in several areas. */
  private void shrink() {
    long end = addr + oldSize;
    if (Long.compareUnsigned(oldSize, Layout.USER_END - addr) > 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    areas.unmap(addr + newSize, end);
    oldSize = newSize;
  }

  /** The area, if a part of it that starts at the address can get the new size. */
  private Vma checkResize() {
    Vma vma = lookUp();
    if (oldSize == 0 && !vma.shared) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (Long.compareUnsigned(oldSize, vma.end - addr) > 0) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    if (newSize != oldSize) {
      long pages = (newSize - oldSize) >>> PAGE_SHIFT;
      areas.requireLockable(vma.flags, pages);
      areas.requireGrowth(pages, vma.isData(), vma.isAccountable());
    }
    return vma;
  }

  private boolean extendInPlace(Vma vma) {
    long end = addr + newSize;
    if (end > Layout.USER_END || areas.overlapping(vma.end, end) != null) {
      return false;
    }
    areas.extend(vma, vma.start, end);
    areas.merge(vma);
    return true;
  }

  /** MREMAP_FIXED and MREMAP_DONTUNMAP: to a given place, or at least away from this one. */
  private long moveTo() {
    if ((newAddr & (PAGE_SIZE - 1)) != 0
        || Long.compareUnsigned(newAddr, Layout.USER_END - newSize) > 0
        || Long.compareUnsigned(oldSize, Layout.USER_END) > 0
        || overlapsItself()) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    areas.requireRoom(ROOM);
    if (has(Mman.MREMAP_FIXED)) {
      AddressSpace.requireFixed(newAddr, newSize);
      areas.unmap(newAddr, newAddr + newSize);
    }
    if (oldSize > newSize) {
      shrink();
    }
    Vma vma = checkResize();
    if (has(Mman.MREMAP_DONTUNMAP)) {
      areas.requireGrowth(newSize >>> PAGE_SHIFT, false, false);
    }
    long to = has(Mman.MREMAP_FIXED) ? newAddr : areas.place(newAddr, newSize, 0);
    return move(vma, to);
  }

  private boolean overlapsItself() {
    return addr + oldSize > newAddr && newAddr + newSize > addr;
  }

  private long move(Vma vma, long to) {
    areas.requireRoom(ROOM);
    Vma moved = vma.alike(to, to + newSize, vma.pageIndex(addr));
    pager.move(addr, to, oldSize);
    areas.add(moved);
    if (!has(Mman.MREMAP_DONTUNMAP) && oldSize > 0) {
      areas.unmap(addr, addr + oldSize);
    }
    return to;
  }
}

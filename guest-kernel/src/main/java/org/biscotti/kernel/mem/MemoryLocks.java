package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;

/**
 * Locked memory (mlock(2)). Nothing is ever swapped out, so what a lock does is to bring pages in,
 * to keep advice from dropping them, and to count against RLIMIT_MEMLOCK.
 *
 * <p>All methods are called with the address space's lock held; the caller flushes downgrades.
 */
final class MemoryLocks {
  private final Areas areas;
  private final Pager pager;

  MemoryLocks(Areas areas, Pager pager) {
    this.areas = areas;
    this.pager = pager;
  }

  /**
   * Locks or unlocks a range (mlock2(2), munlock(2)).
   *
   * @param length in bytes, unsigned
   * @param locks of {@link Vma#LOCKS}, 0 to unlock
   * @throws ErrnoException EPERM if nothing may be locked; EINVAL if the range wraps; ENOMEM beyond
   *     RLIMIT_MEMLOCK, or if there is a hole or something that cannot be brought in, with what is
   *     before it locked; EAGAIN if memory is out
   */
  void change(long addr, long length, int locks) {
    if (locks != 0) {
      requireAllowed();
    }
    long start = addr & -PAGE_SIZE;
    long size = (length + (addr - start) + PAGE_SIZE - 1) & -PAGE_SIZE;
    long end = start + size;
    if (Long.compareUnsigned(end, start) < 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (locks != 0) {
      long more = size >>> PAGE_SHIFT;
      if (!areas.mayLock(more)
          && !areas.mayLock(
              more - areas.pagesIn(start, Layout.userEnd(end), vma -> vma.has(Vma.LOCKED)))) {
        throw ErrnoException.of(Errno.ENOMEM);
      }
    }
    for (long at = start; at != end; ) {
      Vma vma = Long.compareUnsigned(at, Layout.USER_END) < 0 ? areas.at(at) : null;
      if (vma == null) {
        throw ErrnoException.of(Errno.ENOMEM);
      }
      long to = Math.min(vma.end, Layout.userEnd(end));
      set(vma, at, to, locks);
      at = to;
    }
    if (bringsIn(locks)) {
      for (long at = start; at != end; ) {
        Vma vma = areas.at(at);
        if (vma == null) {
          return;
        }
        long to = Math.min(vma.end, end);
        require(pager.bringIn(vma, at, to));
        at = to;
      }
    }
  }

  /**
   * Locks or unlocks all there is, or all there will be (mlockall(2), munlockall(2)).
   *
   * @param now locks of what is there; negative to leave that as it is
   * @param future locks of what is mapped from now on
   * @throws ErrnoException EPERM if nothing may be locked; ENOMEM beyond RLIMIT_MEMLOCK
   */
  void changeAll(int now, int future) {
    if (now > 0 || future != 0) {
      requireAllowed();
    }
    if (now > 0 && !areas.mayLock(areas.virtualPages() - areas.lockedPages())) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    areas.setFutureLocks(future);
    Vma vma = now < 0 ? null : areas.overlapping(0, Layout.USER_END);
    while (vma != null) {
      long end = vma.end;
      set(vma, vma.start, end, now);
      vma = areas.overlapping(end, Layout.USER_END);
    }
    if (now > 0 && bringsIn(now)) {
      areas.forEach(each -> extended(each, each.start, each.end));
    }
  }

  /** Throws EPERM if nothing at all may be locked. */
  void requireAllowed() {
    if (areas.lockLimit() == 0) {
      throw ErrnoException.of(Errno.EPERM);
    }
  }

  /** Brings in what is new in an area, if that is locked; as far as it goes. */
  void extended(Vma vma, long from, long to) {
    if (bringsIn(vma.flags & Vma.LOCKS)) {
      FaultOutcome _ = pager.bringIn(vma, from, to);
    }
  }

  private static boolean bringsIn(int locks) {
    return locks == Vma.LOCKED;
  }

  private void set(Vma vma, long from, long to, int locks) {
    int flags = (vma.flags & ~Vma.LOCKS) | locks;
    if (flags != vma.flags && !vma.has(Vma.TRAMPOLINES)) {
      Vma part = areas.isolate(vma, from, to);
      areas.setFlags(part, flags);
      areas.merge(part);
    }
  }

  private static void require(FaultOutcome outcome) {
    switch (outcome) {
      case HANDLED -> {}
      case OUT_OF_MEMORY -> throw ErrnoException.of(Errno.EAGAIN);
      case SEGV_MAPERR, SEGV_ACCERR, BUS_ADRERR -> throw ErrnoException.of(Errno.ENOMEM);
    }
  }
}

package org.biscotti.kernel.mem;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Mman;

/**
 * What madvise(2) does with one area. Advice about swapping, huge pages, dumps and page merging is
 * accepted and remembered as in Linux, where it also keeps areas apart, and has no other effect.
 */
final class Advice {
  private Advice() {}

  /** True if Linux knows the advice. */
  static boolean isKnown(int advice) {
    return (advice >= Mman.MADV_NORMAL && advice <= Mman.MADV_DONTNEED)
        || (advice >= Mman.MADV_FREE && advice <= Mman.MADV_COLLAPSE);
  }

  /** True if the advice changes what {@link #flags} says of an area. */
  static boolean setsFlags(int advice) {
    return switch (advice) {
      case Mman.MADV_NORMAL,
          Mman.MADV_RANDOM,
          Mman.MADV_SEQUENTIAL,
          Mman.MADV_DONTFORK,
          Mman.MADV_DOFORK,
          Mman.MADV_MERGEABLE,
          Mman.MADV_UNMERGEABLE,
          Mman.MADV_HUGEPAGE,
          Mman.MADV_NOHUGEPAGE,
          Mman.MADV_DONTDUMP,
          Mman.MADV_DODUMP,
          Mman.MADV_WIPEONFORK,
          Mman.MADV_KEEPONFORK ->
          true;
      default -> false;
    };
  }

  /**
   * The flags of an area after an advice for which {@link #setsFlags} holds.
   *
   * @throws ErrnoException EINVAL if the area cannot have them
   */
  static int flags(Vma vma, int advice) {
    int flags = vma.flags;
    return switch (advice) {
      case Mman.MADV_NORMAL -> flags & ~(Vma.RANDOM | Vma.SEQUENTIAL);
      case Mman.MADV_RANDOM -> (flags & ~Vma.SEQUENTIAL) | Vma.RANDOM;
      case Mman.MADV_SEQUENTIAL -> (flags & ~Vma.RANDOM) | Vma.SEQUENTIAL;
      case Mman.MADV_DONTFORK -> flags | Vma.DONT_FORK;
      case Mman.MADV_DOFORK -> flags & ~Vma.DONT_FORK;
      case Mman.MADV_MERGEABLE -> flags | (vma.shared ? 0 : Vma.MERGEABLE);
      case Mman.MADV_UNMERGEABLE -> flags & ~Vma.MERGEABLE;
      case Mman.MADV_HUGEPAGE -> (flags & ~Vma.NO_HUGE_PAGE) | Vma.HUGE_PAGE;
      case Mman.MADV_NOHUGEPAGE -> (flags & ~Vma.HUGE_PAGE) | Vma.NO_HUGE_PAGE;
      case Mman.MADV_DONTDUMP -> flags | Vma.DONT_DUMP;
      case Mman.MADV_DODUMP -> flags & ~Vma.DONT_DUMP;
      case Mman.MADV_WIPEONFORK -> wipeOnFork(vma);
      case Mman.MADV_KEEPONFORK -> flags & ~Vma.WIPE_ON_FORK;
      default -> throw new IllegalArgumentException("advice " + advice);
    };
  }

  private static boolean isAgainstLocks(int advice) {
    return switch (advice) {
      case Mman.MADV_DONTNEED, Mman.MADV_FREE, Mman.MADV_COLD, Mman.MADV_PAGEOUT -> true;
      default -> false;
    };
  }

  private static int wipeOnFork(Vma vma) {
    if (vma.source != null || vma.shared) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return vma.flags | Vma.WIPE_ON_FORK;
  }

  /**
   * Does what an advice for which {@link #setsFlags} does not hold asks for with part of an area;
   * the caller announces downgrades. MADV_REMOVE and MADV_POPULATE_* are not for here.
   */
  static void apply(Pager pager, Vma vma, long start, long end, int advice) {
    if (vma.has(Vma.LOCKED) && isAgainstLocks(advice)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    switch (advice) {
      case Mman.MADV_DONTNEED, Mman.MADV_DONTNEED_LOCKED -> pager.unmap(start, end);
      case Mman.MADV_FREE -> {
        if (vma.source != null) {
          throw ErrnoException.of(Errno.EINVAL);
        }
        pager.unmap(start, end);
      }
      case Mman.MADV_COLLAPSE -> throw ErrnoException.of(Errno.EINVAL);
      default -> {
        // Paging in or out ahead of time: there is nothing to page from or to.
      }
    }
  }
}

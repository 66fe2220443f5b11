package org.biscotti.kernel.mem;

import java.util.ArrayList;
import java.util.List;

/**
 * Copies the areas and pages of a parent's address space into its child's (fork(2)).
 *
 * <p>A private page can be shared until one of the two writes it. That is the least to copy, and
 * the most to pay for where exits are dear: the downgrade of each page costs up to 2 µs, and each
 * write to one a fault of some 50 µs, while copying 4 KiB takes less than 1 µs. So what is likely
 * to be written is copied at once: all of a small process, else the stack and small areas.
 *
 * <p>The child gets all memory as of one moment. If nobody but the caller can write meanwhile, any
 * order will do. Else all that can be written becomes read-only first, and whoever writes to it
 * faults and waits for the lock; what is copied becomes writable again when the last page has been.
 */
final class ForkCopy {
  /** A process with at most this many pages of its own is copied whole: about a millisecond. */
  private static final long SMALL_PROCESS_PAGES = 1024;

  /** An area of a larger process with at most this many pages is copied. */
  private static final long SMALL_AREA_PAGES = 64;

  private final Pager from;
  private final Pager to;

  ForkCopy(Pager from, Pager to) {
    this.from = from;
    this.to = to;
  }

  /**
   * Copies all areas that a child gets; ENOMEM leaves the rest uncopied.
   *
   * @param othersWrite true if somebody else than the caller may write to the parent's memory
   */
  void copy(Areas parent, Areas child, boolean othersWrite) {
    boolean whole = from.anonymousPages() <= SMALL_PROCESS_PAGES;
    List<Vma> copied = new ArrayList<>();
    try {
      parent.forEach(vma -> {
        if (vma.has(Vma.DONT_FORK)) {
          return;
        }
        child.addCopy(vma.alike(vma.start, vma.end, vma.pageOffset));
        if (vma.has(Vma.WIPE_ON_FORK)) {
          return;
        }
        boolean copies = whole || vma.has(Vma.GROWS_DOWN) || vma.pages() <= SMALL_AREA_PAGES;
        if (copies && othersWrite && vma.writable() && !vma.shared) {
          copied.add(vma);
          from.freeze(vma);
        } else {
          from.copyTo(to, vma, copies);
        }
      });
      if (!copied.isEmpty()) {
        from.flush();
      }
      copied.forEach(vma -> from.copyTo(to, vma, true));
    } finally {
      copied.forEach(from::thaw);
    }
  }
}

package org.biscotti.kernel.mem;

import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.parallel.Parallel;

/**
 * Copies the areas and pages of a parent's address space into its child's (fork(2)).
 *
 * <p>A private page can be shared until one of the two writes it. That is the least to copy, and
 * the most to pay for where exits are dear: the downgrade of each page costs up to 2 µs, and each
 * write to one a fault of some 50 µs, while copying 4 KiB takes less than 1 µs. So what is likely
 * to be written is copied at once: all of a small process, else the stack and small areas. For the
 * rest there is a {@link ForkPolicy}.
 *
 * <p>The child gets all memory as of one moment. If nobody but the caller can write meanwhile, any
 * order will do. Else what is copied becomes read-only first, so that whoever writes to it faults
 * and waits for the lock, and writable again when the rest is read-only too.
 */
final class ForkCopy {
  /** A process with at most this many pages of its own is copied whole: about a millisecond. */
  private static final long SMALL_PROCESS_PAGES = 1024;

  /** An area of a larger process with at most this many pages is copied. */
  private static final long SMALL_AREA_PAGES = 64;

  private final Pager from;
  private final Pager to;
  private final ForkPolicy policy;
  private final boolean alone;
  private final Parallel parallel;

  ForkCopy(Pager from, Pager to, ForkPolicy policy, boolean alone, Parallel parallel) {
    this.from = from;
    this.to = to;
    this.policy = policy;
    this.alone = alone;
    this.parallel = parallel;
  }

  /** Copies all areas that a child gets; ENOMEM leaves the rest uncopied. */
  void copy(Areas parent, Areas child) {
    boolean whole = from.anonymousPages() <= SMALL_PROCESS_PAGES;
    List<Vma> small = new ArrayList<>();
    List<Vma> large = new ArrayList<>();
    parent.forEach(vma -> {
      if (!vma.has(Vma.DONT_FORK)) {
        Vma copy = vma.alike(vma.start, vma.end, vma.pageOffset);
        copy.flags &= ~Vma.LOCKS;
        child.addCopy(copy);
        if (!vma.has(Vma.WIPE_ON_FORK)) {
          boolean copies = whole || vma.has(Vma.GROWS_DOWN) || vma.pages() <= SMALL_AREA_PAGES;
          (copies ? small : large).add(vma);
        }
      }
    });
    List<Vma> frozen = alone ? List.of() : small.stream().filter(ForkCopy::canChange).toList();
    try {
      frozen.forEach(from::freeze);
      from.flush();
      small.forEach(vma -> from.copyTo(to, vma, true));
      if (!large.isEmpty()) {
        policy.share(from, to, large, parent, alone, parallel);
        from.flush();
      }
    } finally {
      frozen.forEach(from::thaw);
    }
  }

  private static boolean canChange(Vma vma) {
    return vma.writable() && !vma.shared;
  }
}

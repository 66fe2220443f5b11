package org.biscotti.kernel.mem;

import java.util.List;
import org.biscotti.kernel.parallel.Parallel;

/**
 * Shares page tables with the child, and leaves the copying to whoever first changes something in
 * one. Only tables with nothing but private memory of no file are shared; the others are copied.
 */
final class OnDemandFork implements ForkPolicy {
  private static final int NOT_INHERITED = Vma.DONT_FORK | Vma.WIPE_ON_FORK;

  @Override
  public void share(
      Pager from, Pager to, List<Vma> areas, Areas all, boolean alone, Parallel parallel) {
    for (Vma vma : areas) {
      if (!isPrivateMemory(vma)) {
        from.own(vma.start, vma.end);
      }
    }
    from.downgradeAll();
    for (Vma vma : areas) {
      if (!isPrivateMemory(vma)) {
        from.copyTo(to, vma, false);
      }
    }
    for (Vma vma : areas) {
      if (isPrivateMemory(vma)) {
        from.forEachTable(vma, (start, end) -> shareOrCopy(from, to, all, vma, start, end));
      }
    }
    countShared(from, to, all);
  }

  private static void shareOrCopy(Pager from, Pager to, Areas all, Vma vma, long start, long end) {
    if (to.hasSharedTable(start)) {
      return; // with another area that is in the same table
    }
    if (to.hasTable(start) || !holdsPrivateMemoryOnly(all, start)) {
      from.prepareCopy(to, start);
      from.downgradeAll();
      to.countInherited(from.copyTable(to, vma, start, end, false));
    } else {
      from.shareTable(to, start);
    }
  }

  private static boolean holdsPrivateMemoryOnly(Areas all, long address) {
    long at = address & -PageTables.TABLE_SPAN;
    long end = at + PageTables.TABLE_SPAN;
    for (Vma vma = all.overlapping(at, end); vma != null; vma = all.overlapping(vma.end, end)) {
      if (!isPrivateMemory(vma) || vma.has(NOT_INHERITED)) {
        return false;
      }
      if (vma.end >= end) {
        break;
      }
    }
    return true;
  }

  private static boolean isPrivateMemory(Vma vma) {
    return vma.source == null && !vma.shared;
  }

  /** What is in shared tables is what is missing in the child; to count it would take too long. */
  private static void countShared(Pager from, Pager to, Areas all) {
    long[] notInherited = {0};
    all.forEach(vma -> {
      if (vma.has(NOT_INHERITED)) {
        notInherited[0] += from.residentPages(vma.start, vma.end);
      }
    });
    to.countInherited(from.anonymousPages() - notInherited[0] - to.anonymousPages(), 0);
  }
}

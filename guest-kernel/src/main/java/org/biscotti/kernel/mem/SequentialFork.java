package org.biscotti.kernel.mem;

import java.util.List;
import org.biscotti.kernel.parallel.Parallel;

/** Copies one page table after the other. */
final class SequentialFork implements ForkPolicy {
  @Override
  public void share(
      Pager from, Pager to, List<Vma> areas, Areas all, boolean alone, Parallel parallel) {
    for (Vma vma : areas) {
      from.own(vma.start, vma.end);
    }
    from.downgradeAll();
    for (Vma vma : areas) {
      from.copyTo(to, vma, false);
    }
  }
}

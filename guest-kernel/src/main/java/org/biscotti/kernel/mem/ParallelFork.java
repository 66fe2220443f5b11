package org.biscotti.kernel.mem;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.biscotti.kernel.parallel.Parallel;

/**
 * Copies page tables on several threads, some tables at a time. What is left to one thread is to
 * make the child's tables, empty. Under shadow paging the host takes as long again to forget the
 * parent's translations, and does that meanwhile if nobody can make new ones.
 */
final class ParallelFork implements ForkPolicy {
  /** A table takes some 20 microseconds; what is handed out at once should take several hundred. */
  private static final int CHUNK_TABLES = 16;

  private static final long TABLE_NANOS = 20_000;

  /** Part of an area that one leaf table maps. */
  private record Part(Vma vma, long from, long to) {}

  @Override
  public void share(
      Pager from, Pager to, List<Vma> areas, Areas all, boolean alone, Parallel parallel) {
    List<Part> parts = new ArrayList<>();
    for (Vma vma : areas) {
      from.forEachTable(
          vma,
          (start, end) -> {
            from.prepareCopy(to, start);
            parts.add(new Part(vma, start, end));
          });
    }
    from.downgradeAll();
    LongAdder anonymous = new LongAdder();
    LongAdder others = new LongAdder();
    int early = alone ? CHUNK_TABLES : 0;
    int count = parts.size() + early;
    parallel.run(
        count,
        CHUNK_TABLES,
        count * TABLE_NANOS,
        (first, end) -> {
          if (first < early) {
            from.announceAllEarly();
          }
          for (Part part : parts.subList(Math.max(0, first - early), end - early)) {
            long counts = from.copyTable(to, part.vma, part.from, part.to, false);
            anonymous.add(counts & Pager.PAGES_MASK);
            others.add(counts >>> Integer.SIZE);
          }
        });
    to.countInherited(anonymous.sum(), others.sum());
  }
}

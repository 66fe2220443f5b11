package org.biscotti.kernel.mem;

import java.util.IdentityHashMap;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;

/**
 * The reverse map of one {@link PageSource}: who maps it. A source owns one of these and forwards
 * its {@link PageSource#opened} and {@link PageSource#closed} to it.
 *
 * <p>Counts mappings by listener (an address space), not by area, so splitting areas costs nothing.
 * Its lock is a leaf: nothing else is called with it held.
 */
public final class Mappings {
  private static final MappingListener[] NONE = new MappingListener[0];

  private final RankedLock lock = new RankedLock(LockRank.LEAF);
  private final IdentityHashMap<MappingListener, Integer> counts = new IdentityHashMap<>();

  /** Notes one more mapping. */
  public void add(MappingListener mapping) {
    lock.lock();
    try {
      counts.merge(mapping, 1, Integer::sum);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Forgets one mapping.
   *
   * @throws IllegalStateException if it was not there
   */
  public void remove(MappingListener mapping) {
    lock.lock();
    try {
      Integer count = counts.get(mapping);
      if (count == null) {
        throw new IllegalStateException("closed a mapping that was never opened");
      }
      if (count == 1) {
        counts.remove(mapping);
      } else {
        counts.put(mapping, count - 1);
      }
    } finally {
      lock.unlock();
    }
  }

  /** True if nobody maps the object. */
  public boolean isEmpty() {
    lock.lock();
    try {
      return counts.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes a range of pages away from everybody; see {@link MappingListener#unmapRange}. The caller
   * holds no lock of the object.
   */
  public void unmapRange(PageSource source, long firstPage, long pageCount, boolean privateCopies) {
    for (MappingListener mapping : snapshot()) {
      mapping.unmapRange(source, firstPage, pageCount, privateCopies);
    }
  }

  private MappingListener[] snapshot() {
    lock.lock();
    try {
      return counts.isEmpty() ? NONE : counts.keySet().toArray(NONE);
    } finally {
      lock.unlock();
    }
  }
}

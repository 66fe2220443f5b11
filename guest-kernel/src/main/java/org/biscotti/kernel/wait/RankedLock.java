package org.biscotti.kernel.wait;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock with a place in the {@link LockRank order of locks}. With assertions on, every acquisition
 * out of order fails; with assertions off it is a plain {@link ReentrantLock}.
 */
public final class RankedLock extends ReentrantLock {
  private static final long serialVersionUID = 1L;

  /** How many locks of each rank a thread holds; kept only with assertions on. */
  private static final ThreadLocal<Map<LockRank, Integer>> HELD =
      ThreadLocal.withInitial(() -> new EnumMap<>(LockRank.class));

  private final LockRank rank;

  /** Makes a lock of the given rank. */
  public RankedLock(LockRank rank) {
    this.rank = rank;
  }

  @Override
  public void lock() {
    assert isHeldByCurrentThread() || inOrder();
    super.lock();
    assert count(1);
  }

  @Override
  public boolean tryLock() {
    boolean taken = super.tryLock();
    assert !taken || count(1);
    return taken;
  }

  @Override
  public void unlock() {
    super.unlock();
    assert count(-1);
  }

  private boolean inOrder() {
    for (Map.Entry<LockRank, Integer> held : HELD.get().entrySet()) {
      LockRank other = held.getKey();
      boolean late = other == rank ? !rank.nests() : other.compareTo(rank) > 0;
      if (held.getValue() > 0 && late) {
        throw new AssertionError(rank + " taken while " + other + " is held");
      }
    }
    return true;
  }

  private boolean count(int change) {
    HELD.get().merge(rank, change, Integer::sum);
    return true;
  }
}

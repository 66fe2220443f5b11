package org.biscotti.kernel.wait;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock with a place in the {@link LockRank order of locks}. With assertions on, every acquisition
 * out of order fails; with assertions off it is a plain {@link ReentrantLock}.
 */
public class RankedLock extends ReentrantLock {
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
    assert isHeldByCurrentThread() || inOrder(rank);
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

  /** True if the calling thread may take a lock of a rank now, else an AssertionError. */
  public static boolean inOrder(LockRank rank) {
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

  /** What the calling thread holds; for assertions. */
  public static Map<LockRank, Integer> held() {
    return new EnumMap<>(HELD.get());
  }

  /**
   * From now on the calling thread counts as one that holds what another does, and one lock more;
   * for assertions.
   *
   * @param held of that other thread, which waits for this one
   * @return true
   */
  public static boolean workFor(Map<LockRank, Integer> held, LockRank more) {
    Map<LockRank, Integer> all = new EnumMap<>(held);
    all.merge(more, 1, Integer::sum);
    HELD.set(all);
    return true;
  }

  /** The calling thread holds nothing; for assertions. Returns true. */
  public static boolean workForNobody() {
    HELD.remove();
    return true;
  }
}

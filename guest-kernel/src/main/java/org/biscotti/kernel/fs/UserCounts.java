package org.biscotti.kernel.fs;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;

/**
 * How many of one kind of thing each user has, in all of his processes together: the limits that
 * getrlimit(2) has "for the real user ID of the calling process". Thread-safe; under the lock
 * nothing else is done.
 */
public final class UserCounts {
  private final Kind kind;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<Integer, Integer> counts = new HashMap<>();

  /** Counts of things of a kind, which take of the kernel's heap too. */
  public UserCounts(Kind kind) {
    this.kind = kind;
  }

  /** How many a user has. */
  public int of(int uid) {
    lock.lock();
    try {
      return counts.getOrDefault(uid, 0);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Counts some more to a user, unless he has as many as he may already.
   *
   * @param limit how many he may have before these; unsigned, so -1 is no limit
   * @return false if he has more, or the heap has no room, and nothing has been counted
   */
  public boolean add(int uid, int count, long limit) {
    lock.lock();
    try {
      int now = counts.getOrDefault(uid, 0);
      if (Long.compareUnsigned(now, limit) > 0 || !KernelMemory.HEAP.tryReserve(kind, count)) {
        return false;
      }
      counts.put(uid, now + count);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Counts some less; a user who has none is forgotten. */
  public void remove(int uid, int count) {
    lock.lock();
    try {
      int now = counts.getOrDefault(uid, 0);
      int gone = Math.min(now, count);
      KernelMemory.HEAP.release(kind, gone);
      if (gone < now) {
        counts.put(uid, now - gone);
      } else {
        counts.remove(uid);
      }
    } finally {
      lock.unlock();
    }
  }
}

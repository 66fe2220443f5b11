package org.biscotti.kernel.fs;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How many of one kind of thing each user has, in all of his processes together: the limits that
 * getrlimit(2) has "for the real user ID of the calling process". Thread-safe; under the lock
 * nothing else is done.
 */
public final class UserCounts {
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<Integer, Integer> counts = new HashMap<>();

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
   * @return false if he has more, and nothing has been counted
   */
  public boolean add(int uid, int count, long limit) {
    lock.lock();
    try {
      int now = counts.getOrDefault(uid, 0);
      if (Long.compareUnsigned(now, limit) > 0) {
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
      counts.computeIfPresent(uid, (user, now) -> now > count ? now - count : null);
    } finally {
      lock.unlock();
    }
  }
}

package org.biscotti.kernel.fs;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;

/**
 * Who waits for whose record locks, in all files: where a wait would close a circle, it fails with
 * EDEADLK (fcntl(2)).
 *
 * <p>One table for all machines in a JVM: owners of different ones have nothing to do with each
 * other, so they never meet in it.
 */
final class LockWaits {
  private static final ReentrantLock LOCK = new ReentrantLock();

  @GuardedBy("LOCK")
  private static final List<Wait> WAITS = new ArrayList<>();

  private LockWaits() {}

  /** One wait; compared by identity. */
  static final class Wait {
    private final Object waiter;
    private final Object holder;

    private Wait(Object waiter, Object holder) {
      this.waiter = waiter;
      this.holder = holder;
    }
  }

  /**
   * Notes a wait.
   *
   * @param detects false if a circle does not matter
   * @throws ErrnoException EDEADLK
   */
  static Wait begin(Object waiter, Object holder, boolean detects) {
    LOCK.lock();
    try {
      if (detects && leadsTo(holder, waiter)) {
        throw ErrnoException.of(Errno.EDEADLK);
      }
      Wait wait = new Wait(waiter, holder);
      WAITS.add(wait);
      return wait;
    } finally {
      LOCK.unlock();
    }
  }

  /** True if somebody waits for another, be it through others. */
  @GuardedBy("LOCK")
  private static boolean leadsTo(Object first, Object last) {
    Set<Object> reached = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Object> next = new ArrayDeque<>(List.of(first));
    while (!next.isEmpty()) {
      Object at = next.poll();
      if (at.equals(last)) {
        return true;
      }
      if (reached.add(at)) {
        WAITS.stream().filter(wait -> wait.waiter.equals(at)).forEach(w -> next.add(w.holder));
      }
    }
    return false;
  }

  /** A wait is over. */
  static void end(Wait wait) {
    LOCK.lock();
    try {
      WAITS.remove(wait);
    } finally {
      LOCK.unlock();
    }
  }
}

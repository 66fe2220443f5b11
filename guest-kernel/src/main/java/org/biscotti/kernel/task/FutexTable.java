package org.biscotti.kernel.task;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.wait.MustWait;
import org.jspecify.annotations.Nullable;

/**
 * Threads that wait for a word of user memory to change (futex(2)), by the word they wait for.
 *
 * <p>One lock guards the table; the word is read under it, so a waker that has changed the word
 * before it takes the lock finds everyone who had seen the old value.
 */
public final class FutexTable {
  /** A word: the process and address of a private futex, or the frame address of a shared one. */
  public record Key(@Nullable Object space, long address) {}

  /** Reads the futex word. */
  public interface Word {
    int read();
  }

  private static final class Waiter {
    final int bits;
    final Condition condition;
    boolean woken;

    Waiter(int bits, Condition condition) {
      this.bits = bits;
      this.condition = condition;
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Key, ArrayDeque<Waiter>> queues = new HashMap<>();

  /**
   * Waits until woken.
   *
   * @param expected EAGAIN if the word has another value
   * @param bits only a wake with a common bit counts
   * @param deadlineNanos System.nanoTime at which to give up with ETIMEDOUT, or {@link
   *     Long#MAX_VALUE}
   * @throws ErrnoException EAGAIN, ETIMEDOUT, EINTR
   */
  public void await(Key key, Word word, int expected, int bits, long deadlineNanos) {
    lock.lock();
    try {
      if (word.read() != expected) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      MustWait.unlessVirtual();
      Waiter waiter = new Waiter(bits, lock.newCondition());
      queues.computeIfAbsent(key, k -> new ArrayDeque<>()).add(waiter);
      try {
        awaitWake(waiter, deadlineNanos);
      } finally {
        remove(key, waiter);
      }
    } finally {
      lock.unlock();
    }
  }

  private static void awaitWake(Waiter waiter, long deadlineNanos) {
    try {
      while (!waiter.woken) {
        if (deadlineNanos == Long.MAX_VALUE) {
          waiter.condition.await();
        } else if (waiter.condition.awaitNanos(deadlineNanos - System.nanoTime()) <= 0
            && !waiter.woken) {
          throw ErrnoException.of(Errno.ETIMEDOUT);
        }
      }
    } catch (InterruptedException e) {
      if (!waiter.woken) {
        throw ErrnoException.of(Errno.EINTR);
      }
      Thread.currentThread().interrupt();
    }
  }

  private void remove(Key key, Waiter waiter) {
    ArrayDeque<Waiter> queue = queues.get(key);
    if (queue != null) {
      queue.remove(waiter);
      if (queue.isEmpty()) {
        queues.remove(key);
      }
    }
  }

  /**
   * Wakes threads, those that have waited longest first.
   *
   * @return how many were woken
   */
  public int wake(Key key, int count, int bits) {
    lock.lock();
    try {
      ArrayDeque<Waiter> queue = queues.get(key);
      int woken = 0;
      if (queue != null) {
        for (Iterator<Waiter> i = queue.iterator(); woken < count && i.hasNext(); ) {
          Waiter waiter = i.next();
          if ((waiter.bits & bits) != 0) {
            waiter.woken = true;
            waiter.condition.signal();
            i.remove();
            woken++;
          }
        }
        if (queue.isEmpty()) {
          queues.remove(key);
        }
      }
      return woken;
    } finally {
      lock.unlock();
    }
  }
}

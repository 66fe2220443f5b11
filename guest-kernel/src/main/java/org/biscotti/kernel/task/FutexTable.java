package org.biscotti.kernel.task;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.AddressSpace.FutexWord;
import org.biscotti.kernel.wait.MustWait;
import org.jspecify.annotations.Nullable;

/**
 * Threads that wait for a word of user memory to change (futex(2)), by the word they wait for.
 *
 * <p>One lock guards the table; words are read under it, so a waker that has changed a word before
 * it takes the lock finds everyone who had seen the old value.
 */
public final class FutexTable {
  /** Reads the futex word. */
  public interface Word {
    int read();
  }

  private static final class Waiter {
    final int bits;
    final Condition condition;
    FutexWord word;
    boolean woken;

    Waiter(FutexWord word, int bits, Condition condition) {
      this.word = word;
      this.bits = bits;
      this.condition = condition;
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<FutexWord, ArrayDeque<Waiter>> queues = new HashMap<>();

  /**
   * Waits until woken.
   *
   * @param expected EAGAIN if the word has another value
   * @param bits only a wake with a common bit counts
   * @param deadlineNanos System.nanoTime at which to give up with ETIMEDOUT, or {@link
   *     Long#MAX_VALUE}
   * @throws ErrnoException EAGAIN, ETIMEDOUT, EINTR
   */
  public void await(FutexWord key, Word word, int expected, int bits, long deadlineNanos) {
    lock.lock();
    try {
      if (word.read() != expected) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      MustWait.unlessVirtual();
      Waiter waiter = new Waiter(key, bits, lock.newCondition());
      queues.computeIfAbsent(key, k -> new ArrayDeque<>()).add(waiter);
      try {
        awaitWake(waiter, deadlineNanos);
      } finally {
        remove(waiter);
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

  /** A waiter that has been requeued stands at another word by now. */
  private void remove(Waiter waiter) {
    ArrayDeque<Waiter> queue = queues.get(waiter.word);
    if (queue != null) {
      queue.remove(waiter);
      dropIfEmpty(waiter.word, queue);
    }
  }

  private void dropIfEmpty(FutexWord word, ArrayDeque<Waiter> queue) {
    if (queue.isEmpty()) {
      queues.remove(word);
    }
  }

  /**
   * Wakes threads, those that have waited longest first.
   *
   * @return how many were woken
   */
  public int wake(FutexWord key, int count, int bits) {
    lock.lock();
    try {
      return wakeLocked(key, count, bits);
    } finally {
      lock.unlock();
    }
  }

  private int wakeLocked(FutexWord key, int count, int bits) {
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
      dropIfEmpty(key, queue);
    }
    return woken;
  }

  /**
   * Wakes some threads and has others wait for another word (FUTEX_REQUEUE, FUTEX_CMP_REQUEUE).
   *
   * @param word read under the lock and compared; null not to compare
   * @return how many were woken and moved
   * @throws ErrnoException EAGAIN if the word has another value than {@code expected}
   */
  public int requeue(
      FutexWord from, int wake, FutexWord to, int move, @Nullable Word word, int expected) {
    lock.lock();
    try {
      if (word != null && word.read() != expected) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      int done = wakeLocked(from, wake, -1);
      ArrayDeque<Waiter> queue = queues.get(from);
      if (queue == null || from.equals(to)) {
        return done + (queue == null ? 0 : Math.min(move, queue.size()));
      }
      ArrayDeque<Waiter> target = queues.computeIfAbsent(to, k -> new ArrayDeque<>());
      int moved = 0;
      for (; moved < move && !queue.isEmpty(); moved++) {
        Waiter waiter = queue.removeFirst();
        waiter.word = to;
        target.add(waiter);
      }
      dropIfEmpty(from, queue);
      dropIfEmpty(to, target);
      return done + moved;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Wakes threads at one word, and at a second one if an operation on that says so (FUTEX_WAKE_OP).
   *
   * @param operation changes the second word and says what came of it
   * @return how many were woken
   */
  public int wakeOperation(
      FutexWord first, int count, FutexWord second, int secondCount, BooleanSupplier operation) {
    lock.lock();
    try {
      boolean both = operation.getAsBoolean();
      int woken = wakeLocked(first, count, -1);
      return both ? woken + wakeLocked(second, secondCount, -1) : woken;
    } finally {
      lock.unlock();
    }
  }
}

package org.biscotti.kernel.task;

import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
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
 * <p>Words are spread over buckets with a lock each. A word is compared under its bucket's lock, so
 * a waker that has changed it before it takes the lock finds everyone who had seen the old value.
 * Who is woken has been taken out, and needs no lock to go on. Words are also read without a lock
 * first: to bring in a page may take long, and nobody's business else.
 */
public final class FutexTable {
  private static final int BUCKETS = 64;

  private final Bucket[] buckets = new Bucket[BUCKETS];

  /** Nobody waits. */
  public FutexTable() {
    for (int i = 0; i < BUCKETS; i++) {
      buckets[i] = new Bucket(i);
    }
  }

  /** Reads the futex word. */
  public interface Word {
    int read();
  }

  /** A thread that waits. What is not final is written under the lock of its word's bucket. */
  private static final class Waiter {
    final Thread thread = Thread.currentThread();
    final int bits;
    volatile FutexWord word;
    volatile boolean woken;

    Waiter(FutexWord word, int bits) {
      this.word = word;
      this.bits = bits;
    }
  }

  /**
   * The threads that wait for some of the words, those of a word in the order they came. Everything
   * needs the lock.
   */
  private static final class Bucket {
    final ReentrantLock lock = new ReentrantLock();
    final int index;

    private final Map<FutexWord, LinkedHashSet<Waiter>> queues = new HashMap<>();

    Bucket(int index) {
      this.index = index;
    }

    void add(Waiter waiter) {
      queues.computeIfAbsent(waiter.word, k -> new LinkedHashSet<>()).add(waiter);
    }

    void remove(Waiter waiter) {
      LinkedHashSet<Waiter> queue = queues.get(waiter.word);
      if (queue != null) {
        queue.remove(waiter);
        dropIfEmpty(waiter.word, queue);
      }
    }

    int wake(FutexWord key, int count, int bits) {
      LinkedHashSet<Waiter> queue = queues.get(key);
      int woken = 0;
      if (queue != null) {
        for (Iterator<Waiter> i = queue.iterator(); woken < count && i.hasNext(); ) {
          Waiter waiter = i.next();
          if ((waiter.bits & bits) != 0) {
            i.remove();
            waiter.woken = true;
            LockSupport.unpark(waiter.thread);
            woken++;
          }
        }
        dropIfEmpty(key, queue);
      }
      return woken;
    }

    /** Has threads that wait here wait for a word of another bucket, whose lock is held too. */
    int move(FutexWord from, Bucket target, FutexWord to, int count) {
      LinkedHashSet<Waiter> queue = queues.get(from);
      if (queue == null) {
        return 0;
      }
      if (from.equals(to)) {
        return Math.min(count, queue.size());
      }
      int moved = 0;
      for (Iterator<Waiter> i = queue.iterator(); moved < count && i.hasNext(); moved++) {
        Waiter waiter = i.next();
        i.remove();
        waiter.word = to;
        target.add(waiter);
      }
      dropIfEmpty(from, queue);
      return moved;
    }

    private void dropIfEmpty(FutexWord word, Set<Waiter> queue) {
      if (queue.isEmpty()) {
        queues.remove(word);
      }
    }
  }

  private Bucket bucket(FutexWord word) {
    int hash = word.hashCode();
    return buckets[(hash ^ hash >>> 16) & (BUCKETS - 1)];
  }

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
    check(word, expected);
    Waiter waiter;
    Bucket bucket = bucket(key);
    bucket.lock.lock();
    try {
      check(word, expected);
      MustWait.unlessVirtual();
      waiter = new Waiter(key, bits);
      bucket.add(waiter);
    } finally {
      bucket.lock.unlock();
    }
    int failure = park(waiter, deadlineNanos);
    if (!waiter.woken && remove(waiter)) {
      throw ErrnoException.of(failure);
    }
    if (failure == Errno.EINTR) {
      Thread.currentThread().interrupt();
    }
  }

  private static void check(Word word, int expected) {
    if (word.read() != expected) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
  }

  /** Parks until woken; returns 0 then, else why not. */
  private static int park(Waiter waiter, long deadlineNanos) {
    while (!waiter.woken) {
      if (Thread.interrupted()) {
        return Errno.EINTR;
      }
      if (deadlineNanos == Long.MAX_VALUE) {
        LockSupport.park(waiter);
      } else {
        long left = deadlineNanos - System.nanoTime();
        if (left <= 0) {
          return Errno.ETIMEDOUT;
        }
        LockSupport.parkNanos(waiter, left);
      }
    }
    return 0;
  }

  /** Takes out one that waits no more; false if it has been woken meanwhile. */
  @SuppressWarnings("ReferenceEquality") // where it was when its bucket was looked for
  private boolean remove(Waiter waiter) {
    while (true) {
      FutexWord word = waiter.word;
      Bucket bucket = bucket(word);
      bucket.lock.lock();
      try {
        if (waiter.woken) {
          return false;
        }
        if (waiter.word == word) {
          bucket.remove(waiter);
          return true;
        }
        // It has been moved to another word.
      } finally {
        bucket.lock.unlock();
      }
    }
  }

  /**
   * Wakes threads, those that have waited longest first.
   *
   * @return how many were woken
   */
  public int wake(FutexWord key, int count, int bits) {
    Bucket bucket = bucket(key);
    bucket.lock.lock();
    try {
      return bucket.wake(key, count, bits);
    } finally {
      bucket.lock.unlock();
    }
  }

  /**
   * Wakes some threads and has others wait for another word (FUTEX_REQUEUE, FUTEX_CMP_REQUEUE).
   *
   * @param word compared under the lock; null not to compare
   * @return how many were woken and moved
   * @throws ErrnoException EAGAIN if the word has another value than {@code expected}
   */
  public int requeue(
      FutexWord from, int wake, FutexWord to, int move, @Nullable Word word, int expected) {
    if (word != null) {
      check(word, expected);
    }
    Bucket source = bucket(from);
    Bucket target = bucket(to);
    lockBoth(source, target);
    try {
      if (word != null) {
        check(word, expected);
      }
      return source.wake(from, wake, -1) + source.move(from, target, to, move);
    } finally {
      unlockBoth(source, target);
    }
  }

  /**
   * Wakes threads at one word, and at a second one if an operation on that says so (FUTEX_WAKE_OP).
   *
   * @param operation changes the second word, whose page is there, and says what came of it
   * @return how many were woken
   */
  public int wakeOperation(
      FutexWord first, int count, FutexWord second, int secondCount, BooleanSupplier operation) {
    Bucket one = bucket(first);
    Bucket other = bucket(second);
    lockBoth(one, other);
    try {
      boolean both = operation.getAsBoolean();
      int woken = one.wake(first, count, -1);
      return both ? woken + other.wake(second, secondCount, -1) : woken;
    } finally {
      unlockBoth(one, other);
    }
  }

  /** In one order, whoever locks; the two may be the same. */
  private static void lockBoth(Bucket one, Bucket other) {
    boolean inOrder = one.index <= other.index;
    (inOrder ? one : other).lock.lock();
    (inOrder ? other : one).lock.lock();
  }

  private static void unlockBoth(Bucket one, Bucket other) {
    one.lock.unlock();
    other.lock.unlock();
  }
}

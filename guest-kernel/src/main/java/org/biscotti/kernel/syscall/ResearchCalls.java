package org.biscotti.kernel.syscall;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongPredicate;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.event.WholeHeapCollections;
import org.biscotti.kernel.parallel.Parallelism;
import org.biscotti.kernel.task.Task;
import org.jspecify.annotations.Nullable;

/**
 * Calls that Linux does not have, for experiments with the kernel and the garbage collector under
 * it (docs/experiments.md). They are there only when the kernel was booted for research: a program
 * can fill the kernel's heap with them, and change what all others get.
 */
final class ResearchCalls {
  /** Numbers that Linux does not use: its own end below 500, those of x32 below 600. */
  static final int FILL = 2000;

  static final int ALLOCATE = 2001;
  static final int COLLECTIONS = 2002;
  static final int PARALLELISM = 2003;
  static final int SYSCALLS = 2004;

  private static final long OBJECTS_MAX = 1L << 30;
  private static final long BYTES_MAX = 1L << 30;
  private static final long KEPT_MAX = 1 << 20;

  /** Bytes of an object that {@link #allocate} makes, its header of 16 included. */
  private static final int OBJECT_BYTES = 64;

  private static final int HEADER_BYTES = 16;

  /** One for the table to survive, one for it to be counted as a survivor. */
  private static final int COLLECTIONS_TO_SETTLE = 2;

  private final LongPredicate serveBy;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Entry[] table = new Entry[0];
  private @Nullable Object[] kept = new Object[0];
  private int nextKept;
  private @Nullable WholeHeapCollections collections;

  /** With what changes the policy of system calls: see {@link SyscallTable}. */
  ResearchCalls(LongPredicate serveBy) {
    this.serveBy = serveBy;
  }

  /** An object of the hash table: a key, and the next one in the same bucket. */
  private static final class Entry {
    final long key;
    final @Nullable Entry next;

    Entry(long key, @Nullable Entry next) {
      this.key = key;
      this.next = next;
    }
  }

  /**
   * research_fill(count): puts so many objects into a hash table of the kernel's, and lets those of
   * before go (the paper's section 4.2). The heap is collected then, so that the table is old.
   *
   * @return what the table has now; ENOMEM if the heap is too small, with an empty table
   */
  long fill(Task task, long count, long b, long c, long d, long e, long f) {
    require(count, OBJECTS_MAX);
    lock.lock();
    try {
      table = new Entry[0];
      int buckets = Math.max(1, Integer.highestOneBit((int) count));
      @Nullable Entry[] filled = new Entry[buckets];
      for (long key = 0; key < count; key++) {
        int bucket = (int) ((key * 0x9e37_79b9_7f4a_7c15L) >>> 33) & (buckets - 1);
        filled[bucket] = new Entry(key, filled[bucket]);
      }
      table = filled;
      settle();
      return size();
    } finally {
      lock.unlock();
    }
  }

  /** Has the table collected until collectors with generations take it for old, as it will stay. */
  private static void settle() {
    for (int i = 0; i < COLLECTIONS_TO_SETTLE; i++) {
      System.gc();
    }
  }

  private long size() {
    long size = 0;
    for (Entry first : table) {
      for (Entry entry = first; entry != null; entry = entry.next) {
        size += entry.key >= 0 ? 1 : 0;
      }
    }
    return size;
  }

  /**
   * research_allocate(bytes, keep): makes objects of 64 bytes, and keeps them until as many later
   * calls have been made.
   *
   * @return how many objects; ENOMEM
   */
  long allocate(Task task, long bytes, long keep, long c, long d, long e, long f) {
    require(bytes, BYTES_MAX);
    require(keep, KEPT_MAX);
    byte[][] objects = new byte[(int) (bytes / OBJECT_BYTES)][];
    for (int i = 0; i < objects.length; i++) {
      objects[i] = new byte[OBJECT_BYTES - HEADER_BYTES];
    }
    lock.lock();
    try {
      if (kept.length != keep) {
        kept = new Object[(int) keep];
        nextKept = 0;
      }
      if (keep > 0) {
        kept[nextKept] = objects;
        nextKept = (nextKept + 1) % kept.length;
      }
    } finally {
      lock.unlock();
    }
    return objects.length;
  }

  /**
   * research_collections(): how often the whole heap has been collected since the first such call,
   * as far as the JVM has said so; it does so once a second.
   */
  long collections(Task task, long a, long b, long c, long d, long e, long f) {
    lock.lock();
    try {
      if (collections == null) {
        collections = new WholeHeapCollections();
      }
      return collections.count();
    } finally {
      lock.unlock();
    }
  }

  /**
   * research_parallelism(policy): who does the parts of large work from now on, by the number of a
   * {@link Parallelism}, so that policies can be compared in one JVM.
   *
   * @return 0
   */
  long parallelism(Task task, long policy, long b, long c, long d, long e, long f) {
    Parallelism wanted = Parallelism.of(policy).orElseThrow(() -> ErrnoException.of(Errno.EINVAL));
    task.process().kernel().parallel().set(wanted);
    return 0;
  }

  /**
   * research_syscalls(policy): how system calls are served from now on, by the number that {@code
   * serve.Policies} has for it.
   *
   * @return 0
   */
  long syscalls(Task task, long policy, long b, long c, long d, long e, long f) {
    if (!serveBy.test(policy)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return 0;
  }

  private static void require(long value, long maximum) {
    if (value < 0 || value > maximum) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }
}

package org.biscotti.kernel.task;

import java.util.ArrayDeque;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.UserCounts;
import org.jspecify.annotations.Nullable;

/**
 * Signals that wait, for one task or for whichever task of a process takes them (signal(7)).
 *
 * <p>Standard signals wait at most once each; real-time signals queue. Guarded by the process's
 * lock, except that {@link #set} may be read without it.
 */
final class PendingSignals {
  /** Who wants to know when a signal of his is taken: a timer. */
  interface Source {
    /** The signal has been taken; called without locks. Returns what the program gets. */
    SignalInfo taken(SignalInfo info);

    /** The signal has been thrown away; called with the process's lock held. */
    void dropped();
  }

  /** Counted to nobody: the timer that sends it was, or a fault has no choice. */
  static final int UNCOUNTED = -1;

  /**
   * A signal that waits.
   *
   * @param uid the user it is counted to (RLIMIT_SIGPENDING), or {@link #UNCOUNTED}
   */
  record Entry(SignalInfo info, @Nullable Source source, int uid) {
    /** What the program gets; tells the source. To be called without locks. */
    SignalInfo claim() {
      return source == null ? info : source.taken(info);
    }
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // an array of generics has no other form
  private final @Nullable ArrayDeque<Entry>[] queues = new ArrayDeque[Signals.MAX + 1];

  private final UserCounts counts;
  private volatile long set;
  private boolean closed;

  /**
   * No signals yet.
   *
   * @param counts whose entries are taken from it when they are here no longer
   */
  PendingSignals(UserCounts counts) {
    this.counts = counts;
  }

  /** The signals that wait. */
  long set() {
    return set;
  }

  /** True if adding would change nothing: a standard signal that waits already. */
  boolean coalesces(int signal) {
    return signal < Signals.SIGRTMIN && (set & Signals.bit(signal)) != 0;
  }

  /** Adds a signal after those with its number. */
  void add(Entry entry) {
    int signal = entry.info().signal();
    ArrayDeque<Entry> queue = queues[signal];
    if (queue == null) {
      queue = new ArrayDeque<>(2);
      queues[signal] = queue;
    }
    queue.add(entry);
    mark(Signals.bit(signal));
  }

  /** Adds a signal of which nothing is known but the number, as Linux does at the limit. */
  void addBare(int signal) {
    mark(Signals.bit(signal));
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // written under the process's lock
  private void mark(long bits) {
    set |= bits;
  }

  /** Takes the first of the wanted signals: faults before others, low numbers before high. */
  @Nullable Entry take(long wanted) {
    long candidates = set & wanted;
    if (candidates == 0) {
      return null;
    }
    long faults = candidates & Signals.SYNCHRONOUS_SET;
    return takeOne(1 + Long.numberOfTrailingZeros(faults != 0 ? faults : candidates));
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // written under the process's lock
  private Entry takeOne(int signal) {
    ArrayDeque<Entry> queue = queues[signal];
    Entry entry = queue == null ? null : queue.poll();
    if (entry != null) {
      uncount(entry);
    }
    if (queue == null || queue.isEmpty()) {
      set &= ~Signals.bit(signal);
    }
    return entry != null
        ? entry
        : new Entry(SignalInfo.sent(signal, SignalInfo.SI_USER, 0, 0), null, UNCOUNTED);
  }

  /** True if nobody is left to take a signal: none is to be added. */
  boolean isClosed() {
    return closed;
  }

  /** Throws all signals away, those that may still be sent too. */
  void close() {
    closed = true;
    discard(-1);
  }

  /** Throws signals away. */
  void discard(long signals) {
    for (long rest = set & signals; rest != 0; rest &= rest - 1) {
      int signal = 1 + Long.numberOfTrailingZeros(rest);
      ArrayDeque<Entry> queue = queues[signal];
      if (queue != null) {
        queue.forEach(this::drop);
        queue.clear();
      }
      clear(Signals.bit(signal));
    }
  }

  private void drop(Entry entry) {
    uncount(entry);
    if (entry.source() != null) {
      entry.source().dropped();
    }
  }

  private void uncount(Entry entry) {
    if (entry.uid() != UNCOUNTED) {
      counts.remove(entry.uid(), 1);
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // written under the process's lock
  private void clear(long bits) {
    set &= ~bits;
  }
}

package org.biscotti.kernel.wait;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.biscotti.kernel.abi.Poll;
import org.jspecify.annotations.Nullable;

/**
 * Whoever waits for something to happen to one object: threads that are parked, and files that
 * watch others (epoll(7)).
 *
 * <p>A wake takes no lock, so a listener may itself wake others, or leave; when nobody waits it is
 * two reads. A wake that comes after {@link #add} is seen; whoever waits therefore adds itself
 * first and then looks at what it waits for. To come and to go takes constant time on average: who
 * goes leaves a gap, and gaps are closed when there are many, in a new array, as a wake may be
 * walking along the old one.
 */
public final class WaitQueue {
  private static final int PLACES_MIN = 4;

  /** With fewer than one place in so many taken, the array is replaced by a smaller one. */
  private static final int SPARSE = 8;

  private static final Places NOBODY = new Places(0);
  private static final int ALWAYS_REPORTED = Poll.POLLERR | Poll.POLLHUP | Poll.CLOSED;

  private final ReentrantLock lock = new ReentrantLock();
  private volatile Places places = NOBODY;

  @GuardedBy("lock")
  private int waiting;

  /** Entries and gaps. Written under the lock, read without. */
  private static final class Places {
    private final @Nullable Entry[] entries;

    /** How many have been given away; whoever has read this sees what is in them. */
    private volatile int used;

    private Places(int length) {
      entries = new @Nullable Entry[length];
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
    private void append(Entry entry) {
      entry.place = used;
      entries[used] = entry;
      used++;
    }
  }

  /** What is told of a wake, on the thread that wakes. It must neither wait nor throw. */
  @FunctionalInterface
  public interface Listener {
    /** Something has happened; {@code events} are as in poll(2). */
    void woken(int events);
  }

  /** A place in the queue. */
  public static final class Entry {
    private final int events;
    private final Listener listener;

    /** Where it is; -1 once it has gone. Guarded by the queue's lock. */
    private int place;

    private Entry(int events, Listener listener) {
      this.events = events | ALWAYS_REPORTED;
      this.listener = listener;
    }
  }

  /**
   * Adds a listener.
   *
   * @param events what it is told of, beside errors and hang-ups
   * @return what {@link #remove} takes
   */
  public Entry add(int events, Listener listener) {
    Entry entry = new Entry(events, listener);
    lock.lock();
    try {
      if (places.used == places.entries.length) {
        closeGaps();
      }
      places.append(entry);
      waiting++;
    } finally {
      lock.unlock();
    }
    return entry;
  }

  /** Removes a listener; nothing if it is not there. */
  public void remove(Entry entry) {
    lock.lock();
    try {
      if (entry.place < 0) {
        return;
      }
      places.entries[entry.place] = null;
      entry.place = -1;
      waiting--;
      int length = places.entries.length;
      if (waiting == 0 && length == PLACES_MIN) {
        places.used = 0;
      } else if (waiting == 0) {
        places = NOBODY;
      } else if (length > PLACES_MIN && waiting < length / SPARSE) {
        closeGaps();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Moves everybody to an array twice as large as need be. */
  @GuardedBy("lock")
  private void closeGaps() {
    Places fresh = new Places(Math.max(2 * waiting, PLACES_MIN));
    for (Entry entry : places.entries) {
      if (entry != null) {
        fresh.append(entry);
      }
    }
    places = fresh;
  }

  /** Tells everybody who wants one of the events; after the change that they are about. */
  public void wake(int events) {
    Places now = places;
    int used = now.used;
    for (int i = 0; i < used; i++) {
      Entry entry = now.entries[i];
      if (entry != null && (entry.events & events) != 0) {
        entry.listener.woken(events);
      }
    }
  }

  /** True if nobody waits. */
  public boolean isEmpty() {
    return places.used == 0;
  }

  /**
   * Parks the current thread, a virtual one, until something is ready.
   *
   * @param events which wakes to look after
   * @param ready asked first, and after every wake
   * @param deadline by System.nanoTime, {@link Long#MAX_VALUE} for none
   * @return false if the deadline has passed
   * @throws org.biscotti.kernel.abi.ErrnoException EINTR if a signal comes
   */
  public boolean await(int events, BooleanSupplier ready, long deadline) {
    Waiter waiter = new Waiter();
    Entry entry = add(events, waiter);
    try {
      while (!ready.getAsBoolean()) {
        if (!waiter.await(deadline)) {
          return ready.getAsBoolean();
        }
      }
      return true;
    } finally {
      remove(entry);
    }
  }
}

package org.biscotti.kernel.wait;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.biscotti.kernel.abi.Poll;

/**
 * Whoever waits for something to happen to one object: threads that are parked, and files that
 * watch others (epoll(7)).
 *
 * <p>There is no lock. The list is immutable and is exchanged, so a wake when nobody waits is one
 * volatile read, and a listener may itself wake others. A wake that comes after {@link #add} is
 * seen; whoever waits therefore adds itself first and then looks at what it waits for.
 */
public final class WaitQueue {
  private static final Entry[] NOBODY = {};
  private static final int ALWAYS_REPORTED = Poll.POLLERR | Poll.POLLHUP | Poll.CLOSED;

  private final AtomicReference<Entry[]> entries = new AtomicReference<>(NOBODY);

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
    entries.updateAndGet(now -> {
      Entry[] more = Arrays.copyOf(now, now.length + 1);
      more[now.length] = entry;
      return more;
    });
    return entry;
  }

  /** Removes a listener; nothing if it is not there. */
  public void remove(Entry entry) {
    entries.updateAndGet(now -> without(now, entry));
  }

  private static Entry[] without(Entry[] now, Entry entry) {
    int index = Arrays.asList(now).indexOf(entry);
    if (index < 0) {
      return now;
    }
    if (now.length == 1) {
      return NOBODY;
    }
    Entry[] fewer = new Entry[now.length - 1];
    System.arraycopy(now, 0, fewer, 0, index);
    System.arraycopy(now, index + 1, fewer, index, fewer.length - index);
    return fewer;
  }

  /** Tells everybody who wants one of the events; after the change that they are about. */
  public void wake(int events) {
    for (Entry entry : entries.get()) {
      if ((entry.events & events) != 0) {
        entry.listener.woken(events);
      }
    }
  }

  /** True if nobody waits. */
  public boolean isEmpty() {
    return entries.get().length == 0;
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

package org.biscotti.kernel.ipc;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.biscotti.kernel.abi.Epoll;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.wait.WaitQueue;
import org.jspecify.annotations.Nullable;

/**
 * A file that an {@link EpollFile} watches.
 *
 * <p>Events and data change under the epoll's lock. An item is in the epoll's list at most once:
 * {@code queued} says whether it is.
 *
 * <p>A file without a wait queue only calls once, when it is ready. It is asked to while somebody
 * waits; so an edge is seen only if the file was found not ready in between.
 */
final class EpollItem implements WaitQueue.Listener {
  private static final int ALWAYS_REPORTED = Poll.POLLERR | Poll.POLLHUP;

  private final EpollFile epoll;
  private final OpenFile file;
  private final int descriptor;
  private final AtomicBoolean queued = new AtomicBoolean();
  private final AtomicBoolean subscribed = new AtomicBoolean();
  private volatile int events;
  private volatile long data;
  private volatile WaitQueue.@Nullable Entry entry;
  private volatile boolean gone;
  private volatile boolean disabled;
  private long reportedIn = -1;

  EpollItem(EpollFile epoll, OpenFile file, int descriptor, int events, long data) {
    this.epoll = epoll;
    this.file = file;
    this.descriptor = descriptor;
    this.events = events;
    this.data = data;
  }

  OpenFile file() {
    return file;
  }

  int descriptor() {
    return descriptor;
  }

  /** As the program set them, EPOLLET and the like included. */
  int events() {
    return events;
  }

  long data() {
    return data;
  }

  void set(int newEvents, long newData) {
    data = newData;
    events = newEvents;
    disabled = false;
  }

  /** Enters the file's wait queue; false if it has none. */
  boolean watch() {
    WaitQueue queue = file.waitQueue();
    if (queue != null) {
      // What is watched may change, so the queue is to tell of everything.
      entry = queue.add(-1, this);
    }
    return queue != null;
  }

  /** Leaves the file's wait queue, for good. */
  void leave() {
    gone = true;
    WaitQueue queue = file.waitQueue();
    WaitQueue.Entry place = entry;
    if (queue != null && place != null) {
      queue.remove(place);
    }
  }

  /** What of the file is ready and watched. */
  int readyEvents() {
    int wanted = wanted();
    return wanted == 0 || gone || file.isClosed() ? 0 : file.readyEvents() & wanted;
  }

  /** The same, while epolls that watch each other are looked at. */
  int readyEvents(Map<EpollFile, Integer> known) {
    if (!(file instanceof EpollFile other)) {
      return readyEvents();
    }
    int wanted = wanted();
    return wanted == 0 || gone || file.isClosed() ? 0 : other.readyEvents(known) & wanted;
  }

  /** The events that count; none after EPOLLONESHOT has been reported. */
  private int wanted() {
    return disabled ? 0 : (events & ~Epoll.BEHAVIOUR) | ALWAYS_REPORTED;
  }

  @Override
  public void woken(int happened) {
    if ((happened & Poll.CLOSED) != 0 && file.isClosed()) {
      epoll.drop(this);
    } else if ((happened & wanted()) != 0) {
      enqueue();
    }
  }

  private void enqueue() {
    if (!gone && queued.compareAndSet(false, true)) {
      epoll.mayBeReady(this);
    }
  }

  /** Looks whether the file is ready now. */
  void look() {
    if (readyEvents() != 0) {
      enqueue();
    }
  }

  /** Asks a file without a wait queue to call, unless it has been asked. */
  void subscribe() {
    int wanted = wanted();
    if (file.isClosed()) {
      epoll.drop(this);
    } else if (wanted != 0
        && !queued.get()
        && readyEvents() == 0
        && subscribed.compareAndSet(false, true)) {
      file.onReady(
          wanted,
          () -> {
            subscribed.set(false);
            enqueue();
          });
    }
  }

  // ---- under the epoll's lock ----

  boolean wasReportedIn(long collection) {
    return reportedIn == collection;
  }

  void taken() {
    queued.set(false);
  }

  /**
   * It has been reported.
   *
   * @return true if it stays in the list: it is watched by level
   */
  boolean reported(long collection) {
    reportedIn = collection;
    if ((events & Epoll.EPOLLONESHOT) != 0) {
      disabled = true;
      return false;
    }
    return (events & Epoll.EPOLLET) == 0;
  }

  /** Puts it back, unless a wake has done so. */
  void requeue(List<EpollItem> again) {
    if (queued.compareAndSet(false, true)) {
      again.add(this);
    }
  }
}

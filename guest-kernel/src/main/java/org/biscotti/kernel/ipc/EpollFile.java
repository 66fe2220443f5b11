package org.biscotti.kernel.ipc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.biscotti.kernel.abi.Epoll;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.RankedLock;
import org.biscotti.kernel.wait.WaitQueue;

/**
 * Watches many files and says which are ready (epoll(7)).
 *
 * <p>Every watched file has an {@link EpollItem} in its wait queue. A wake puts the item into the
 * list of those that may be ready, without a lock, and wakes whoever waits here. Whoever collects
 * asks the files in that list; one that is not ready leaves it, and one that is, and is watched by
 * level, goes to its end.
 *
 * <p>An epoll may watch others. They form no cycle and no chain longer than {@link #LEVELS_MAX}, so
 * that a wake ends; the family's lock guards that.
 */
public final class EpollFile extends OpenFile {
  /** Most epolls in one chain. */
  static final int LEVELS_MAX = 6;

  /** What a watched file takes of the heap, about. */
  private static final int ITEM_BYTES = 256;

  /** What a program may watch together with EPOLLEXCLUSIVE. */
  private static final int WITH_EXCLUSIVE =
      Epoll.EPOLLEXCLUSIVE
          | Epoll.EPOLLWAKEUP
          | Epoll.EPOLLET
          | Poll.POLLIN
          | Poll.POLLOUT
          | Poll.POLLERR
          | Poll.POLLHUP;

  /** Which file is watched: a descriptor may come to mean another while the first is open. */
  private record Key(OpenFile file, int descriptor) {}

  private final Budget budget;

  /** To whom what is watched counts. */
  private final int owner;

  /** One for all epolls; held while one begins or ceases to watch another. */
  private final RankedLock family;

  private final RankedLock lock = new RankedLock(LockRank.EPOLL);
  private final WaitQueue queue = new WaitQueue();
  private final ConcurrentHashMap<Key, EpollItem> items = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<EpollItem> ready = new ConcurrentLinkedQueue<>();

  /** Items of files that have no wait queue. */
  private final CopyOnWriteArrayList<EpollItem> callers = new CopyOnWriteArrayList<>();

  /** Epolls that watch this one; guarded by the family's lock. */
  private final List<EpollFile> watchers = new ArrayList<>();

  @GuardedBy("lock")
  private long collections;

  EpollFile(Dentry dentry, Budget budget, int owner, RankedLock family) {
    super(dentry, Fcntl.O_RDWR);
    this.budget = budget;
    this.owner = owner;
    this.family = family;
  }

  /** Takes a ready file. */
  @FunctionalInterface
  public interface Sink {
    /**
     * Takes one.
     *
     * @return false if it could not be stored
     */
    boolean event(int events, long data);
  }

  // ---- epoll_ctl(2) ----

  /**
   * Watches a file.
   *
   * @throws ErrnoException EPERM if it never waits, EINVAL, EEXIST, ELOOP, ENOSPC
   */
  public void add(OpenFile file, int descriptor, int events, long data) {
    checkTarget(file);
    boolean isEpoll = file instanceof EpollFile;
    if ((events & Epoll.EPOLLEXCLUSIVE) != 0 && (isEpoll || (events & ~WITH_EXCLUSIVE) != 0)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    family.lock();
    try {
      if (items.containsKey(new Key(file, descriptor))) {
        throw ErrnoException.of(Errno.EEXIST);
      }
      if (file instanceof EpollFile other) {
        checkFamily(other);
      }
      budget.charge(ITEM_BYTES, owner, Errno.ENOSPC);
      if (file instanceof EpollFile other) {
        other.watchers.add(this);
      }
      EpollItem item = new EpollItem(this, file, descriptor, events, data);
      items.put(new Key(file, descriptor), item);
      if (!item.watch()) {
        callers.add(item);
      }
      // Closed by another thread meanwhile: then nobody would drop the item.
      if (isClosed() || file.isClosed()) {
        drop(item);
        throw ErrnoException.of(Errno.EBADF);
      }
      item.look();
    } finally {
      family.unlock();
    }
  }

  private void checkTarget(OpenFile file) {
    if (!file.isWaitable()) {
      throw ErrnoException.of(Errno.EPERM);
    }
    if (file.equals(this)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  /** Fails if this may not watch another: it would watch itself, or the chain becomes too long. */
  private void checkFamily(EpollFile other) {
    Map<EpollFile, Integer> below = new HashMap<>();
    int levels = other.levels(EpollFile::watched, below);
    if (below.containsKey(this)
        || levels + levels(epoll -> epoll.watchers, new HashMap<>()) > LEVELS_MAX) {
      throw ErrnoException.of(Errno.ELOOP);
    }
  }

  /** Epolls that this one watches. */
  private List<EpollFile> watched() {
    List<EpollFile> watched = new ArrayList<>();
    for (EpollItem item : items.values()) {
      if (item.file() instanceof EpollFile other) {
        watched.add(other);
      }
    }
    return watched;
  }

  /**
   * Length of the longest chain of epolls that starts here. Each is visited once, as there may be
   * very many ways to it.
   *
   * @param next where a chain goes on
   * @param known lengths that are known; afterwards of all that can be reached
   */
  private int levels(Function<EpollFile, List<EpollFile>> next, Map<EpollFile, Integer> known) {
    Integer before = known.get(this);
    if (before != null) {
      return before;
    }
    int longest = 0;
    for (EpollFile other : next.apply(this)) {
      longest = Math.max(longest, other.levels(next, known));
    }
    known.put(this, longest + 1);
    return longest + 1;
  }

  /**
   * Changes what of a file is watched.
   *
   * @throws ErrnoException ENOENT, EINVAL for EPOLLEXCLUSIVE, EPERM
   */
  public void modify(OpenFile file, int descriptor, int events, long data) {
    checkTarget(file);
    EpollItem item = find(file, descriptor);
    if (((events | item.events()) & Epoll.EPOLLEXCLUSIVE) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    lock.lock();
    try {
      item.set(events, data);
    } finally {
      lock.unlock();
    }
    item.look();
  }

  /**
   * No longer watches a file.
   *
   * @throws ErrnoException ENOENT, EPERM
   */
  public void remove(OpenFile file, int descriptor) {
    checkTarget(file);
    drop(find(file, descriptor));
  }

  private EpollItem find(OpenFile file, int descriptor) {
    EpollItem item = items.get(new Key(file, descriptor));
    if (item == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return item;
  }

  /** Forgets an item, also because its file has been closed. */
  void drop(EpollItem item) {
    if (!items.remove(new Key(item.file(), item.descriptor()), item)) {
      return;
    }
    item.leave();
    callers.remove(item);
    ready.remove(item);
    budget.release(ITEM_BYTES, owner);
    if (item.file() instanceof EpollFile other) {
      family.lock();
      try {
        other.watchers.remove(this);
      } finally {
        family.unlock();
      }
    }
  }

  // ---- epoll_wait(2) ----

  /** An item may be ready, and is not in the list yet. */
  void mayBeReady(EpollItem item) {
    ready.add(item);
    queue.wake(Poll.READABLE);
  }

  /**
   * Hands out what is ready, and waits until something is.
   *
   * @param max how many at most; positive
   * @param deadline by System.nanoTime, {@link Long#MAX_VALUE} for none
   * @return how many; 0 if the deadline has passed
   * @throws ErrnoException EINTR; EFAULT if not even one could be stored
   */
  public int await(int max, Sink sink, long deadline) {
    while (true) {
      int found = collect(max, sink);
      if (found > 0 || (deadline != Long.MAX_VALUE && deadline - System.nanoTime() <= 0)) {
        return found;
      }
      MustWait.unlessVirtual();
      callers.forEach(EpollItem::subscribe);
      queue.await(Poll.READABLE, () -> !ready.isEmpty(), deadline);
    }
  }

  private int collect(int max, Sink sink) {
    if (ready.isEmpty()) {
      return 0;
    }
    List<EpollItem> again = new ArrayList<>();
    lock.lock();
    try {
      return collect(max, sink, again);
    } finally {
      ready.addAll(again);
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private int collect(int max, Sink sink, List<EpollItem> again) {
    collections++;
    int found = 0;
    while (found < max) {
      EpollItem item = ready.poll();
      if (item == null) {
        break;
      }
      if (item.wasReportedIn(collections)) {
        again.add(item);
        continue;
      }
      // From here on a wake puts it back into the list, so that none is lost.
      item.taken();
      int events = item.readyEvents();
      if (events == 0) {
        continue;
      }
      if (!sink.event(events, item.data())) {
        item.requeue(again);
        if (found == 0) {
          throw ErrnoException.of(Errno.EFAULT);
        }
        break;
      }
      found++;
      if (item.reported(collections)) {
        item.requeue(again);
      }
    }
    return found;
  }

  // ---- as a file ----

  @Override
  public int readyEvents() {
    Map<EpollFile, Integer> known = null;
    for (EpollItem item : ready) {
      if (known == null && item.file() instanceof EpollFile) {
        known = new HashMap<>();
      }
      if ((known == null ? item.readyEvents() : item.readyEvents(known)) != 0) {
        return Poll.READABLE;
      }
    }
    return 0;
  }

  /** The same, where epolls that watch each other are looked at; each of them once. */
  int readyEvents(Map<EpollFile, Integer> known) {
    Integer before = known.get(this);
    if (before != null) {
      return before;
    }
    int events = 0;
    for (EpollItem item : ready) {
      if (item.readyEvents(known) != 0) {
        events = Poll.READABLE;
        break;
      }
    }
    known.put(this, events);
    return events;
  }

  @Override
  public WaitQueue waitQueue() {
    return queue;
  }

  @Override
  public long seek(long offset, int whence) {
    return 0;
  }

  @Override
  protected void closed() {
    // Nobody collects any more; then the items need not be looked for in the lists.
    ready.clear();
    callers.clear();
    items.values().forEach(this::drop);
  }
}

package org.biscotti.kernel.fs;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.RankedLock;
import org.biscotti.kernel.wait.WaitQueue;
import org.jspecify.annotations.Nullable;

/**
 * The advisory locks of parts of a file (fcntl(2), F_SETLK and F_OFD_SETLK).
 *
 * <p>A lock belongs to an owner: the descriptor table of a process, or for locks of open file
 * descriptions the description. Locks of one owner never overlap; what it locks again changes kind.
 */
public final class RecordLocks {
  /** Locks of one file, at most: they take heap. */
  private static final int LOCKS_MAX = 16_384;

  private final RankedLock lock = new RankedLock(LockRank.LEAF);
  private final WaitQueue changed = new WaitQueue();

  @GuardedBy("lock")
  private List<Held> locks = new ArrayList<>();

  RecordLocks() {}

  /**
   * A lock that somebody has.
   *
   * @param pid of the process, -1 for one of an open file description
   * @param first first byte
   * @param last last byte; {@link Long#MAX_VALUE} for the end, however far
   */
  public record Held(Object owner, int pid, long first, long last, boolean exclusive) {
    private boolean overlaps(long from, long to) {
      return first <= to && from <= last;
    }

    private Held between(long from, long to) {
      return new Held(owner, pid, from, to, exclusive);
    }

    private boolean conflictsWith(Held other) {
      return !owner.equals(other.owner)
          && overlaps(other.first, other.last)
          && (exclusive || other.exclusive);
    }
  }

  /** A lock of somebody else that stands in the way of one, or null (F_GETLK). */
  public @Nullable Held conflict(Held wanted) {
    lock.lock();
    try {
      return findConflict(wanted);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private @Nullable Held findConflict(Held wanted) {
    for (Held held : locks) {
      if (held.conflictsWith(wanted)) {
        return held;
      }
    }
    return null;
  }

  /**
   * Takes a lock, or changes the kind of what the owner has there.
   *
   * @param waits false to fail with EAGAIN instead of waiting
   * @param detects true to fail with EDEADLK if the owners would wait for each other
   * @throws ErrnoException EAGAIN, EDEADLK, ENOLCK, EINTR
   */
  public void lock(Held wanted, boolean waits, boolean detects) {
    while (true) {
      Held other = tryLock(wanted);
      if (other == null) {
        return;
      }
      if (!waits) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      LockWaits.Wait wait = LockWaits.begin(wanted.owner, other.owner, detects);
      try {
        MustWait.unlessVirtual();
        changed.await(Poll.POLLIN, () -> !other.equals(conflict(wanted)), Long.MAX_VALUE);
      } finally {
        LockWaits.end(wait);
      }
    }
  }

  private @Nullable Held tryLock(Held wanted) {
    lock.lock();
    try {
      Held other = findConflict(wanted);
      if (other != null) {
        return other;
      }
      replace(wanted.owner, wanted.first, wanted.last, wanted);
    } finally {
      lock.unlock();
    }
    changed.wake(Poll.POLLIN);
    return null;
  }

  /** Gives up what the owner has in a range. */
  public void unlock(Object owner, long first, long last) {
    lock.lock();
    try {
      replace(owner, first, last, null);
    } finally {
      lock.unlock();
    }
    changed.wake(Poll.POLLIN);
  }

  /** Puts a lock, or none, in the place of what the owner has in a range. */
  @GuardedBy("lock")
  private void replace(Object owner, long first, long last, @Nullable Held with) {
    List<Held> next = new ArrayList<>(locks.size() + 2);
    long from = first;
    long to = last;
    for (Held held : locks) {
      boolean mine = held.owner.equals(owner);
      if (mine && with != null && held.exclusive == with.exclusive && touches(held, from, to)) {
        from = Math.min(from, held.first);
        to = Math.max(to, held.last);
      } else if (mine && held.overlaps(first, last)) {
        keepRest(held, first, last, next);
      } else {
        next.add(held);
      }
    }
    if (with != null) {
      next.add(with.between(from, to));
    }
    if (next.size() > LOCKS_MAX && next.size() > locks.size()) {
      throw ErrnoException.of(Errno.ENOLCK);
    }
    int more = next.size() - locks.size();
    if (more > 0) {
      KernelMemory.HEAP.reserve(Kind.LOCK, more, Errno.ENOLCK);
    } else {
      KernelMemory.HEAP.release(Kind.LOCK, -more);
    }
    locks = next;
  }

  private static boolean touches(Held held, long from, long to) {
    return (held.last == Long.MAX_VALUE || held.last + 1 >= from)
        && (to == Long.MAX_VALUE || to + 1 >= held.first);
  }

  private static void keepRest(Held held, long first, long last, List<Held> into) {
    if (held.first < first) {
      into.add(held.between(held.first, first - 1));
    }
    if (held.last > last) {
      into.add(held.between(last + 1, held.last));
    }
  }
}

package org.biscotti.kernel.fs;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.RankedLock;
import org.jspecify.annotations.Nullable;

/**
 * The advisory lock of a whole file (flock(2)). It belongs to an open file description, so two
 * descriptions of one process keep each other out, too.
 */
public final class WholeFileLock {
  private final RankedLock lock = new RankedLock(LockRank.LEAF);
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final List<OpenFile> sharers = new ArrayList<>();

  @GuardedBy("lock")
  private @Nullable OpenFile owner;

  WholeFileLock() {}

  /**
   * Takes the lock, or changes the kind of lock that the description has. As in Linux, a change
   * gives up the old lock first.
   *
   * @param wait false to fail with EWOULDBLOCK instead of waiting
   * @throws ErrnoException EINTR if a signal comes while waiting, EBADF if the file is closed
   */
  public void lock(OpenFile by, boolean exclusive, boolean wait) {
    lock.lock();
    try {
      if (has(by, exclusive)) {
        return;
      }
      if (wait && !isFree(by, exclusive)) {
        MustWait.unlessVirtual();
      }
      drop(by);
      while (!isFree(by, exclusive)) {
        if (!wait) {
          throw ErrnoException.of(Errno.EAGAIN);
        }
        changed.await();
      }
      if (exclusive) {
        owner = by;
      } else {
        sharers.add(by);
      }
      by.holdsWholeFileLock();
      // Closed by another thread meanwhile: then nobody would give the lock up.
      if (by.isClosed()) {
        drop(by);
        throw ErrnoException.of(Errno.EBADF);
      }
    } catch (InterruptedException e) {
      throw ErrnoException.of(Errno.EINTR);
    } finally {
      lock.unlock();
    }
  }

  /** Gives the lock up, if the description has it. */
  public void unlock(OpenFile by) {
    lock.lock();
    try {
      drop(by);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private boolean has(OpenFile by, boolean exclusive) {
    return exclusive ? by.equals(owner) : sharers.contains(by);
  }

  @GuardedBy("lock")
  private boolean isFree(OpenFile by, boolean exclusive) {
    boolean othersShare = sharers.size() > (sharers.contains(by) ? 1 : 0);
    return (owner == null || by.equals(owner)) && !(exclusive && othersShare);
  }

  @GuardedBy("lock")
  private void drop(OpenFile by) {
    if (by.equals(owner)) {
      owner = null;
    }
    sharers.remove(by);
    changed.signalAll();
  }
}

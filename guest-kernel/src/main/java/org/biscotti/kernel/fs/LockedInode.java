package org.biscotti.kernel.fs;

import java.util.function.Supplier;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;
import org.jspecify.annotations.Nullable;

/** An inode that whoever makes a call locks. */
final class LockedInode extends RankedLock implements InodeAccess {
  private static final long serialVersionUID = 1L;

  LockedInode() {
    super(LockRank.INODE);
  }

  @Override
  public boolean enter() {
    lock();
    return true;
  }

  @Override
  public void leave() {
    unlock();
  }

  @Override
  public <T extends @Nullable Object> T call(Supplier<T> operation) {
    lock();
    try {
      return operation.get();
    } finally {
      unlock();
    }
  }

  @Override
  public void end() {}
}

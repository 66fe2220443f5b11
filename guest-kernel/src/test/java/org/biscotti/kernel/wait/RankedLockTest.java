package org.biscotti.kernel.wait;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The order of locks is checked wherever assertions are on, as they are in every test. */
@SuppressWarnings("LockNotBeforeTry") // what is tested is the taking, in every order
class RankedLockTest {
  private final RankedLock inode = new RankedLock(LockRank.INODE);
  private final RankedLock child = new RankedLock(LockRank.INODE);
  private final RankedLock cache = new RankedLock(LockRank.PAGE_CACHE);
  private final RankedLock otherCache = new RankedLock(LockRank.PAGE_CACHE);

  @Test
  void laterRanksMayFollow() {
    inode.lock();
    child.lock();
    cache.lock();
    cache.lock();
    cache.unlock();
    cache.unlock();
    child.unlock();
    inode.unlock();
    assertThat(inode.isHeldByCurrentThread()).isFalse();
  }

  @Test
  void earlierRanksMayNot() {
    cache.lock();
    assertThatThrownBy(inode::lock)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("INODE");
    assertThatThrownBy(otherCache::lock).isInstanceOf(AssertionError.class);
    cache.unlock();
    inode.lock();
    inode.unlock();
  }
}

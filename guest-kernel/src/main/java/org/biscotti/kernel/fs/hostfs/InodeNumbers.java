package org.biscotti.kernel.fs.hostfs;

import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;

/**
 * Inode numbers of host files, within one file system of the guest although they may be on several
 * of the host. The same file always has the same number.
 *
 * <p>A number has the host's inode number in its lower 48 bits and above them which host device it
 * is, counted from 1. So it cannot be that of a file made in memory, which are counted from 1. An
 * inode number of more than 48 bits, which no file system has in practice, is folded.
 */
final class InodeNumbers {
  private static final int INODE_BITS = 48;
  private static final long INODE_MASK = (1L << INODE_BITS) - 1;
  private static final int DEVICE_MASK = 0x7fff;

  private final RankedLock lock = new RankedLock(LockRank.LEAF);
  private final List<Long> devices = new ArrayList<>();

  /** The number of a file. */
  long number(long device, long inode) {
    long folded = (inode & INODE_MASK) ^ inode >>> INODE_BITS;
    return (long) indexOf(device) << INODE_BITS | folded;
  }

  private int indexOf(long device) {
    lock.lock();
    try {
      int index = devices.indexOf(device);
      if (index < 0) {
        index = devices.size();
        devices.add(device);
      }
      return index % DEVICE_MASK + 1;
    } finally {
      lock.unlock();
    }
  }
}

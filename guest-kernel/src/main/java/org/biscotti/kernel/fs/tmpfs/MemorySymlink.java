package org.biscotti.kernel.fs.tmpfs;

import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Symlink;

/** A symbolic link in memory. */
final class MemorySymlink extends Symlink {
  private static final long HEAP_BYTES = 320;

  /** Targets shorter than this (with their NUL) take no block in Linux' tmpfs. */
  private static final int INLINE_MAX = 128;

  private static final long BLOCKS_PER_PAGE = 8;

  private final MemoryFileSystem tmpfs;
  private final String target;

  MemorySymlink(MemoryFileSystem tmpfs, long number, String target, int uid, int gid) {
    super(tmpfs, number, 0777, uid, gid);
    this.tmpfs = tmpfs;
    this.target = target;
  }

  /** What a link takes of the heap, about. */
  static long heapBytes(String target) {
    return HEAP_BYTES + target.length();
  }

  @Override
  public String target(Caller caller) {
    return target;
  }

  @Override
  public long size() {
    return target.length();
  }

  @Override
  public long blocks() {
    return target.length() + 1 > INLINE_MAX ? BLOCKS_PER_PAGE : 0;
  }

  @Override
  protected void lastLinkGone() {
    tmpfs.uncharge(1, heapBytes(target));
  }
}

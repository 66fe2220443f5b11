package org.biscotti.kernel.fs.tmpfs;

import org.biscotti.kernel.fs.RegularFile;

/** A regular file whose contents are nowhere but in memory. */
final class MemoryFile extends RegularFile {
  /** What a file takes of the heap, about, with its locks and the index of its first pages. */
  static final long HEAP_BYTES = 512;

  private final MemoryFileSystem tmpfs;

  MemoryFile(MemoryFileSystem tmpfs, long number, int permissions, int uid, int gid) {
    super(tmpfs, number, permissions, uid, gid, tmpfs.frames(), 0);
    this.tmpfs = tmpfs;
  }

  @Override
  protected void died() {
    tmpfs.uncharge(1, HEAP_BYTES);
  }
}

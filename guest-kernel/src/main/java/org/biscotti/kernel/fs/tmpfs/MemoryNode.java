package org.biscotti.kernel.fs.tmpfs;

import org.biscotti.kernel.fs.SpecialFile;

/** A device node, a FIFO or the name of a socket in memory. */
final class MemoryNode extends SpecialFile {
  /** What a node takes of the heap, about. */
  static final long HEAP_BYTES = 320;

  private final MemoryFileSystem tmpfs;

  MemoryNode(MemoryFileSystem tmpfs, long number, int mode, long device, int uid, int gid) {
    super(tmpfs, number, mode, uid, gid, device, tmpfs.devices());
    this.tmpfs = tmpfs;
  }

  @Override
  protected void lastLinkGone() {
    tmpfs.uncharge(1, HEAP_BYTES);
  }
}

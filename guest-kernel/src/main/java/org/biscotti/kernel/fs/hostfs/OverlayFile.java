package org.biscotti.kernel.fs.hostfs;

import java.lang.foreign.MemorySegment;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.port.HostDirectory.Attributes;

/**
 * A file that is the host's until it is changed: changed pages stay in memory, all others still
 * come from the host. Pages that were read before the host changed and pages read after it can
 * differ in age; a file that became shorter gives EIO.
 */
final class OverlayFile extends HostBackedFile {
  /** What a file takes of the heap, about. */
  static final long HEAP_BYTES = 640;

  private final OverlayFileSystem overlay;
  private final HostHandle handle;
  private final long hostSize;
  private final long hostBlocks;
  private volatile boolean changed;

  OverlayFile(OverlayFileSystem overlay, long number, Attributes attributes, HostHandle handle) {
    super(overlay, number, attributes, overlay.memory());
    this.overlay = overlay;
    this.handle = handle;
    this.hostSize = attributes.size();
    this.hostBlocks = attributes.blocks();
  }

  /** Opens it on the host, too, so that a file the host does not let us read says so here. */
  @Override
  public OpenFile open(Dentry dentry, int flags, Caller caller) {
    OpenFile opened = super.open(dentry, flags, caller);
    boolean done = false;
    try {
      if (hostSize > 0) {
        handle.open(false);
      }
      done = true;
      return opened;
    } finally {
      if (!done) {
        opened.release();
      }
    }
  }

  @Override
  int readHost(long offset, MemorySegment to) {
    return handle.read(offset, to);
  }

  @Override
  void closeHost() {
    handle.close();
  }

  @Override
  long hostSize() {
    return hostSize;
  }

  @Override
  long hostBlocks() {
    return hostBlocks;
  }

  @Override
  boolean isClean() {
    return !changed;
  }

  @Override
  protected void written(long position, long bytes) {
    changed = true;
  }

  @Override
  protected void resized(long newSize) {
    changed = true;
  }

  @Override
  public long page(long index, boolean forWrite) {
    if (forWrite) {
      changed = true;
    }
    return super.page(index, forWrite);
  }

  @Override
  protected void died() {
    super.died();
    overlay.forget(handle.identity());
  }
}

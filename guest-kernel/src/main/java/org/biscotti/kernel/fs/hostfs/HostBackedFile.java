package org.biscotti.kernel.fs.hostfs;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.lang.foreign.MemorySegment;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.RegularFile;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.port.HostDirectory.Attributes;

/**
 * A regular file whose first bytes are a host file's. What is only read is not kept in frames,
 * since the host keeps it; what is mapped stays as long as memory is plentiful.
 */
abstract class HostBackedFile extends RegularFile {
  private static final long BLOCK = 512;

  /** Clean pages of unused files are given back when less than one frame in so many is free. */
  private static final int PLENTY = 4;

  HostBackedFile(FileSystem fileSystem, long number, Attributes attributes, FrameAllocator frames) {
    super(
        fileSystem,
        number,
        attributes.mode(),
        attributes.uid(),
        attributes.gid(),
        frames,
        Math.max(0, attributes.size()));
    takeOver(attributes);
  }

  /** Takes the host's attributes over, but for the size. */
  final void takeOver(Attributes attributes) {
    assign(
        attributes.mode(),
        attributes.uid(),
        attributes.gid(),
        attributes.links(),
        attributes.atimeNanos(),
        attributes.mtimeNanos(),
        attributes.ctimeNanos());
  }

  /** Reads until the segment is full or the host's file ends; returns the bytes read. */
  abstract int readHost(long offset, MemorySegment to);

  /** Nobody uses the file any more; a later {@link #readHost} may open it again. */
  abstract void closeHost();

  /** How many bytes the host is known to have. */
  abstract long hostSize();

  /** Space it is known to take there, in units of 512 bytes. */
  abstract long hostBlocks();

  /** True if every cached page is on the host as it is here. */
  abstract boolean isClean();

  @Override
  protected boolean keepsPagesRead() {
    return false;
  }

  @Override
  protected void fill(long page, long frameGpa) {
    long start = page << PAGE_SHIFT;
    long wanted = Math.min(PAGE_SIZE, hostSize() - start);
    if (wanted <= 0) {
      return;
    }
    MemorySegment frame = frames().memory().segment().asSlice(frameGpa, wanted);
    if (readHost(start, frame) < wanted) {
      throw ErrnoException.of(Errno.EIO);
    }
  }

  /** A neighbour of a page that was touched costs a copy from the host, less than a fault. */
  @Override
  public long nearbyPage(long index) {
    try {
      return isShort() ? cachedPage(index) : page(index, false);
    } catch (ErrnoException unavailable) {
      return 0;
    }
  }

  private boolean isShort() {
    return !frames().hasFree(frames().totalFrames() / PLENTY);
  }

  @Override
  protected void unused() {
    closeHost();
    if (isClean() && isShort()) {
      discardAll();
    }
  }

  /** Gives back what nobody uses; only while clean. */
  final void discardAll() {
    discard(0, Long.MAX_VALUE);
  }

  @Override
  protected void died() {
    closeHost();
  }

  /** What the host takes for it; once it was changed here, as if it had no hole. */
  @Override
  public long blocks() {
    return isClean() ? hostBlocks() : (size() + BLOCK - 1) / BLOCK;
  }
}

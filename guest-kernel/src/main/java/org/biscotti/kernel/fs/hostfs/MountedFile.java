package org.biscotti.kernel.fs.hostfs;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.lang.foreign.MemorySegment;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.InodeAccess;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.port.HostDirectory.Attributes;

/**
 * A file of a mounted host directory. Everything written is on the host before the call returns, so
 * the cache holds nothing that the host does not have. When size or times say that somebody else
 * changed the file, all cached pages are forgotten.
 *
 * <p>A shared mapping cannot be written: the host would not learn of it.
 */
final class MountedFile extends HostBackedFile implements MountedNode {
  private final HostHandle handle;
  private final MountedPlace place = new MountedPlace();

  /** What the host said of the contents that are cached; changed with the inode lock held. */
  private volatile Attributes seen;

  private volatile boolean lost;

  MountedFile(MountedFileSystem fileSystem, Attributes attributes, HostHandle handle) {
    super(fileSystem, fileSystem.number(attributes), attributes, fileSystem.memory());
    this.handle = handle;
    this.seen = attributes;
  }

  // ---- what the host says ----

  @Override
  public boolean is(Attributes attributes) {
    return handle.is(attributes) && !handle.isUnlinked();
  }

  MountedPlace place() {
    return place;
  }

  @Override
  public void placed(Dentry entry, MountedDirectory in) {
    place.set(entry, in);
    handle.moved(in.host(), entry.name());
  }

  @Override
  public void lost() {
    lost = true;
    discardAll();
  }

  @Override
  protected void unused() {
    super.unused();
    if (lost) {
      discardAll();
    }
  }

  /** Also for {@link OpenMounted}: asks the host what the file is now. */
  @Override
  protected void revalidate() {
    Attributes now = handle.attributes();
    if (now != null) {
      update(now);
    }
  }

  @Override
  public void update(Attributes attributes) {
    InodeAccess access = access();
    if (!access.enter()) {
      access.run(() -> update(attributes));
      return;
    }
    try {
      if (isSame(attributes, seen)) {
        takeOver(attributes);
        return;
      }
      // What was asked before the lock was taken may be older than our own last write.
      Attributes now = handle.attributes();
      if (now == null) {
        return;
      }
      takeOver(now);
      if (!isSame(now, seen)) {
        seen = now;
        reload(Math.max(0, now.size()));
      }
    } finally {
      access.leave();
    }
  }

  private static boolean isSame(Attributes one, Attributes other) {
    return one.size() == other.size()
        && one.mtimeNanos() == other.mtimeNanos()
        && one.ctimeNanos() == other.ctimeNanos();
  }

  /** After a change of our own: what the cache holds is what the host has. */
  private void noteOwnChange() {
    Attributes now = handle.attributes();
    if (now == null) {
      return;
    }
    seen = now;
    takeOver(now);
    if (now.size() != size()) {
      reload(Math.max(0, now.size()));
    }
  }

  // ---- opening, reading ----

  @Override
  public OpenFile open(Dentry dentry, int flags, Caller caller) {
    OpenFile opened = new OpenMounted(this, dentry, flags);
    boolean done = false;
    try {
      handle.open((flags & Fcntl.O_ACCMODE) != Fcntl.O_RDONLY);
      revalidate();
      done = true;
      return opened;
    } finally {
      if (!done) {
        opened.release();
      }
    }
  }

  /**
   * Asks the host again if a read would not: because it goes as far as the end that is known, or
   * pages are cached that it might come from.
   */
  void revalidateForRead(long end) {
    if (end < 0 || end > size() || cachedPages() > 0) {
      revalidate();
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
    return seen.size();
  }

  @Override
  long hostBlocks() {
    return seen.blocks();
  }

  @Override
  boolean isClean() {
    return true;
  }

  void syncHost() {
    handle.sync();
  }

  // ---- writing ----

  @Override
  protected void written(long position, long bytes) {
    try {
      long end = position + bytes;
      for (long at = position; at < end; ) {
        int within = (int) at & (PAGE_SIZE - 1);
        long count = Math.min(PAGE_SIZE - within, end - at);
        writePage(at, within, count);
        at += count;
      }
      noteOwnChange();
      backedUpTo(size());
      discard(position >>> PAGE_SHIFT, ((end - 1) >>> PAGE_SHIFT) + 1);
    } catch (ErrnoException failed) {
      giveUpChanges();
      throw failed;
    }
  }

  private void writePage(long at, int within, long count) {
    long frame = cachedPage(at >>> PAGE_SHIFT);
    if (frame == 0) {
      throw ErrnoException.of(Errno.EIO);
    }
    try {
      handle.write(at, frames().memory().segment().asSlice(frame + within, count));
    } finally {
      frames().release(frame);
    }
  }

  /** The host did not take what is in the cache: back to what the host has. */
  private void giveUpChanges() {
    Attributes now = handle.attributes();
    Attributes last = now == null ? seen : now;
    seen = last;
    reload(Math.max(0, last.size()));
  }

  @Override
  public void truncate(long newSize, long fileSizeLimit) {
    hold();
    try {
      access().run(() -> truncateHeld(newSize, fileSizeLimit));
    } finally {
      letGo();
    }
  }

  private void truncateHeld(long newSize, long fileSizeLimit) {
    if (newSize > size() && newSize > fileSizeLimit) {
      throw ErrnoException.FILE_SIZE_LIMIT;
    }
    handle.truncate(newSize);
    super.truncate(newSize, fileSizeLimit);
    noteOwnChange();
    backedUpTo(newSize);
  }

  @Override
  public void punchHole(long firstPage, long pageCount) {
    throw ErrnoException.of(Errno.EOPNOTSUPP);
  }

  // ---- mappings ----

  @Override
  public boolean tracksWrites() {
    return true;
  }

  @Override
  public boolean isSharedWritable() {
    return false;
  }

  @Override
  public long page(long index, boolean forWrite) {
    if (forWrite) {
      throw ErrnoException.of(Errno.EIO);
    }
    return super.page(index, false);
  }

  @Override
  public void sync(long firstPage, long pageCount) {
    handle.sync();
  }

  // ---- attributes ----

  @Override
  public void setPermissions(int permissions) {
    place.host().setPermissions(place.name(), permissions);
    super.setPermissions(permissions);
    noteOwnChange();
  }

  @Override
  public void setOwner(int newUid, int newGid) {
    place.host().setOwner(place.name(), newUid, newGid);
    super.setOwner(newUid, newGid);
    noteOwnChange();
  }

  @Override
  public void setTimes(long newAccessNanos, long newModifyNanos) {
    place.host().setTimes(place.name(), newAccessNanos, newModifyNanos);
    super.setTimes(newAccessNanos, newModifyNanos);
    noteOwnChange();
  }
}

package org.biscotti.kernel.fs;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.util.Arrays;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.FrameAllocator.Use;
import org.biscotti.kernel.mem.MappingListener;
import org.biscotti.kernel.mem.Mappings;
import org.biscotti.kernel.mem.PageSource;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;
import org.jspecify.annotations.Nullable;

/**
 * A regular file: bytes in page frames, with holes. Reads, writes and mappings all use the same
 * frames.
 *
 * <p>A file may have contents elsewhere, for example on the host: its first {@code backedSize}
 * bytes. A page of those that is not in the cache is brought in by {@link #fill} when it is first
 * touched. A page that is neither cached nor backed is a hole.
 *
 * <p>Locks: writes and changes of size hold the inode lock throughout; reads and page faults do
 * not. The page cache lock guards {@code pages}, {@code users} and {@code dead}, and every change
 * of {@code size} and {@code backedSize}; nothing is copied to or from a program under it.
 */
public abstract class RegularFile extends Inode implements PageSource {
  private static final int PAGE_MASK = PAGE_SIZE - 1;
  private static final long BLOCKS_PER_PAGE = PAGE_SIZE / 512;
  private static final int BATCH = 256;

  /** How many neighbouring pages are read or written at once, 4 MiB. */
  private static final int RUN_PAGES = 1024;

  private final FrameAllocator frames;
  private final RankedLock cacheLock = new RankedLock(LockRank.PAGE_CACHE);
  private final PageIndex pages = new PageIndex();
  private volatile long size;
  private long backedSize;
  private int users;
  private boolean dead;
  private volatile @Nullable Mappings mappings;
  private volatile @Nullable Dentry mappedAs;

  /**
   * Makes a regular file.
   *
   * @param permissions permission bits
   * @param backedSize how many bytes there are elsewhere; also the size of the file. 0 for a file
   *     that lives in memory only
   */
  protected RegularFile(
      FileSystem fileSystem,
      long number,
      int permissions,
      int uid,
      int gid,
      FrameAllocator frames,
      long backedSize) {
    super(fileSystem, number, Stat.S_IFREG | (permissions & Stat.PERMISSIONS), uid, gid);
    this.frames = frames;
    this.backedSize = backedSize;
    this.size = backedSize;
  }

  /**
   * Brings in a page of the backed part. Called with neither the page cache lock held nor, for
   * reads and faults, any other lock of the file; two threads may fill two frames for one page.
   *
   * @param page page number
   * @param frameGpa a frame full of zeroes, not yet visible to anybody
   * @throws ErrnoException EIO or what the backing says
   */
  protected void fill(long page, long frameGpa) {
    throw ErrnoException.of(Errno.EIO);
  }

  /**
   * True if pages that are only read stay in the cache. A file whose backing is itself a cache says
   * no: memory would fill up with what another process holds already. Pages that are mapped or
   * written stay in any case.
   */
  protected boolean keepsPagesRead() {
    return true;
  }

  /** Bytes were written to the cache; for files that write through. With the inode lock held. */
  protected void written(long position, long bytes) {}

  /** Makes what was written durable; for files that are elsewhere too. */
  protected void syncContents() {}

  /**
   * Refuses a change, for files that can be sealed. With the inode lock held.
   *
   * @param end where the change ends: if it writes, the file is at least so long afterwards; if it
   *     does not, it is exactly so long
   */
  protected void checkChange(long end, boolean writes) {}

  /** The size has been set; for files that write through. With the inode lock held. */
  protected void resized(long newSize) {}

  @Override
  public OpenFile open(Dentry dentry, int flags, Caller caller) {
    return new OpenRegular(this, dentry, flags);
  }

  @Override
  public final long size() {
    return size;
  }

  /** How many pages are cached, by a mapping for instance. */
  protected final long cachedPages() {
    cacheLock.lock();
    try {
      return pages.count();
    } finally {
      cacheLock.unlock();
    }
  }

  @Override
  public long blocks() {
    return cachedPages() * BLOCKS_PER_PAGE;
  }

  // ---- life ----

  @Override
  public final void hold() {
    cacheLock.lock();
    try {
      if (dead) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      users++;
    } finally {
      cacheLock.unlock();
    }
  }

  @Override
  public final void letGo() {
    cacheLock.lock();
    try {
      users--;
      dieIfUnused();
      if (users == 0 && !dead) {
        unused();
      }
    } finally {
      cacheLock.unlock();
    }
  }

  /** The last user is gone, a link is not; with the page cache lock held. */
  protected void unused() {}

  @Override
  protected final void lastLinkGone() {
    cacheLock.lock();
    try {
      dieIfUnused();
    } finally {
      cacheLock.unlock();
    }
  }

  private void dieIfUnused() {
    if (users == 0 && links() == 0 && !dead) {
      dead = true;
      pages.remove(0, Long.MAX_VALUE, frames::release);
      died();
      access().end();
    }
  }

  /** Neither a link nor a user is left; with the page cache lock held. */
  protected void died() {}

  // ---- reading ----

  /**
   * Reads at a position.
   *
   * @param position not negative
   * @return bytes read; less than there is room for at the end of the file or at a bad pointer
   */
  public final long read(UserBuffer to, long position) {
    long bytes = Math.min(to.remaining(), size - position);
    return to.isWorthParts(bytes)
        ? to.moveInParts(bytes, true, (part, offset) -> readPages(part, position + offset))
        : readPages(to, position);
  }

  private long readPages(UserBuffer to, long position) {
    long done = 0;
    while (to.remaining() > 0) {
      long at = position + done;
      long left = size - at;
      if (at < 0 || left <= 0) {
        break;
      }
      long moved = readRun(to, at, Math.min(left, to.remaining()));
      if (moved <= 0) {
        break;
      }
      done += moved;
      if (to.faulted()) {
        break;
      }
    }
    return done;
  }

  /** Reads from as many pages as lie next to each other; at least one byte, or faults. */
  private long readRun(UserBuffer to, long at, long want) {
    long page = at >>> PAGE_SHIFT;
    int within = (int) at & PAGE_MASK;
    long frame = findPage(page, false, keepsPagesRead());
    if (frame == 0) {
      return to.putZeroes(Math.min(want, PAGE_SIZE - within));
    }
    int count = retainNeighbours(page, frame, pagesIn(within + want));
    try {
      return to.putFrame(frame + within, Math.min(want, count * (long) PAGE_SIZE - within));
    } finally {
      releaseRun(frame, count);
    }
  }

  /**
   * Retains the frames of the pages after one whose frame is held, as far as they are in the cache
   * and lie next to each other.
   *
   * @param most how many pages are of use, with the first
   * @return how many are held now, with the first
   */
  private int retainNeighbours(long page, long frame, long most) {
    int limit = (int) Math.min(most, RUN_PAGES);
    if (limit <= 1) {
      return 1;
    }
    int count = 1;
    cacheLock.lock();
    try {
      while (count < limit && !isBeyondEnd(page + count)) {
        long next = frame + count * (long) PAGE_SIZE;
        if (pages.get(page + count) != next) {
          break;
        }
        frames.retain(next);
        count++;
      }
    } finally {
      cacheLock.unlock();
    }
    return count;
  }

  private void releaseRun(long frame, int count) {
    for (int i = 0; i < count; i++) {
      frames.release(frame + i * (long) PAGE_SIZE);
    }
  }

  /**
   * Copies bytes of the file to an array, for the kernel's own use.
   *
   * @return bytes copied; less than asked for at the end of the file
   */
  public final int read(byte[] to, int offset, int length, long position) {
    int done = 0;
    while (done < length) {
      long at = position + done;
      long left = size - at;
      if (at < 0 || left <= 0) {
        break;
      }
      int within = (int) at & PAGE_MASK;
      int want = (int) Math.min(Math.min(PAGE_SIZE - within, left), length - done);
      long frame = findPage(at >>> PAGE_SHIFT, false, keepsPagesRead());
      if (frame == 0) {
        Arrays.fill(to, offset + done, offset + done + want, (byte) 0);
      } else {
        try {
          frames.memory().copyTo(frame + within, to, offset + done, want);
        } finally {
          frames.release(frame);
        }
      }
      done += want;
    }
    return done;
  }

  /**
   * Finds a page and retains its frame.
   *
   * @param make true to make a page of zeroes in the place of a hole
   * @return 0 for a hole, and for a page beyond the end
   */
  private long findPage(long page, boolean make) {
    return findPage(page, make, true);
  }

  /** The same; unless {@code keep}, a page that has to be brought in is the caller's alone. */
  private long findPage(long page, boolean make, boolean keep) {
    boolean backed;
    cacheLock.lock();
    try {
      if (isBeyondEnd(page)) {
        return 0;
      }
      long frame = pages.get(page);
      if (frame != 0) {
        frames.retain(frame);
        return frame;
      }
      backed = isBacked(page);
    } finally {
      cacheLock.unlock();
    }
    return backed || make ? bringIn(page, backed, keep) : 0;
  }

  private long bringIn(long page, boolean backed, boolean keep) {
    long fresh = frames.allocate(backed ? Use.PROGRAM : Use.FILE);
    boolean used = false;
    try {
      if (backed) {
        fill(page, fresh);
      }
      cacheLock.lock();
      try {
        if (dead || isBeyondEnd(page)) {
          return 0;
        }
        long frame = pages.get(page);
        if (frame == 0) {
          frame = fresh;
          used = true;
          clearBeyondBacking(page, fresh);
          if (!keep) {
            used = true;
            return fresh;
          }
          pages.put(page, fresh);
        }
        frames.retain(frame);
        return frame;
      } finally {
        cacheLock.unlock();
      }
    } finally {
      if (!used) {
        frames.release(fresh);
      }
    }
  }

  /** Pages that so many bytes take; not negative, up to 2^63-1. */
  private static long pagesIn(long bytes) {
    return (bytes >>> PAGE_SHIFT) + ((bytes & PAGE_MASK) == 0 ? 0 : 1);
  }

  private boolean isBeyondEnd(long page) {
    return page >= pagesIn(size);
  }

  private boolean isBacked(long page) {
    return page < pagesIn(backedSize);
  }

  /** What was filled may be more than what is left of the backing after a truncation. */
  private void clearBeyondBacking(long page, long frame) {
    long valid = Math.max(0, backedSize - (page << PAGE_SHIFT));
    if (valid < PAGE_SIZE) {
      frames.memory().zero(frame + valid, PAGE_SIZE - valid);
    }
  }

  // ---- writing ----

  /**
   * Writes at a position, or at the end of the file.
   *
   * @param position not negative; ignored if {@code append}
   * @return the position after the last byte written in the file; the caller's count is how far the
   *     buffer has moved
   * @throws ErrnoException EFBIG at the limit, ENOSPC if not even one byte fits, EFAULT
   */
  final long write(UserBuffer from, long position, boolean append, Caller caller) {
    InodeAccess access = access();
    if (!access.enter()) {
      return access.call(() -> write(from, position, append, caller));
    }
    try {
      long start = append ? size : position;
      if (from.remaining() == 0) {
        return start;
      }
      long limit = caller.fileSizeLimit();
      if (start >= limit) {
        throw ErrnoException.FILE_SIZE_LIMIT;
      }
      from.limit(limit - start);
      checkChange(start + from.remaining(), true);
      dropPrivilegeBits(caller.credentials());
      touchModified(fileSystem().now());
      long done = writeBytes(from, start);
      if (done == 0) {
        throw ErrnoException.of(Errno.EFAULT);
      }
      written(start, done);
      return start + done;
    } finally {
      access.leave();
    }
  }

  /** Several threads write only where no new page is needed, so that none finds no memory. */
  private long writeBytes(UserBuffer from, long start) {
    long within = Math.min(from.remaining(), size - start);
    long present = from.isWorthParts(within) ? presentBytes(start, within) : 0;
    return from.isWorthParts(present)
        ? from.moveInParts(
            present, false, (part, offset) -> writePages(part, start + offset, offset > 0))
        : writePages(from, start, false);
  }

  /** How many bytes from a position on are in the cache without a gap. */
  private long presentBytes(long start, long bytes) {
    cacheLock.lock();
    try {
      long end = pages.nextAbsent(start >>> PAGE_SHIFT, pagesIn(start + bytes));
      return Math.clamp((end << PAGE_SHIFT) - start, 0, bytes);
    } finally {
      cacheLock.unlock();
    }
  }

  /** Writes; an error that follows upon other bytes of the same call only ends it. */
  private long writePages(UserBuffer from, long start, boolean follows) {
    long done = 0;
    while (from.remaining() > 0) {
      long at = start + done;
      long moved;
      try {
        moved = writeRun(from, at);
      } catch (ErrnoException e) {
        if (done > 0 || follows) {
          break;
        }
        throw e.errno() == Errno.ENOMEM ? ErrnoException.of(Errno.ENOSPC) : e;
      }
      done += moved;
      if (from.faulted()) {
        break;
      }
    }
    return done;
  }

  /**
   * Writes to as many pages as lie next to each other, or makes one; at least a byte, or faults.
   */
  private long writeRun(UserBuffer from, long at) {
    long page = at >>> PAGE_SHIFT;
    int within = (int) at & PAGE_MASK;
    long frame = findPage(page, false);
    if (frame == 0) {
      return writeFreshPage(from, page, within, Math.min(PAGE_SIZE - within, from.remaining()));
    }
    int count = retainNeighbours(page, frame, pagesIn(within + from.remaining()));
    try {
      long moved =
          from.takeFrame(
              frame + within, Math.min(from.remaining(), count * (long) PAGE_SIZE - within));
      grow(at + moved);
      return moved;
    } finally {
      releaseRun(frame, count);
    }
  }

  /** Fills a frame first and shows it then, so nobody sees what it held before. */
  private long writeFreshPage(UserBuffer from, long page, int within, long want) {
    long fresh = frames.allocateUninitialised(Use.FILE);
    boolean used = false;
    try {
      long moved = from.takeFrame(fresh + within, want);
      if (moved > 0) {
        frames.memory().zero(fresh, within);
        frames.memory().zero(fresh + within + moved, PAGE_SIZE - within - moved);
        used = show(page, fresh, within, moved);
      }
      return moved;
    } finally {
      if (!used) {
        frames.release(fresh);
      }
    }
  }

  /** Puts a new page in the cache, or its bytes in the one a page fault has put there meanwhile. */
  private boolean show(long page, long fresh, int within, long bytes) {
    cacheLock.lock();
    try {
      if (dead) {
        throw ErrnoException.of(Errno.EBADF);
      }
      long present = pages.get(page);
      if (present == 0) {
        pages.put(page, fresh);
      } else {
        frames.memory().copy(fresh + within, present + within, bytes);
      }
      size = Math.max(size, (page << PAGE_SHIFT) + within + bytes);
      return present == 0;
    } finally {
      cacheLock.unlock();
    }
  }

  private void grow(long end) {
    if (end > size) {
      cacheLock.lock();
      try {
        size = Math.max(size, end);
      } finally {
        cacheLock.unlock();
      }
    }
  }

  // ---- size and space ----

  @Override
  public void truncate(long newSize, long fileSizeLimit) {
    InodeAccess access = access();
    if (!access.enter()) {
      access.run(() -> truncate(newSize, fileSizeLimit));
      return;
    }
    try {
      long old = size;
      if (newSize > old && newSize > fileSizeLimit) {
        throw ErrnoException.FILE_SIZE_LIMIT;
      }
      checkChange(newSize, false);
      // Linux' tmpfs stamps a truncation to the same size only if there are pages it might drop.
      boolean stamps = newSize != old || blocks() > 0;
      setSize(newSize);
      if (stamps) {
        touchModified(fileSystem().now());
      }
      if (newSize != old) {
        resized(newSize);
      }
    } finally {
      access.leave();
    }
  }

  private void setSize(long newSize) {
    boolean shrinks;
    cacheLock.lock();
    try {
      shrinks = newSize <= size;
      size = newSize;
      backedSize = Math.min(backedSize, newSize);
    } finally {
      cacheLock.unlock();
    }
    if (!shrinks) {
      return;
    }
    long keep = pagesIn(newSize);
    Mappings mapped = mappings;
    if (mapped != null) {
      mapped.unmapRange(this, keep, Long.MAX_VALUE, true);
    }
    cacheLock.lock();
    try {
      pages.remove(keep, Long.MAX_VALUE, frames::release);
      long last = (newSize & PAGE_MASK) == 0 ? 0 : pages.get(newSize >>> PAGE_SHIFT);
      if (last != 0) {
        clearWithin(last, (int) newSize & PAGE_MASK, PAGE_SIZE);
      }
    } finally {
      cacheLock.unlock();
    }
  }

  private void clearWithin(long frame, int from, int to) {
    frames.memory().zero(frame + from, to - from);
  }

  /**
   * Provides space for a range (fallocate(2), mode 0 or FALLOC_FL_KEEP_SIZE).
   *
   * @throws ErrnoException EFBIG beyond the limit; ENOSPC, and then nothing has been provided
   */
  final void allocate(long offset, long length, boolean keepSize, Caller caller) {
    InodeAccess access = access();
    if (!access.enter()) {
      access.run(() -> allocate(offset, length, keepSize, caller));
      return;
    }
    try {
      long end = offset + length;
      if (end < 0) {
        throw ErrnoException.of(Errno.EFBIG);
      }
      if (end > size && end > caller.fileSizeLimit()) {
        throw ErrnoException.FILE_SIZE_LIMIT;
      }
      checkChange(Math.max(end, size), false);
      long from = offset >>> PAGE_SHIFT;
      long to = pagesIn(end);
      if (to - from > frames.totalFrames()) {
        throw ErrnoException.of(Errno.ENOSPC);
      }
      long oldSize = size;
      provide(from, to);
      if (!keepSize && end > oldSize) {
        grow(end);
        resized(end);
      }
      dropPrivilegeBits(caller.credentials());
      touchModified(fileSystem().now());
    } finally {
      access.leave();
    }
  }

  private void provide(long from, long to) {
    long page = from;
    try {
      for (; page < to; page++) {
        provide(page);
      }
    } catch (ErrnoException e) {
      giveBackBeyondEnd(from, page);
      throw e.errno() == Errno.ENOMEM ? ErrnoException.of(Errno.ENOSPC) : e;
    }
  }

  private void provide(long page) {
    cacheLock.lock();
    try {
      if (dead) {
        throw ErrnoException.of(Errno.EBADF);
      }
      if (pages.get(page) == 0 && !isBacked(page)) {
        pages.put(page, frames.allocate(Use.FILE));
      }
    } finally {
      cacheLock.unlock();
    }
  }

  /** Undoes what a failed allocation has put beyond the end, where nobody else can have a page. */
  private void giveBackBeyondEnd(long from, long to) {
    cacheLock.lock();
    try {
      long end = pagesIn(size);
      pages.remove(Math.max(from, end), to, frames::release);
    } finally {
      cacheLock.unlock();
    }
  }

  /** Makes a range read as zeroes and gives its whole pages back (FALLOC_FL_PUNCH_HOLE). */
  final void punch(long offset, long length, Credentials who) {
    InodeAccess access = access();
    if (!access.enter()) {
      access.run(() -> punch(offset, length, who));
      return;
    }
    try {
      checkChange(0, true);
      dropPrivilegeBits(who);
      long end = offset + length < 0 ? Long.MAX_VALUE : offset + length;
      punchWithin(offset, end);
      touchModified(fileSystem().now());
      written(offset, Math.max(0, Math.min(end, size) - offset));
    } finally {
      access.leave();
    }
  }

  private void punchWithin(long offset, long end) {
    long firstWhole = pagesIn(offset);
    long afterWhole = end >>> PAGE_SHIFT;
    if (firstWhole > afterWhole) {
      clearPart(offset >>> PAGE_SHIFT, (int) offset & PAGE_MASK, (int) end & PAGE_MASK);
      return;
    }
    if ((offset & PAGE_MASK) != 0) {
      clearPart(firstWhole - 1, (int) offset & PAGE_MASK, PAGE_SIZE);
    }
    if ((end & PAGE_MASK) != 0) {
      clearPart(afterWhole, 0, (int) end & PAGE_MASK);
    }
    dropPages(firstWhole, afterWhole);
  }

  private void clearPart(long page, int from, int to) {
    long frame = findPage(page, false);
    if (frame != 0) {
      clearWithin(frame, from, to);
      frames.release(frame);
    }
  }

  /** Takes whole pages out: first from the cache, then from the mappings, then gives them back. */
  private void dropPages(long from, long to) {
    zeroBackedPages(from, to);
    dropCached(Math.max(from, backedPages()), to);
  }

  private void dropCached(long start, long to) {
    long[] batch = new long[BATCH];
    int count;
    do {
      count = takeOut(start, to, batch);
      Mappings mapped = mappings;
      if (mapped != null && count > 0) {
        mapped.unmapRange(this, start, to - start, false);
      }
      for (int i = 0; i < count; i++) {
        frames.release(batch[i]);
      }
    } while (count == batch.length);
  }

  private int takeOut(long from, long to, long[] batch) {
    cacheLock.lock();
    try {
      int count = 0;
      for (long page = pages.next(from, to);
          page >= 0 && count < batch.length;
          page = pages.next(page + 1, to)) {
        int slot = count++;
        pages.remove(page, page + 1, frame -> batch[slot] = frame);
      }
      return count;
    } finally {
      cacheLock.unlock();
    }
  }

  /**
   * Forgets cached pages that nobody but the cache uses. All of the range must be in the backing as
   * it is in the cache.
   *
   * @param from first page
   * @param to page behind the last
   */
  protected final void discard(long from, long to) {
    cacheLock.lock();
    try {
      long end = Math.min(to, pagesIn(backedSize));
      for (long page = pages.next(from, end); page >= 0; page = pages.next(page + 1, end)) {
        if (frames.references(pages.get(page)) == 1) {
          pages.remove(page, page + 1, frames::release);
        }
      }
    } finally {
      cacheLock.unlock();
    }
  }

  /** The backing has taken over what the cache has of the file's first bytes. */
  protected final void backedUpTo(long bytes) {
    cacheLock.lock();
    try {
      backedSize = Math.min(bytes, size);
    } finally {
      cacheLock.unlock();
    }
  }

  /**
   * The backing was changed by somebody else: takes its new size over and forgets all pages, those
   * that are mapped included. With no lock held but the inode's.
   */
  protected final void reload(long newBackedSize) {
    cacheLock.lock();
    try {
      size = newBackedSize;
      backedSize = newBackedSize;
    } finally {
      cacheLock.unlock();
    }
    dropCached(0, Long.MAX_VALUE);
  }

  /** A page whose contents are elsewhere cannot just be forgotten: it would come back. */
  private void zeroBackedPages(long from, long to) {
    long end = Math.min(to, backedPages());
    for (long page = from; page < end; page++) {
      clearPart(page, 0, PAGE_SIZE);
    }
  }

  private long backedPages() {
    cacheLock.lock();
    try {
      return pagesIn(backedSize);
    } finally {
      cacheLock.unlock();
    }
  }

  /**
   * Where data or a hole next begins (lseek(2), SEEK_DATA and SEEK_HOLE).
   *
   * @throws ErrnoException ENXIO if the offset is not within the file, or no data follows
   */
  final long seekSparse(long offset, boolean data) {
    cacheLock.lock();
    try {
      if (offset < 0 || offset >= size) {
        throw ErrnoException.of(Errno.ENXIO);
      }
      long page = offset >>> PAGE_SHIFT;
      long end = pagesIn(size);
      long backed = pagesIn(backedSize);
      long found;
      if (data) {
        found = page < backed ? page : pages.next(page, end);
        if (found < 0) {
          throw ErrnoException.of(Errno.ENXIO);
        }
      } else {
        found = pages.nextAbsent(Math.max(page, backed), end);
        if (found >= end) {
          return size;
        }
      }
      return Math.max(offset, found << PAGE_SHIFT);
    } finally {
      cacheLock.unlock();
    }
  }

  // ---- mappings ----

  /** Notes under which name it is being mapped, for /proc/pid/maps. */
  final void mappedAs(Dentry dentry) {
    mappedAs = dentry;
  }

  @Override
  public long page(long index, boolean forWrite) {
    return findPage(index, true);
  }

  @Override
  public long cachedPage(long index) {
    cacheLock.lock();
    try {
      long frame = isBeyondEnd(index) ? 0 : pages.get(index);
      if (frame != 0) {
        frames.retain(frame);
      }
      return frame;
    } finally {
      cacheLock.unlock();
    }
  }

  /** Memory-only files need not know of writes through mappings. */
  @Override
  public boolean tracksWrites() {
    return false;
  }

  @Override
  public void opened(MappingListener mapping) {
    hold();
    cacheLock.lock();
    try {
      Mappings mapped = mappings;
      if (mapped == null) {
        mapped = new Mappings();
        mappings = mapped;
      }
      mapped.add(mapping);
    } finally {
      cacheLock.unlock();
    }
  }

  @Override
  public void closed(MappingListener mapping) {
    Mappings mapped = mappings;
    if (mapped == null) {
      throw new IllegalStateException("closed a mapping that was never opened");
    }
    mapped.remove(mapping);
    letGo();
  }

  @Override
  public void punchHole(long firstPage, long pageCount) {
    punch(firstPage << PAGE_SHIFT, pageCount << PAGE_SHIFT, Credentials.ROOT);
  }

  @Override
  public String pathForMaps() {
    Dentry dentry = mappedAs;
    return dentry == null ? "" : dentry.path(rootOf(dentry));
  }

  /** Paths in maps are as the whole machine sees them. */
  private static Dentry rootOf(Dentry dentry) {
    Dentry at = dentry;
    for (Dentry above = at.above(); above != null; above = at.above()) {
      at = above;
    }
    return at;
  }

  @Override
  public long device() {
    return fileSystem().device();
  }

  @Override
  public long inodeNumber() {
    return number();
  }

  /** Frames this file's pages come from. */
  protected final FrameAllocator frames() {
    return frames;
  }
}

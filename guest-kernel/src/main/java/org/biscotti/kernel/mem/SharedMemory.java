package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.util.concurrent.atomic.AtomicLong;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;

/**
 * The object behind MAP_SHARED | MAP_ANONYMOUS: zeroed pages of its own, of a fixed size, that go
 * when the last mapping does. Its lock is a leaf.
 */
final class SharedMemory implements PageSource {
  /** Device 0:1, as Linux shows for its internal tmpfs. */
  private static final long DEVICE = 1;

  private static final AtomicLong INODES = new AtomicLong(1);

  private final FrameAllocator frames;
  private final GuestMemory memory;
  private final long pages;
  private final long inode = INODES.getAndIncrement();
  private final Mappings mappings = new Mappings();
  private final RankedLock lock = new RankedLock(LockRank.PAGE_CACHE);

  /** The frames by page number; guarded by {@link #lock}. */
  private final PageTables store;

  /**
   * An object with no page yet.
   *
   * @param pages its size, at most 2^35
   */
  SharedMemory(FrameAllocator frames, long pages) {
    this.frames = frames;
    this.memory = frames.memory();
    this.pages = pages;
    this.store = new PageTables(frames, new long[0]);
  }

  @Override
  public long page(long index, boolean forWrite) {
    if (index < 0 || index >= pages) {
      return 0;
    }
    lock.lock();
    try {
      long at = store.makeEntryAddress(index << PAGE_SHIFT);
      long gpa = memory.getLong(at);
      if (gpa == 0) {
        gpa = frames.allocate(FrameAllocator.Use.PROGRAM);
        memory.setLong(at, gpa);
      }
      frames.retain(gpa);
      return gpa;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long cachedPage(long index) {
    if (index < 0 || index >= pages) {
      return 0;
    }
    lock.lock();
    try {
      long gpa = store.entry(index << PAGE_SHIFT);
      if (gpa != 0) {
        frames.retain(gpa);
      }
      return gpa;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long nearbyPage(long index) {
    if (frames.isScarce()) {
      return cachedPage(index);
    }
    try {
      return page(index, false);
    } catch (ErrnoException _) {
      return 0;
    }
  }

  @Override
  public boolean tracksWrites() {
    return false;
  }

  @Override
  public void opened(MappingListener mapping) {
    mappings.add(mapping);
  }

  @Override
  public void closed(MappingListener mapping) {
    mappings.remove(mapping);
    if (mappings.isEmpty()) {
      lock.lock();
      try {
        store.unlink();
        store.collect(frames::release);
      } finally {
        lock.unlock();
      }
    }
  }

  @Override
  public void punchHole(long firstPage, long pageCount) {
    long[] dropped = new long[PageTables.ENTRIES];
    long end = Math.min(pages, firstPage + pageCount) << PAGE_SHIFT;
    long at = firstPage << PAGE_SHIFT;
    while (at < end) {
      int count;
      long tableEnd;
      lock.lock();
      try {
        at = store.skipAbsent(at, end);
        tableEnd = PageTables.tableEnd(at, end);
        count = dropTable(at, tableEnd, dropped);
      } finally {
        lock.unlock();
      }
      long tablePages = (tableEnd - at) >> PAGE_SHIFT;
      mappings.unmapRange(this, at >> PAGE_SHIFT, tablePages, false);
      for (int i = 0; i < count; i++) {
        frames.release(dropped[i]);
      }
      at = tableEnd;
    }
  }

  /** Takes the frames of one table's range out of the store. */
  private int dropTable(long from, long to, long[] dropped) {
    int count = 0;
    for (long at = from; at < to; at += PAGE_SIZE) {
      long gpa = store.entry(at);
      if (gpa != 0) {
        memory.setLong(store.entryAddress(at), 0);
        dropped[count++] = gpa;
      }
    }
    return count;
  }

  @Override
  public String pathForMaps() {
    return "/dev/zero (deleted)";
  }

  @Override
  public long device() {
    return DEVICE;
  }

  @Override
  public long inodeNumber() {
    return inode;
  }
}

package org.biscotti.kernel.mem;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;

/**
 * What a file mapping maps: the pages of one object, by number, as frames of its page cache.
 *
 * <p>Lock order: all methods may be called with the lock of an {@link AddressSpace} held. So an
 * implementation takes only locks that it never holds while it touches user memory or calls {@link
 * MappingListener#unmapRange}.
 *
 * <p>To cut a file short: first make {@link #page} return 0 for what is to go, then, with no lock
 * held, call {@link Mappings#unmapRange}, then release the cache's own references. A fault that got
 * its page before the first step has finished before the second step looks.
 */
public interface PageSource {
  /**
   * The frame that holds a page.
   *
   * @param index page number in the object, from 0
   * @param forWrite true if the page is about to be written through a shared mapping; it may then
   *     change, without further notice, until the last mapping is {@link #closed}
   * @return the frame's guest-physical address, retained once for the caller, or 0 if the page lies
   *     wholly beyond the end of the object (the access is then SIGBUS)
   * @throws ErrnoException ENOMEM if there is no frame; any other error makes the access SIGBUS
   */
  long page(long index, boolean forWrite);

  /**
   * The frame of a page that is there already, for mapping around a fault and for mincore(2).
   *
   * @param index page number in the object
   * @return the frame, retained once for the caller, or 0 if getting it would cost anything
   */
  default long cachedPage(long index) {
    return 0;
  }

  /**
   * Like {@link #cachedPage}, but a page that is cheap to make may be made: somebody touched its
   * neighbour.
   */
  default long nearbyPage(long index) {
    return cachedPage(index);
  }

  /**
   * True if {@link #page} has to be told of the first write to each page of a shared mapping. An
   * object that lives in memory only need not know, and saves the fault.
   */
  default boolean tracksWrites() {
    return true;
  }

  /**
   * False if a shared mapping of this object cannot be written through: asking for one fails with
   * ENODEV (mmap(2)), and one that was mapped for reading stays so.
   */
  default boolean isSharedWritable() {
    return true;
  }

  /** A mapping of this object came to be, or was split in two; called once for each. */
  void opened(MappingListener mapping);

  /** A mapping of this object is gone, or was merged; called once for each {@link #opened}. */
  void closed(MappingListener mapping);

  /**
   * Makes pages durable (msync(2) with MS_SYNC). Called with no lock held; may wait.
   *
   * @param firstPage number of the first page
   * @param pageCount how many
   */
  default void sync(long firstPage, long pageCount) {}

  /**
   * Makes pages read as zeroes and frees their storage (madvise(2) with MADV_REMOVE, fallocate(2)
   * with FALLOC_FL_PUNCH_HOLE). Called with no lock held.
   *
   * @throws ErrnoException EOPNOTSUPP if the object cannot have holes
   */
  default void punchHole(long firstPage, long pageCount) {
    throw ErrnoException.of(Errno.EOPNOTSUPP);
  }

  /** The last column of /proc/pid/maps: a path, or a name in brackets. */
  String pathForMaps();

  /** Device number as in {@code st_dev}. */
  long device();

  /** Inode number. */
  long inodeNumber();
}

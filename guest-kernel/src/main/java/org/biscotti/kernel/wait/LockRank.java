package org.biscotti.kernel.wait;

/**
 * The order in which locks may be taken, first to last. Whoever holds a lock may take only locks of
 * a later rank, or of its own rank where that one allows it.
 *
 * <p>{@link RankedLock} checks it under {@code -ea}.
 */
public enum LockRank {
  /** Position of an open file: read, write and lseek on one description take turns (read(2)). */
  FILE_POSITION(false),
  /** Connections and names of sockets; making the name of one takes its directory's lock. */
  SOCKETS(false),
  /** Which epolls watch each other; then what one of them watches. */
  EPOLL(true),
  /** The shape of one file system's tree; held by whatever moves a directory. */
  RENAME(false),
  /**
   * An inode: a parent before its child, a directory before what is none, else the lower number.
   */
  INODE(true),
  /** Bytes in flight, of a pipe or a socket: of two, the one with the lower number first. */
  STREAM(true),
  /**
   * Mappings and page tables of one process; a fault takes it while memory is copied. A parent's
   * before its new child's, which nobody else can have.
   */
  ADDRESS_SPACE(true),
  /** The page cache of one file. A leaf: under it nothing is copied to or from a program. */
  PAGE_CACHE(false),
  /** A table with no lock below it, for example of file descriptors. */
  LEAF(false);

  private final boolean nests;

  LockRank(boolean nests) {
    this.nests = nests;
  }

  /** True if a lock of this rank may be taken while another of the same rank is held. */
  public boolean nests() {
    return nests;
  }
}

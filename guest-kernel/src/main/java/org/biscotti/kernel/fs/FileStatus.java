package org.biscotti.kernel.fs;

/**
 * What stat(2) tells of a file. One instance is filled again and again, so that a call of the stat
 * family allocates nothing. Sizes are in bytes, times in nanoseconds since 1970.
 */
public final class FileStatus {
  public long device;
  public long inode;
  public int mode;
  public long links;
  public int uid;
  public int gid;

  /** Device number of a device node, else 0. */
  public long specialDevice;

  public long size;

  /** Preferred size of reads and writes. */
  public long blockSize;

  /** Space taken, in units of 512 bytes. */
  public long blocks;

  public long accessNanos;
  public long modifyNanos;
  public long changeNanos;

  /** When the file was made. */
  public long birthNanos;
}

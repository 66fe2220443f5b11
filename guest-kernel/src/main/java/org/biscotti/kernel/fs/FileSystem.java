package org.biscotti.kernel.fs;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;
import org.jspecify.annotations.Nullable;

/**
 * A file system and its mount in one: a superblock, its options, and the place in the tree where it
 * is. (A file system is mounted once, so the two need not be told apart.)
 */
public abstract class FileSystem {
  /** Anonymous device numbers: major 0, minors handed out from here on. */
  private static final AtomicInteger NEXT_MINOR = new AtomicInteger(20);

  private final String type;
  private final String source;
  private final int mountFlags;
  private final Clock clock;
  private final InodePolicy inodes;
  private final long device = Stat.device(0, NEXT_MINOR.getAndIncrement());
  private final AtomicLong nextInode = new AtomicLong(1);
  private final RankedLock renameLock = new RankedLock(LockRank.RENAME);
  private final AtomicInteger renameSequence = new AtomicInteger();
  private volatile @Nullable Dentry mountPoint;

  /**
   * Makes a file system whose inodes have a lock each.
   *
   * @param type name in /proc/filesystems
   * @param source what /proc/mounts shows as the device
   * @param mountFlags ST_RDONLY, ST_NOSUID, ST_NODEV, ST_NOEXEC, ST_NOATIME, ST_RELATIME
   * @param clock for time stamps
   */
  protected FileSystem(String type, String source, int mountFlags, Clock clock) {
    this(type, source, mountFlags, clock, InodeLocks.POLICY);
  }

  /** The same with another policy for its inodes. */
  protected FileSystem(
      String type, String source, int mountFlags, Clock clock, InodePolicy inodes) {
    this.type = type;
    this.source = source;
    this.mountFlags = mountFlags;
    this.clock = clock;
    this.inodes = inodes;
  }

  /** The root directory's dentry. */
  public abstract Dentry root();

  /** Size and use (statfs(2)). */
  public abstract FileSystemStatus status();

  /** Options of this type of file system in /proc/mounts, for example "size=1k"; may be empty. */
  public String options() {
    return "";
  }

  /** Writes what is not yet on the device (syncfs(2)). */
  public void sync() {}

  public final String type() {
    return type;
  }

  public final String source() {
    return source;
  }

  /** ST_ flags. */
  public final int mountFlags() {
    return mountFlags;
  }

  public final boolean isReadOnly() {
    return (mountFlags & Stat.ST_RDONLY) != 0;
  }

  /** {@code st_dev} of its files. */
  public final long device() {
    return device;
  }

  /** A number no other inode of this file system has. */
  public final long newInodeNumber() {
    return nextInode.getAndIncrement();
  }

  /** Present time in nanoseconds since 1970, for time stamps. */
  public final long now() {
    return clock.realtimeNanos();
  }

  /** How to get at one more inode. */
  final InodeAccess newAccess() {
    return inodes.newAccess();
  }

  public final Clock clock() {
    return clock;
  }

  /** The directory it is mounted on; null for the root file system and for unmounted ones. */
  public final @Nullable Dentry mountPoint() {
    return mountPoint;
  }

  /**
   * Mounts this file system.
   *
   * @param directory what its root covers from now on
   */
  public final void mountOn(Dentry directory) {
    if (!directory.inode().isDirectory() || directory.mounted() != null || mountPoint != null) {
      throw new IllegalStateException("cannot mount there");
    }
    mountPoint = directory;
    directory.setMounted(root());
  }

  /** Held by whoever moves a directory, and by any rename between two directories. */
  final RankedLock renameLock() {
    return renameLock;
  }

  /** Even while no name is being changed; names read between two equal even values are right. */
  final int renameSequence() {
    return renameSequence.get();
  }

  /** Changes a dentry's place so that readers of paths see the old or the new one. */
  public final void move(Dentry dentry, Dentry parent, String name) {
    renameSequence.incrementAndGet();
    try {
      dentry.place(parent, name);
    } finally {
      renameSequence.incrementAndGet();
    }
  }
}

package org.biscotti.kernel.fs.hostfs;

import java.util.concurrent.atomic.AtomicLong;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.FileSystemStatus;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.HostDirectory.Attributes;

/**
 * A host directory as it is now, read-only unless the user said otherwise. Programs get no rights
 * from set-user-ID bits in it, and device nodes do not exist.
 */
public final class MountedFileSystem extends FileSystem {
  /** HOSTFS_SUPER_MAGIC (linux/magic.h). */
  private static final long MAGIC = 0x00C0_FFEEL;

  /** What a file takes of the heap, about, with its name and its position in a listing. */
  private static final long ENTRY_HEAP_BYTES = 1024;

  /** Part of the heap that names may take, one in so many. */
  private static final long HEAP_SHARE = 8;

  private final InodeNumbers numbers = new InodeNumbers();
  private final AtomicLong entries = new AtomicLong();
  private final long entriesMax = Runtime.getRuntime().maxMemory() / HEAP_SHARE / ENTRY_HEAP_BYTES;
  private final FrameAllocator frames;
  private final Dentry root;

  /**
   * Makes the file system.
   *
   * @param source what /proc/mounts shows as the device
   * @param host the directory; {@link HostDirectory#writable} decides whether it can be changed
   * @param frames where pages go that are mapped
   * @throws ErrnoException what the host says when asked for the directory's attributes
   */
  public MountedFileSystem(String source, HostDirectory host, Clock clock, FrameAllocator frames) {
    super("hostfs", source, flags(host), clock);
    this.frames = frames;
    this.root = new MountedDirectory(this, host.attributes(), host).named(null, "");
  }

  private static int flags(HostDirectory host) {
    return Stat.ST_NOSUID | Stat.ST_NODEV | (host.writable() ? 0 : Stat.ST_RDONLY);
  }

  @Override
  public Dentry root() {
    return root;
  }

  /** Sizes are 0: how full the host is, is not the guest's business. */
  @Override
  public FileSystemStatus status() {
    return new FileSystemStatus(MAGIC, GuestMemory.PAGE_SIZE, 0, 0, 0, 0);
  }

  /** Notes that a name is remembered; false if there are too many. */
  boolean reserveEntry() {
    if (entries.incrementAndGet() <= entriesMax) {
      return true;
    }
    entries.decrementAndGet();
    return false;
  }

  /** A name was forgotten. */
  void releaseEntry() {
    entries.decrementAndGet();
  }

  FrameAllocator memory() {
    return frames;
  }

  long number(Attributes attributes) {
    return numbers.number(attributes.device(), attributes.inode());
  }

  long number(long device, long inode) {
    return numbers.number(device, inode);
  }
}

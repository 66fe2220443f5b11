package org.biscotti.kernel.fs.tmpfs;

import java.util.concurrent.atomic.AtomicLong;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Devices;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.FileSystemStatus;
import org.biscotti.kernel.fs.InodePolicy;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.GuestMemory;

/**
 * A tmpfs. It may grow until memory is full, then writing fails with ENOSPC. Inodes are limited to
 * one for every two frames, as Linux does by default, and the heap that names and inodes take to a
 * quarter of the JVM's.
 */
public class MemoryFileSystem extends FileSystem {
  private static final long MAGIC = 0x01021994L;
  private static final long HEAP_SHARE = 4;

  private final FrameAllocator frames;
  private final Devices devices;
  private final long inodesMax;
  private final long heapBytesMax = Runtime.getRuntime().maxMemory() / HEAP_SHARE;
  private final AtomicLong inodes = new AtomicLong();
  private final AtomicLong heapBytes = new AtomicLong();
  private final Dentry root;

  /**
   * Makes an empty file system.
   *
   * @param type name in /proc/filesystems, "tmpfs" or "devtmpfs"
   * @param source what /proc/mounts shows as the device
   * @param mountFlags ST_ flags
   * @param rootPermissions permission bits of the root directory, which belongs to user 0
   * @param devices who opens device nodes
   * @param policy how calls get at an inode
   */
  @SuppressWarnings("this-escape") // the root only keeps the reference
  public MemoryFileSystem(
      String type,
      String source,
      int mountFlags,
      int rootPermissions,
      Clock clock,
      FrameAllocator frames,
      Devices devices,
      InodePolicy policy) {
    super(type, source, mountFlags, clock, policy);
    this.frames = frames;
    this.devices = devices;
    inodesMax = Math.max(frames.totalFrames() / 2, 1);
    MemoryDirectory directory = new MemoryDirectory(this, newInodeNumber(), rootPermissions, 0, 0);
    charge(1, MemoryDirectory.HEAP_BYTES);
    root = directory.named(null, "");
  }

  @Override
  public Dentry root() {
    return root;
  }

  @Override
  public FileSystemStatus status() {
    return new FileSystemStatus(
        MAGIC,
        GuestMemory.PAGE_SIZE,
        frames.totalFrames(),
        frames.freeFrames(),
        inodesMax,
        Math.max(0, inodesMax - inodes.get()));
  }

  /** Where contents of files go. */
  protected final FrameAllocator frames() {
    return frames;
  }

  final Devices devices() {
    return devices;
  }

  /**
   * Reserves room for inodes and names.
   *
   * @param bytes what they take of the heap, roughly
   * @throws ErrnoException ENOSPC if there is none; nothing is then reserved
   */
  protected final void charge(int inodeCount, long bytes) {
    long inodesNow = inodes.addAndGet(inodeCount);
    long heapBytesNow = heapBytes.addAndGet(bytes);
    boolean within = inodesNow <= inodesMax && heapBytesNow <= heapBytesMax;
    if (!within || !KernelMemory.HEAP.tryReserve(Kind.BYTE, bytes)) {
      inodes.addAndGet(-inodeCount);
      heapBytes.addAndGet(-bytes);
      throw ErrnoException.of(Errno.ENOSPC);
    }
  }

  /** Gives room back. */
  protected final void uncharge(int inodeCount, long bytes) {
    inodes.addAndGet(-inodeCount);
    heapBytes.addAndGet(-bytes);
    KernelMemory.HEAP.release(Kind.BYTE, bytes);
  }
}

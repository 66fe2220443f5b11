package org.biscotti.kernel.fs.hostfs;

import java.util.concurrent.ConcurrentHashMap;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Devices;
import org.biscotti.kernel.fs.InodePolicy;
import org.biscotti.kernel.fs.tmpfs.MemoryFileSystem;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.HostDirectory.Attributes;

/**
 * A tmpfs that starts out with the contents of a host directory, which it never changes.
 *
 * <p>Files that have several names on the host are one file here, too. A file with names outside
 * the mounted directory never loses its last one; its frames are then kept until the machine ends.
 */
public final class OverlayFileSystem extends MemoryFileSystem {
  private static final int ROOT_PERMISSIONS = 0755;

  private final InodeNumbers numbers = new InodeNumbers();
  private final ConcurrentHashMap<HostHandle.Identity, OverlayFile> linked =
      new ConcurrentHashMap<>();
  private final Dentry root;

  /**
   * Makes the file system.
   *
   * @param source what /proc/mounts shows as the device
   * @param mountFlags ST_ flags
   * @param host the directory whose contents it starts out with
   * @param frames where contents go
   * @param devices who opens device nodes that are made in it
   * @param policy how calls get at an inode
   * @throws ErrnoException what the host says when asked for the directory's attributes
   */
  public OverlayFileSystem(
      String source,
      int mountFlags,
      HostDirectory host,
      Clock clock,
      FrameAllocator frames,
      Devices devices,
      InodePolicy policy) {
    super("overlay", source, mountFlags, ROOT_PERMISSIONS, clock, frames, devices, policy);
    Attributes attributes = host.attributes();
    root = new OverlayDirectory(this, number(attributes), attributes, host).named(null, "");
  }

  @Override
  public Dentry root() {
    return root;
  }

  FrameAllocator memory() {
    return frames();
  }

  long number(Attributes attributes) {
    return number(attributes.device(), attributes.inode());
  }

  long number(long device, long inode) {
    return numbers.number(device, inode);
  }

  /**
   * The file with the given attributes, made if it was not met under another name before.
   *
   * @throws ErrnoException ENOMEM
   */
  OverlayFile file(Attributes attributes, HostDirectory directory, String name) {
    if (attributes.links() <= 1) {
      return newFile(attributes, directory, name);
    }
    HostHandle.Identity identity = HostHandle.Identity.of(attributes);
    return linked.computeIfAbsent(identity, _ -> newFile(attributes, directory, name));
  }

  private OverlayFile newFile(Attributes attributes, HostDirectory directory, String name) {
    take(OverlayFile.HEAP_BYTES);
    HostHandle handle = new HostHandle(directory, name, attributes);
    return new OverlayFile(this, number(attributes), attributes, handle);
  }

  /** A file has lost its last name. */
  void forget(HostHandle.Identity identity) {
    linked.remove(identity);
    giveBack(OverlayFile.HEAP_BYTES);
  }

  /**
   * Reserves heap for something of the host's. It is no new file, so it does not count as one.
   *
   * @throws ErrnoException ENOMEM if there is none
   */
  void take(long bytes) {
    try {
      charge(0, bytes);
    } catch (ErrnoException full) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  /** Gives heap back. */
  void giveBack(long bytes) {
    uncharge(0, bytes);
  }
}

package org.biscotti.kernel.ipc;

import java.util.concurrent.atomic.AtomicInteger;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.InodeAccess;
import org.biscotti.kernel.fs.RegularFile;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.mem.MappingListener;

/**
 * A file in memory without a name (memfd_create(2)), which can be sealed against changes.
 *
 * <p>Seals change under the inode lock, and every change of the contents by a call is made under
 * it. Changes through a mapping are not; so a file that is mapped cannot be sealed against writing.
 * (Linux allows it while all mappings are private or read-only.)
 */
public final class MemoryObject extends RegularFile {
  private static final int SEALS =
      Fcntl.F_SEAL_SEAL
          | Fcntl.F_SEAL_SHRINK
          | Fcntl.F_SEAL_GROW
          | Fcntl.F_SEAL_WRITE
          | Fcntl.F_SEAL_FUTURE_WRITE
          | Fcntl.F_SEAL_EXEC;
  private static final int NO_WRITING = Fcntl.F_SEAL_WRITE | Fcntl.F_SEAL_FUTURE_WRITE;
  private static final int EXECUTABLE = 0111;

  private volatile int seals;
  private final AtomicInteger mappings = new AtomicInteger();

  MemoryObject(
      FileSystem fileSystem, Caller caller, int permissions, int seals, FrameAllocator frames) {
    super(
        fileSystem,
        fileSystem.newInodeNumber(),
        permissions,
        caller.credentials().fsuid(),
        caller.credentials().fsgid(),
        frames,
        0);
    this.seals = seals;
  }

  /** The seals (F_GET_SEALS). */
  public int seals() {
    return seals;
  }

  /**
   * Adds seals (F_ADD_SEALS).
   *
   * @throws ErrnoException EINVAL, EPERM if seals are sealed, EBUSY for F_SEAL_WRITE if it is
   *     mapped
   */
  public void addSeals(int more) {
    if ((more & ~SEALS) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    InodeAccess access = access();
    if (!access.enter()) {
      access.run(() -> addSeals(more));
      return;
    }
    try {
      int now = seals;
      if ((now & Fcntl.F_SEAL_SEAL) != 0) {
        throw ErrnoException.of(Errno.EPERM);
      }
      if ((more & Fcntl.F_SEAL_WRITE) != 0 && (now & Fcntl.F_SEAL_WRITE) == 0 && isMapped()) {
        throw ErrnoException.of(Errno.EBUSY);
      }
      boolean executable = (more & Fcntl.F_SEAL_EXEC) != 0 && (mode() & EXECUTABLE) != 0;
      int implied =
          executable
              ? Fcntl.F_SEAL_SHRINK
                  | Fcntl.F_SEAL_GROW
                  | Fcntl.F_SEAL_WRITE
                  | Fcntl.F_SEAL_FUTURE_WRITE
              : 0;
      seals = now | more | implied;
    } finally {
      access.leave();
    }
  }

  /** True if no mapping may be written through from now on. With the inode lock held. */
  public boolean forbidsWriting() {
    return (seals & NO_WRITING) != 0;
  }

  @Override
  protected void checkChange(long end, boolean writes) {
    int now = seals;
    boolean forbidden =
        (writes && (now & NO_WRITING) != 0)
            || (end > size() && (now & Fcntl.F_SEAL_GROW) != 0)
            || (!writes && end < size() && (now & Fcntl.F_SEAL_SHRINK) != 0);
    if (forbidden) {
      throw ErrnoException.of(Errno.EPERM);
    }
  }

  @Override
  public void setPermissions(int permissions) {
    if ((seals & Fcntl.F_SEAL_EXEC) != 0 && ((permissions ^ mode()) & EXECUTABLE) != 0) {
      throw ErrnoException.of(Errno.EPERM);
    }
    super.setPermissions(permissions);
  }

  private boolean isMapped() {
    return mappings.get() > 0;
  }

  @Override
  public void opened(MappingListener mapping) {
    mappings.incrementAndGet();
    super.opened(mapping);
  }

  @Override
  public void closed(MappingListener mapping) {
    super.closed(mapping);
    mappings.decrementAndGet();
  }
}

package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;

/** The drivers behind device nodes. */
@FunctionalInterface
public interface Devices {
  /** No drivers: opening a device node fails with ENXIO. */
  Devices NONE =
      (dentry, flags, caller) -> {
        throw ErrnoException.of(Errno.ENXIO);
      };

  /**
   * Opens a device node.
   *
   * @param dentry its name; the inode has type and device number
   * @param flags as in open(2)
   * @throws ErrnoException ENXIO if there is no such device
   */
  OpenFile open(Dentry dentry, int flags, Caller caller);
}

package org.biscotti.kernel.fs.hostfs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.port.HostDirectory;
import org.jspecify.annotations.Nullable;

/**
 * Where a file of a mounted host directory is: the host changes attributes by name only. A file
 * with several names has the one by which it was met last. Changed with the lock of the directory
 * held.
 */
final class MountedPlace {
  private volatile @Nullable Spot spot;

  /** A name and the directory it is in. */
  private record Spot(Dentry entry, MountedDirectory directory) {}

  void set(Dentry entry, MountedDirectory directory) {
    spot = new Spot(entry, directory);
  }

  /**
   * The directory it is in.
   *
   * @throws ErrnoException EPERM for the mounted directory itself, which nobody may change from
   *     within; ENOENT if the name is gone
   */
  HostDirectory host() {
    return present().directory().host();
  }

  /** Its name there; throws like {@link #host}. */
  String name() {
    return present().entry().name();
  }

  private Spot present() {
    Spot now = spot;
    if (now == null) {
      throw ErrnoException.of(Errno.EPERM);
    }
    if (now.entry().isUnlinked()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return now;
  }
}

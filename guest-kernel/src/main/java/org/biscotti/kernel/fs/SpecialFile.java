package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;

/** A device node or the name of a socket (mknod(2)): what it does is elsewhere. */
public class SpecialFile extends Inode {
  private final long device;
  private final Devices devices;

  /**
   * Makes a node.
   *
   * @param mode type and permissions as in {@code st_mode}
   * @param device device number, for device nodes
   * @param devices who opens it
   */
  public SpecialFile(
      FileSystem fileSystem,
      long number,
      int mode,
      int uid,
      int gid,
      long device,
      Devices devices) {
    super(fileSystem, number, mode, uid, gid);
    this.device = device;
    this.devices = devices;
  }

  @Override
  public long specialDevice() {
    return device;
  }

  @Override
  public OpenFile open(Dentry dentry, int flags, Caller caller) {
    if (type() == Stat.S_IFCHR || type() == Stat.S_IFBLK) {
      return devices.open(dentry, flags, caller);
    }
    throw ErrnoException.of(Errno.ENXIO);
  }
}

package org.biscotti.kernel.fs;

import java.util.function.Supplier;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.jspecify.annotations.Nullable;

/** A device node, a FIFO or the name of a socket (mknod(2)): what it does is elsewhere. */
public class SpecialFile extends Inode {
  private final long device;
  private final Devices devices;
  private volatile @Nullable Object served;

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
    if (type() != Stat.S_IFSOCK) {
      return devices.open(dentry, flags, caller);
    }
    throw ErrnoException.of(Errno.ENXIO);
  }

  /** What the name stands for: the pipe of a FIFO, the socket bound to it; null if nothing. */
  public @Nullable Object served() {
    return served;
  }

  /** Makes the name stand for something, or for nothing. */
  public void serve(@Nullable Object what) {
    served = what;
  }

  /** What the name stands for, made when it is first asked for. */
  public <T> T served(Class<T> type, Supplier<T> make) {
    Object now = served;
    if (now == null) {
      now =
          access()
              .call(() -> {
                Object present = served;
                if (present == null) {
                  present = make.get();
                  served = present;
                }
                return present;
              });
    }
    return type.cast(now);
  }
}

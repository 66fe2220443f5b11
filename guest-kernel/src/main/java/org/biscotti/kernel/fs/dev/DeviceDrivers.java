package org.biscotti.kernel.fs.dev;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Devices;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.tty.Terminals;
import org.biscotti.kernel.ipc.Budget;
import org.biscotti.kernel.ipc.OpenPipe;
import org.biscotti.kernel.port.HostStream;
import org.jspecify.annotations.Nullable;

/** The character devices there are, and FIFOs. */
public final class DeviceDrivers implements Devices {
  private final @Nullable HostStream terminal;
  private volatile @Nullable Terminals terminals;
  private final Budget budget = new Budget();

  /**
   * Makes the drivers.
   *
   * @param terminal what /dev/tty and /dev/console are, or null if there is no terminal
   */
  public DeviceDrivers(@Nullable HostStream terminal) {
    this.terminal = terminal;
  }

  /** Who opens terminals; set before the first program starts. */
  public void setTerminals(Terminals newTerminals) {
    terminals = newTerminals;
  }

  /** What bytes in flight between processes are charged to. */
  public Budget budget() {
    return budget;
  }

  @Override
  public OpenFile open(Dentry dentry, int flags, Caller caller) {
    if (dentry.inode().type() == Stat.S_IFIFO) {
      return OpenPipe.openFifo(dentry, flags, budget, caller.credentials());
    }
    if (dentry.inode().type() != Stat.S_IFCHR) {
      throw ErrnoException.of(Errno.ENXIO);
    }
    long device = dentry.inode().specialDevice();
    Terminals ours = terminals;
    if (ours != null && ours.has(device) && (device != Terminals.TTY || ours.hasFor(caller))) {
      return ours.open(dentry, flags, caller);
    }
    if (device == DeviceNumbers.TTY || device == DeviceNumbers.CONSOLE) {
      if (terminal == null) {
        throw ErrnoException.of(Errno.ENXIO);
      }
      return new OpenStream(dentry, flags, terminal);
    }
    return new OpenMemoryDevice(dentry, flags, kind(device));
  }

  private static OpenMemoryDevice.Kind kind(long device) {
    if (device == DeviceNumbers.NULL) {
      return OpenMemoryDevice.Kind.NULL;
    }
    if (device == DeviceNumbers.ZERO) {
      return OpenMemoryDevice.Kind.ZERO;
    }
    if (device == DeviceNumbers.FULL) {
      return OpenMemoryDevice.Kind.FULL;
    }
    if (device == DeviceNumbers.RANDOM || device == DeviceNumbers.URANDOM) {
      return OpenMemoryDevice.Kind.RANDOM;
    }
    throw ErrnoException.of(Errno.ENXIO);
  }
}

package org.biscotti.devices;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;

/** Turns a result of the host into a value or the kernel's exception. */
final class HostErrors {
  private HostErrors() {}

  /**
   * The result, if it is not an error.
   *
   * @param result a value or -errno
   * @throws ErrnoException for an error; the host's per-process limit on descriptors is reported as
   *     ENFILE, because to the guest it is a limit of the whole system
   */
  static long check(long result) {
    if (result < 0) {
      throw exception((int) -result);
    }
    return result;
  }

  /** The exception for an error number of the host, EIO if the kernel has no such number. */
  static ErrnoException exception(int errno) {
    if (errno == Errno.EMFILE) {
      return ErrnoException.of(Errno.ENFILE);
    }
    return ErrnoException.of(errno < Errno.count() ? errno : Errno.EIO);
  }
}

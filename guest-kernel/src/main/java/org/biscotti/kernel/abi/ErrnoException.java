package org.biscotti.kernel.abi;

/**
 * A failed kernel operation, as an error number.
 *
 * <p>Every instance is made once, has no stack trace and is thrown again and again, so a failing
 * call costs no allocation. It is caught in exactly one place, the system-call dispatcher.
 */
public final class ErrnoException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final ErrnoException[] PREALLOCATED = new ErrnoException[Errno.count()];

  static {
    for (int errno = 0; errno < PREALLOCATED.length; errno++) {
      PREALLOCATED[errno] = new ErrnoException(errno);
    }
  }

  /** EPIPE of a call that is not to send SIGPIPE (MSG_NOSIGNAL in send(2)). */
  public static final ErrnoException EPIPE_WITHOUT_SIGNAL = new ErrnoException(Errno.EPIPE);

  /** EFBIG of a call that goes beyond RLIMIT_FSIZE, and sends SIGXFSZ (setrlimit(2)). */
  public static final ErrnoException FILE_SIZE_LIMIT = new ErrnoException(Errno.EFBIG);

  private final int errno;

  private ErrnoException(int errno) {
    super(Errno.name(errno), null, false, false);
    this.errno = errno;
  }

  /**
   * The preallocated exception for an error number, to be thrown by the caller.
   *
   * @param errno a positive number named in {@link Errno}
   * @throws IndexOutOfBoundsException if there is no such error number
   */
  public static ErrnoException of(int errno) {
    return PREALLOCATED[errno];
  }

  /** The positive error number. */
  public int errno() {
    return errno;
  }
}

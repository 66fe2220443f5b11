package org.biscotti.kernel.abi;

/** Events of poll(2) ({@code asm-generic/poll.h}). */
public final class Poll {
  public static final int POLLIN = 0x0001;
  public static final int POLLPRI = 0x0002;
  public static final int POLLOUT = 0x0004;
  public static final int POLLERR = 0x0008;
  public static final int POLLHUP = 0x0010;
  public static final int POLLNVAL = 0x0020;
  public static final int POLLRDNORM = 0x0040;
  public static final int POLLRDBAND = 0x0080;
  public static final int POLLWRNORM = 0x0100;
  public static final int POLLWRBAND = 0x0200;
  public static final int POLLRDHUP = 0x2000;

  /** What poll(2) says of a file with something to read. */
  public static final int READABLE = POLLIN | POLLRDNORM;

  /** What poll(2) says of a file with room to write. */
  public static final int WRITABLE = POLLOUT | POLLWRNORM;

  /** In a wake only: the file has been closed. */
  public static final int CLOSED = 0x4000;

  /** What a file that never waits answers: readable and writable. */
  public static final int ALWAYS = READABLE | WRITABLE;

  /** Events that make a descriptor readable for select(2). */
  public static final int SELECT_READ = POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR;

  /** Events that make a descriptor writable for select(2). */
  public static final int SELECT_WRITE = POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR;

  /** Events that are exceptional conditions for select(2). */
  public static final int SELECT_EXCEPT = POLLPRI;

  /** {@code sizeof(struct pollfd)}, in bytes. */
  public static final int POLLFD_SIZE = 8;

  private Poll() {}
}

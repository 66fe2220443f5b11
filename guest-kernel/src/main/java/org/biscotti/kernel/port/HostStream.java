package org.biscotti.kernel.port;

import java.lang.foreign.MemorySegment;

/**
 * A byte stream that the caller of the command line already had open: its standard input, output or
 * error, whatever kind of file that is.
 *
 * <p>No method blocks. {@link #awaitReadable} and {@link #awaitWritable} report readiness later,
 * from a thread of the device's own. Errors are thrown as {@link
 * org.biscotti.kernel.abi.ErrnoException}.
 */
public interface HostStream {
  /** File type and permission bits as in {@code st_mode} (inode(7)): S_IFCHR for a terminal. */
  int mode();

  /** True if the stream is a terminal (isatty(3)). */
  boolean isTerminal();

  /** Size in bytes of a regular file, else 0. */
  long size();

  /**
   * Reads what is there, at most the segment's size.
   *
   * @return bytes read, 0 at the end of the stream, or -1 if nothing is there yet
   */
  int read(MemorySegment to);

  /**
   * Writes what can be taken now.
   *
   * @return bytes written, or -1 if nothing can be taken yet
   */
  int write(MemorySegment from);

  /** Reads a regular file at an offset; ESPIPE for anything else. */
  int readAt(MemorySegment to, long offset);

  /** Moves the shared offset of a regular file (lseek(2)); ESPIPE for anything else. */
  long seek(long offset, int whence);

  /** Events that are ready now, as poll(2)'s POLLIN, POLLOUT, POLLHUP, POLLERR. */
  int ready();

  /**
   * Runs {@code then} once, on some thread, when a read would no longer return -1; perhaps earlier,
   * so whoever waits looks again.
   */
  void awaitReadable(Runnable then);

  /** The same for a write. */
  void awaitWritable(Runnable then);

  /** Terminal attributes: {@code struct termios} as TCGETS gives it, 36 bytes; ENOTTY otherwise. */
  byte[] terminalAttributes();

  /** Window size: rows in the upper 16 bits, columns in the lower; ENOTTY for no terminal. */
  int windowSize();
}

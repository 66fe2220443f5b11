package org.biscotti.kernel.exec;

import org.biscotti.kernel.mem.PageSource;

/**
 * A file that somebody wants to run: opened, a regular file, and the caller may execute it; whoever
 * opened it has checked that. Failures to read are thrown as {@link
 * org.biscotti.kernel.abi.ErrnoException}.
 */
public interface Executable {
  /** Size in bytes. */
  long size();

  /**
   * Reads at an offset.
   *
   * @param offset in bytes, not negative, anywhere
   * @return bytes read, 0 at or beyond the end of the file; may be less than {@code length}
   */
  int read(long offset, byte[] to, int at, int length);

  /** The pages of the file, for mapping it. */
  PageSource pages();

  /** Absolute path after all links, as {@code /proc/self/exe} shows it. */
  String path();

  /** Owner, for a set-user-id file. */
  int uid();

  /** Group, for a set-group-id file. */
  int gid();

  /**
   * File type and permissions as {@code st_mode}, without the set-id bits where they do not count.
   */
  int mode();
}

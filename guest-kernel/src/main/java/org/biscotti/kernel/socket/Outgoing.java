package org.biscotti.kernel.socket;

import java.util.List;
import org.biscotti.kernel.fs.OpenFile;
import org.jspecify.annotations.Nullable;

/** What goes with the bytes that are sent, and how they are sent. */
public final class Outgoing implements AutoCloseable {
  private final int flags;
  private final @Nullable UnixSocket to;
  private final Identity identity;
  private List<OpenFile> files;

  /**
   * Describes a send.
   *
   * @param flags MSG_ flags
   * @param to for whom, or null for the peer
   * @param files each with a reference, which the message takes
   */
  public Outgoing(int flags, @Nullable UnixSocket to, Identity identity, List<OpenFile> files) {
    this.flags = flags;
    this.to = to;
    this.identity = identity;
    this.files = files;
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  @Nullable UnixSocket to() {
    return to;
  }

  Identity identity() {
    return identity;
  }

  int fileCount() {
    return files.size();
  }

  /** The files, which are the message's from now on. */
  List<OpenFile> takeFiles() {
    List<OpenFile> taken = files;
    files = List.of();
    return taken;
  }

  /** Closes the files that were not sent. */
  @Override
  public void close() {
    takeFiles().forEach(OpenFile::release);
  }
}

package org.biscotti.kernel.socket;

import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.fs.OpenFile;
import org.jspecify.annotations.Nullable;

/** What came with the bytes that were received. */
public final class Received implements AutoCloseable {
  private final List<OpenFile> files = new ArrayList<>();
  private @Nullable UnixAddress from;
  private @Nullable Identity identity;
  private int flags;

  /** Nothing yet. */
  public Received() {}

  /** Files, each with a reference for whoever takes it. */
  public List<OpenFile> files() {
    return files;
  }

  /** The sender's name; null if it has none. */
  public @Nullable UnixAddress from() {
    return from;
  }

  /** Who sent it; null if nothing was received. */
  public @Nullable Identity identity() {
    return identity;
  }

  /** MSG_ flags that say something of the message. */
  public int flags() {
    return flags;
  }

  void addFlags(int more) {
    flags |= more;
  }

  /** Notes a message that has been received, or a part of it. */
  void note(Message message) {
    identity = message.identity;
    from = message.from.address();
  }

  /** Closes the files that nobody took. */
  @Override
  public void close() {
    files.forEach(OpenFile::release);
    files.clear();
  }
}

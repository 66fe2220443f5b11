package org.biscotti.kernel.socket;

import java.util.List;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.OpenFile;
import org.jspecify.annotations.Nullable;

/** What goes with the bytes that are sent, and how they are sent. */
public final class Outgoing implements AutoCloseable {
  private final int flags;
  private final @Nullable UnixSocket to;
  private final Identity identity;
  private final Sender sender;
  private List<OpenFile> files;

  /**
   * Whose files travel.
   *
   * @param uid real user
   * @param filesMax how many of his may be on their way when he sends more, unsigned: his
   *     RLIMIT_NOFILE (unix(7), ETOOMANYREFS); -1 for the superuser
   */
  public record Sender(int uid, long filesMax) {
    /** The sender that a call is made for. */
    public static Sender of(Caller caller) {
      Credentials who = caller.credentials();
      return new Sender(who.uid(), who.euid() == 0 ? -1 : caller.files().limit());
    }
  }

  /**
   * Describes a send.
   *
   * @param flags MSG_ flags
   * @param to for whom, or null for the peer
   * @param sender to whom the files count
   * @param files each with a reference, which the message takes
   */
  public Outgoing(
      int flags, @Nullable UnixSocket to, Identity identity, Sender sender, List<OpenFile> files) {
    this.flags = flags;
    this.to = to;
    this.identity = identity;
    this.sender = sender;
    this.files = files;
  }

  /** Bytes for the peer, and nothing else. */
  static Outgoing plain(Caller caller) {
    return new Outgoing(0, null, Identity.ofSender(caller), Sender.of(caller), List.of());
  }

  Sender sender() {
    return sender;
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

package org.biscotti.kernel.socket;

import java.util.List;
import org.biscotti.kernel.fs.OpenFile;

/** Bytes on their way to a socket, and what goes with them. Guarded by the receiver's queue. */
final class Message {
  /** What a message takes of the heap beside its bytes, about; also counted to the sender. */
  static final int OVERHEAD_BYTES = 256;

  final byte[] bytes;

  /** Bytes of a stream that have been received. */
  int offset;

  final UnixSocket from;
  final Identity identity;

  /** To whom its files count while it is on its way. */
  final Outgoing.Sender sender;

  /** Files in it, each with a reference of the message's own. */
  List<OpenFile> files;

  Message(byte[] bytes, UnixSocket from, Outgoing what) {
    this.bytes = bytes;
    this.from = from;
    identity = what.identity();
    sender = what.sender();
    files = what.takeFiles();
  }

  int left() {
    return bytes.length - offset;
  }

  /** What it counts to the sender's buffer and to the kernel's budget. */
  int charge() {
    return charge(bytes.length);
  }

  /** The same for a message of so many bytes. */
  static int charge(int bytes) {
    return bytes + OVERHEAD_BYTES;
  }
}

package org.biscotti.kernel.socket;

import org.biscotti.kernel.fs.Caller;

/** Who somebody is, as {@code struct ucred} says it. */
public record Identity(int pid, int uid, int gid) {
  /** What SO_PEERCRED says where there is no peer. */
  public static final Identity NOBODY = new Identity(0, -1, -1);

  /** Whoever sends a message: his real ids. */
  public static Identity ofSender(Caller caller) {
    return new Identity(caller.processId(), caller.credentials().uid(), caller.credentials().gid());
  }

  /** Whoever connects or listens: his effective ids. */
  static Identity ofPeer(Caller caller) {
    return new Identity(
        caller.processId(), caller.credentials().euid(), caller.credentials().egid());
  }
}

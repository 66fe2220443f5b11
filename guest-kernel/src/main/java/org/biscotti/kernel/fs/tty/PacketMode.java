package org.biscotti.kernel.fs.tty;

import org.biscotti.kernel.abi.Ioctl;

/**
 * Packet mode: in front of whatever a master reads is a byte that says what has happened to the
 * terminal, or that this is data (TIOCPKT of ioctl_tty(2)). Guarded by the terminal's lock.
 */
final class PacketMode {
  private boolean on;
  private int status;

  boolean isOn() {
    return on;
  }

  void set(boolean value) {
    if (value && !on) {
      status = Ioctl.TIOCPKT_DATA;
    }
    on = value;
  }

  /** True if there is something to tell. */
  boolean hasStatus() {
    return on && status != Ioctl.TIOCPKT_DATA;
  }

  int status() {
    return status;
  }

  /** The master has been told. */
  void told() {
    status = Ioctl.TIOCPKT_DATA;
  }

  /**
   * Notes that something has happened, which takes back what was its opposite.
   *
   * @return false if nobody wants to know
   */
  boolean note(int happened, int opposite) {
    if (on) {
      status = (status & ~opposite) | happened;
    }
    return on;
  }
}

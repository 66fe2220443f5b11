package org.biscotti.kernel.fs.tty;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Ioctl;
import org.biscotti.kernel.mem.UserMemory;

/** What both sides of a terminal answer alike (ioctl_tty(2)). */
final class TerminalControl {
  private TerminalControl() {}

  static long ioctl(Terminal terminal, int request, long argument, UserMemory memory) {
    switch (request) {
      case Ioctl.TCGETS ->
          memory.copyOutFully(argument, terminal.attributes(), 0, Ioctl.TERMIOS_SIZE);
      case Ioctl.TCSETS, Ioctl.TCSETSW, Ioctl.TCSETSF -> {
        byte[] bytes = new byte[Ioctl.TERMIOS_SIZE];
        memory.copyInFully(argument, bytes, 0, bytes.length);
        terminal.setAttributes(bytes, request == Ioctl.TCSETSF);
      }
      case Ioctl.TIOCGWINSZ -> {
        int size = terminal.size();
        memory.setShort(argument, (short) (size >>> 16));
        memory.setShort(argument + 2, (short) size);
        memory.setInt(argument + 4, terminal.pixels());
      }
      case Ioctl.TIOCSWINSZ ->
          terminal.setSize(
              memory.getShort(argument) & 0xffff,
              memory.getShort(argument + 2) & 0xffff,
              memory.getInt(argument + 4));
      case Ioctl.TCFLSH -> terminal.flush((int) argument);
      case Ioctl.TCXONC -> terminal.flow((int) argument);
      case Ioctl.TIOCOUTQ -> memory.setInt(argument, terminal.outputBytes());
      // A break is nothing that a pseudo-terminal could send; waiting for output is over at once.
      case Ioctl.TCSBRK, Ioctl.TCSBRKP -> {}
      case Ioctl.TIOCGETD -> memory.setInt(argument, 0);
      case Ioctl.TIOCSTI -> throw ErrnoException.of(Errno.EIO);
      default -> throw ErrnoException.of(Errno.ENOTTY);
    }
    return 0;
  }
}

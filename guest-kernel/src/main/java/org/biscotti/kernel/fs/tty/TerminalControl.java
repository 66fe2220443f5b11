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
          memory.copyOutFully(argument, terminal.modes().encode(), 0, Ioctl.TERMIOS_SIZE);
      case Ioctl.TCGETS2 ->
          memory.copyOutFully(argument, terminal.modes().encode(), 0, Ioctl.TERMIOS2_SIZE);
      case Ioctl.TCSETS, Ioctl.TCSETSW ->
          setModes(terminal, memory, argument, Ioctl.TERMIOS_SIZE, false);
      case Ioctl.TCSETSF -> setModes(terminal, memory, argument, Ioctl.TERMIOS_SIZE, true);
      case Ioctl.TCSETS2, Ioctl.TCSETSW2 ->
          setModes(terminal, memory, argument, Ioctl.TERMIOS2_SIZE, false);
      case Ioctl.TCSETSF2 -> setModes(terminal, memory, argument, Ioctl.TERMIOS2_SIZE, true);
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

  private static void setModes(
      Terminal terminal, UserMemory memory, long address, int size, boolean flushes) {
    byte[] bytes = new byte[size];
    memory.copyInFully(address, bytes, 0, size);
    terminal.setModes(bytes, flushes);
  }
}

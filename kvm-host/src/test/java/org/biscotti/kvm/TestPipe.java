package org.biscotti.kvm;

import java.lang.foreign.MemorySegment;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostStream;

/** What every pipe of the tests has in common: it is no terminal, and has no place to seek to. */
abstract class TestPipe implements HostStream {
  static final int POLLIN = 1;
  static final int POLLOUT = 4;
  private static final int MODE_FIFO = 0010600;

  @Override
  public int mode() {
    return MODE_FIFO;
  }

  @Override
  public boolean isTerminal() {
    return false;
  }

  @Override
  public long size() {
    return 0;
  }

  @Override
  public int readAt(MemorySegment to, long offset) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  @Override
  public long seek(long offset, int whence) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  @Override
  public byte[] terminalAttributes() {
    throw ErrnoException.of(Errno.ENOTTY);
  }

  @Override
  public int windowSize() {
    throw ErrnoException.of(Errno.ENOTTY);
  }
}

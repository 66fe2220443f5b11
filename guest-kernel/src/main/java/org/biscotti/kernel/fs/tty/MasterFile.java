package org.biscotti.kernel.fs.tty;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Ioctl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.wait.LongWork;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.WaitQueue;

/** The master side of a pseudo-terminal (pty(7), ptmx(4)). */
final class MasterFile extends OpenFile {
  private static final int CHUNK_BYTES = 4096;

  private final Terminal terminal;
  private final Terminals all;
  private final SessionControl sessions;

  MasterFile(Dentry dentry, int flags, Terminal terminal, Terminals all) {
    super(dentry, flags);
    this.terminal = terminal;
    this.all = all;
    sessions = new SessionControl(terminal, all);
  }

  @Override
  protected void closed() {
    all.remove(terminal);
  }

  @Override
  public long read(UserBuffer to, Caller caller) {
    if (!isReadable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (to.remaining() == 0) {
      return 0;
    }
    while (true) {
      long done = terminal.readOutput(to, CHUNK_BYTES);
      if (done >= 0) {
        return done;
      }
      if (isNonBlocking()) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      MustWait.unlessVirtual();
      int seen = Poll.POLLIN | Poll.POLLHUP;
      terminal.master.await(seen, () -> (readyEvents() & seen) != 0, Long.MAX_VALUE);
    }
  }

  @Override
  public long write(UserBuffer from, Caller caller) {
    if (!isWritable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (from.remaining() > CHUNK_BYTES || (!isNonBlocking() && lacksRoom(from.remaining()))) {
      MustWait.unlessVirtual();
    }
    byte[] chunk = new byte[(int) Math.min(from.remaining(), CHUNK_BYTES)];
    long done = 0;
    while (from.remaining() > 0 && !(done > 0 && LongWork.mustStop())) {
      int taken = (int) from.take(chunk, 0, (int) Math.min(from.remaining(), chunk.length));
      int typed = taken == 0 ? 0 : type(chunk, taken, done);
      done += typed;
      if (taken == 0 || typed < taken) {
        break;
      }
    }
    if (done == 0 && from.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return done;
  }

  private boolean lacksRoom(long bytes) {
    return terminal.inputRoom() < bytes;
  }

  /** Types bytes, waiting for room if that may be; fewer if it is interrupted or may not. */
  private int type(byte[] bytes, int count, long before) {
    int done = terminal.type(bytes, 0, count);
    try {
      while (done < count) {
        if (isNonBlocking()) {
          throw ErrnoException.of(Errno.EAGAIN);
        }
        if (before + done > 0 && !Thread.currentThread().isVirtual()) {
          return done;
        }
        MustWait.unlessVirtual();
        terminal.master.await(Poll.POLLOUT, () -> terminal.inputRoom() > 0, Long.MAX_VALUE);
        done += terminal.type(bytes, done, count - done);
      }
    } catch (ErrnoException stopped) {
      if (before + done == 0) {
        throw stopped;
      }
    }
    return done;
  }

  @Override
  public int readyEvents() {
    return terminal.masterEvents();
  }

  @Override
  public WaitQueue waitQueue() {
    return terminal.master;
  }

  @Override
  public long ioctl(int request, long argument, UserMemory memory, Caller caller) {
    switch (request) {
      case Ioctl.TIOCGPTN -> memory.setInt(argument, terminal.index);
      case Ioctl.TIOCSPTLCK -> terminal.setLocked(memory.getInt(argument) != 0);
      case Ioctl.TIOCGPTLCK -> memory.setInt(argument, terminal.isLocked() ? 1 : 0);
      case Ioctl.TIOCGPTPEER -> {
        OpenFile peer = all.openPeer(terminal, (int) argument);
        boolean closes = (argument & Fcntl.O_CLOEXEC) != 0;
        int fd = caller.files().installNew(peer, closes);
        all.becomeControlling(terminal, (int) argument, caller);
        return fd;
      }
      case Ioctl.TIOCPKT -> terminal.setPackets(memory.getInt(argument) != 0);
      case Ioctl.TIOCGPKT -> memory.setInt(argument, terminal.hasPackets() ? 1 : 0);
      case Ioctl.FIONREAD -> memory.setInt(argument, terminal.outputBytes());
      case Ioctl.TIOCGPGRP -> memory.setInt(argument, terminal.foreground());
      case Ioctl.TIOCSPGRP -> sessions.setForeground(caller, memory, argument);
      case Ioctl.TIOCGSID -> {
        if (terminal.session() == 0) {
          throw ErrnoException.of(Errno.ENOTTY);
        }
        memory.setInt(argument, terminal.session());
      }
      default -> {
        return TerminalControl.ioctl(terminal, request, argument, memory);
      }
    }
    return 0;
  }
}

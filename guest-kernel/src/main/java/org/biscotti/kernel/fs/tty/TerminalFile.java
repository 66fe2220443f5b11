package org.biscotti.kernel.fs.tty;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Ioctl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.wait.LongWork;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.WaitQueue;

/** A terminal as programs have it open (ioctl_tty(2), termios(3)). */
final class TerminalFile extends OpenFile {
  private static final int CHUNK_BYTES = 4096;

  private final Terminal terminal;
  private final Terminals all;
  private final SessionControl sessions;

  /** Opens it; the caller has done {@link Terminal#opened}. */
  TerminalFile(Dentry dentry, int flags, Terminal terminal, Terminals all) {
    super(dentry, flags);
    this.terminal = terminal;
    this.all = all;
    sessions = new SessionControl(terminal, all);
  }

  Terminal terminal() {
    return terminal;
  }

  @Override
  protected void closed() {
    terminal.closed();
  }

  // ---- reading and writing ----

  @Override
  public long read(UserBuffer to, Caller caller) {
    if (!isReadable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (to.remaining() == 0) {
      return 0;
    }
    sessions.requireForeground(caller, Signals.SIGTTIN);
    Termios modes = terminal.modes();
    long least = Math.min(modes.leastBytes(), to.remaining());
    long deadline = deadline(modes.firstByteNanos());
    boolean piecewise = isNonBlocking() || Thread.currentThread().isVirtual();
    long done = 0;
    try {
      while (done < least && !to.faulted()) {
        long some = terminal.read(to, piecewise ? 1 : least);
        if (some > 0) {
          done += some;
          deadline = deadline(modes.nextByteNanos());
        } else if (some == 0 || modes.firstByteNanos() == 0 || !awaitInput(deadline)) {
          break;
        }
      }
    } catch (ErrnoException stopped) {
      if (done == 0) {
        throw stopped;
      }
    }
    return done;
  }

  private static long deadline(long nanos) {
    return nanos == Long.MAX_VALUE ? nanos : System.nanoTime() + nanos;
  }

  /** Waits for a byte; false if none comes in time. */
  private boolean awaitInput(long deadline) {
    if (isNonBlocking()) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    MustWait.unlessVirtual();
    return terminal.programs.await(Poll.POLLIN | Poll.POLLHUP, terminal::hasInput, deadline);
  }

  @Override
  public long write(UserBuffer from, Caller caller) {
    if (!isWritable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (terminal.stopsBackgroundOutput()) {
      sessions.requireForeground(caller, Signals.SIGTTOU);
    }
    if (from.remaining() > CHUNK_BYTES) {
      MustWait.unlessVirtual();
    }
    byte[] chunk = new byte[(int) Math.min(from.remaining(), CHUNK_BYTES)];
    long done = 0;
    while (from.remaining() > 0 && !(done > 0 && LongWork.mustStop())) {
      if (done == 0 && (terminal.programEvents() & Poll.POLLOUT) == 0 && !isNonBlocking()) {
        MustWait.unlessVirtual();
      }
      int taken = (int) from.take(chunk, 0, (int) Math.min(from.remaining(), chunk.length));
      if (taken == 0) {
        break;
      }
      int written = writeChunk(chunk, taken, done);
      done += written;
      if (written < taken) {
        break;
      }
    }
    if (done == 0 && from.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return done;
  }

  /** Writes bytes, waiting for room if that may be; fewer if it is interrupted or may not. */
  private int writeChunk(byte[] bytes, int count, long before) {
    int done = terminal.write(bytes, 0, count);
    while (done < count) {
      if (isNonBlocking()) {
        if (before + done == 0) {
          throw ErrnoException.of(Errno.EAGAIN);
        }
        return done;
      }
      if (!Thread.currentThread().isVirtual()) {
        if (before + done == 0) {
          throw MustWait.INSTANCE;
        }
        return done;
      }
      try {
        terminal.programs.await(
            Poll.POLLOUT, () -> (readyEvents() & Poll.POLLOUT) != 0, Long.MAX_VALUE);
      } catch (ErrnoException e) {
        if (before + done == 0) {
          throw e;
        }
        return done;
      }
      done += terminal.write(bytes, done, count - done);
    }
    return done;
  }

  @Override
  public int readyEvents() {
    return terminal.programEvents();
  }

  @Override
  public WaitQueue waitQueue() {
    return terminal.programs;
  }

  // ---- control ----

  @Override
  public long ioctl(int request, long argument, UserMemory memory, Caller caller) {
    if (!terminal.isMasterOpen()) {
      throw ErrnoException.of(request == Ioctl.TIOCSPGRP ? Errno.ENOTTY : Errno.EIO);
    }
    switch (request) {
      case Ioctl.TIOCSCTTY -> sessions.takeAsControlling(caller, argument, isReadable());
      case Ioctl.TIOCNOTTY -> {
        sessions.requireControlling(caller);
        if (all.jobs().leadsSession(caller)) {
          all.giveUp(terminal);
        }
      }
      case Ioctl.TIOCGPGRP -> {
        sessions.requireControlling(caller);
        memory.setInt(argument, terminal.foreground());
      }
      case Ioctl.TIOCSPGRP -> sessions.setForeground(caller, memory, argument);
      case Ioctl.TIOCGSID -> {
        sessions.requireControlling(caller);
        memory.setInt(argument, terminal.session());
      }
      case Ioctl.TCSETS,
          Ioctl.TCSETSW,
          Ioctl.TCSETSF,
          Ioctl.TCSETS2,
          Ioctl.TCSETSW2,
          Ioctl.TCSETSF2,
          Ioctl.TCFLSH,
          Ioctl.TCXONC,
          Ioctl.TCSBRK,
          Ioctl.TCSBRKP -> {
        sessions.requireForeground(caller, Signals.SIGTTOU);
        return TerminalControl.ioctl(terminal, request, argument, memory);
      }
      case Ioctl.FIONREAD -> memory.setInt(argument, terminal.readableBytes());
      default -> {
        return TerminalControl.ioctl(terminal, request, argument, memory);
      }
    }
    return 0;
  }
}

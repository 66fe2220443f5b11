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

  /** Opens it; the caller has done {@link Terminal#opened}. */
  TerminalFile(Dentry dentry, int flags, Terminal terminal, Terminals all) {
    super(dentry, flags);
    this.terminal = terminal;
    this.all = all;
  }

  Terminal terminal() {
    return terminal;
  }

  @Override
  protected void closed() {
    terminal.closed();
  }

  // ---- job control ----

  /** Stops a background process that uses its terminal (credentials(7)). */
  private void requireForeground(Caller caller, int signal) {
    JobControl jobs = all.jobs();
    int group = jobs.group(caller);
    int foreground = terminal.foreground();
    if (terminal.session() != jobs.session(caller) || foreground == 0 || foreground == group) {
      return;
    }
    boolean ignored = jobs.ignores(caller, signal);
    if (signal == Signals.SIGTTOU && ignored) {
      return;
    }
    if (ignored || jobs.isOrphaned(group)) {
      throw ErrnoException.of(Errno.EIO);
    }
    jobs.signalGroup(group, signal);
    throw ErrnoException.of(Errno.EINTR);
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
    long deadline = Long.MAX_VALUE;
    while (true) {
      requireForeground(caller, Signals.SIGTTIN);
      long done = terminal.read(to);
      if (done >= 0) {
        return done;
      }
      if (isNonBlocking()) {
        throw ErrnoException.of(Errno.EAGAIN);
      }
      MustWait.unlessVirtual();
      if (deadline == Long.MAX_VALUE && terminal.readTimeout() != Long.MAX_VALUE) {
        deadline = System.nanoTime() + terminal.readTimeout();
      }
      int seen = Poll.POLLIN | Poll.POLLHUP;
      if (!terminal.programs.await(seen, () -> (readyEvents() & seen) != 0, deadline)) {
        return 0;
      }
    }
  }

  @Override
  public long write(UserBuffer from, Caller caller) {
    if (!isWritable()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if (terminal.stopsBackgroundOutput()) {
      requireForeground(caller, Signals.SIGTTOU);
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
    JobControl jobs = all.jobs();
    switch (request) {
      case Ioctl.TIOCSCTTY -> takeAsControlling(caller, argument);
      case Ioctl.TIOCNOTTY -> {
        requireControlling(caller);
        if (jobs.leadsSession(caller)) {
          terminal.leave();
        }
      }
      case Ioctl.TIOCGPGRP -> {
        requireControlling(caller);
        memory.setInt(argument, terminal.foreground());
      }
      case Ioctl.TIOCSPGRP -> {
        requireForeground(caller, Signals.SIGTTOU);
        requireControlling(caller);
        int group = memory.getInt(argument);
        if (group < 0) {
          throw ErrnoException.of(Errno.EINVAL);
        }
        if (!jobs.isGroupOf(group, terminal.session())) {
          throw ErrnoException.of(Errno.EPERM);
        }
        terminal.setForeground(group);
      }
      case Ioctl.TIOCGSID -> {
        requireControlling(caller);
        memory.setInt(argument, terminal.session());
      }
      case Ioctl.TCSETS, Ioctl.TCSETSW, Ioctl.TCSETSF, Ioctl.TIOCSWINSZ, Ioctl.TCFLSH -> {
        requireForeground(caller, Signals.SIGTTOU);
        return TerminalControl.ioctl(terminal, request, argument, memory);
      }
      case Ioctl.FIONREAD -> memory.setInt(argument, terminal.readableBytes());
      default -> {
        return TerminalControl.ioctl(terminal, request, argument, memory);
      }
    }
    return 0;
  }

  private void requireControlling(Caller caller) {
    if (terminal.session() == 0 || terminal.session() != all.jobs().session(caller)) {
      throw ErrnoException.of(Errno.ENOTTY);
    }
  }

  /** TIOCSCTTY: for the leader of a session without a terminal; 1 steals it, for root. */
  private void takeAsControlling(Caller caller, long steal) {
    JobControl jobs = all.jobs();
    int session = jobs.session(caller);
    if (terminal.session() == session) {
      return;
    }
    boolean taken = terminal.session() != 0;
    boolean mayTake = !taken || (steal == 1 && caller.credentials().euid() == 0);
    if (!jobs.leadsSession(caller) || all.controlling(session) != null || !mayTake) {
      throw ErrnoException.of(Errno.EPERM);
    }
    terminal.setSession(session, jobs.group(caller));
  }
}

package org.biscotti.kernel.fs.tty;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.mem.UserMemory;

/** Whose a terminal is, and which of the session's groups may use it (credentials(7)). */
final class SessionControl {
  private final Terminal terminal;
  private final Terminals all;

  SessionControl(Terminal terminal, Terminals all) {
    this.terminal = terminal;
    this.all = all;
  }

  /** Stops a background process that uses its terminal (credentials(7)). */
  void requireForeground(Caller caller, int signal) {
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

  /** TIOCSPGRP: the group of one of the session's processes comes to the foreground. */
  void setForeground(Caller caller, UserMemory memory, long argument) {
    try {
      requireForeground(caller, Signals.SIGTTOU);
    } catch (ErrnoException stopped) {
      throw stopped.errno() == Errno.EIO ? ErrnoException.of(Errno.ENOTTY) : stopped;
    }
    int group = memory.getInt(argument);
    if (group < 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    requireControlling(caller);
    int session = all.jobs().sessionOf(group);
    if (session != terminal.session()) {
      throw ErrnoException.of(session == 0 ? Errno.ESRCH : Errno.EPERM);
    }
    terminal.setForeground(group);
  }

  void requireControlling(Caller caller) {
    if (terminal.session() == 0 || terminal.session() != all.jobs().session(caller)) {
      throw ErrnoException.of(Errno.ENOTTY);
    }
  }

  /**
   * TIOCSCTTY: for the leader of a session without a terminal.
   *
   * @param steal 1 takes it from another session, for root
   * @param readable whether the caller has it open for reading
   */
  void takeAsControlling(Caller caller, long steal, boolean readable) {
    JobControl jobs = all.jobs();
    int session = jobs.session(caller);
    boolean leads = jobs.leadsSession(caller);
    if (leads && terminal.session() == session) {
      return;
    }
    boolean isRoot = caller.credentials().euid() == 0;
    boolean mayTake = terminal.session() == 0 || (steal == 1 && isRoot);
    boolean mayRead = readable || isRoot;
    if (!leads || all.controlling(session) != null || !mayTake || !mayRead) {
      throw ErrnoException.of(Errno.EPERM);
    }
    all.setSession(terminal, session, jobs.group(caller));
  }
}

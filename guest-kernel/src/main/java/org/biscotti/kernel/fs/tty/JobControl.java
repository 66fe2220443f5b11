package org.biscotti.kernel.fs.tty;

import org.biscotti.kernel.fs.Caller;

/** What terminals need to know of processes, and do to them (credentials(7), job control). */
public interface JobControl {
  /** Process group of whoever calls. */
  int group(Caller caller);

  /** Session of whoever calls. */
  int session(Caller caller);

  /** True if whoever calls leads its session. */
  boolean leadsSession(Caller caller);

  /** Session of a group, or of the process of that number if it is none; 0 if it is neither. */
  int sessionOf(int group);

  /** True if a stop by the terminal would leave the group without anybody to continue it. */
  boolean isOrphaned(int group);

  /** True if whoever calls ignores or blocks a signal. */
  boolean ignores(Caller caller, int signal);

  /** Sends a signal, as from the kernel, to every process of a group. */
  void signalGroup(int group, int signal);

  /** Sends a signal to a session's leader. */
  void signalLeader(int session, int signal);
}

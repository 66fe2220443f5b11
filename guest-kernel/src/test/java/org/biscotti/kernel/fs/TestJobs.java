package org.biscotti.kernel.fs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.biscotti.kernel.fs.tty.JobControl;

/** One process, of group and session 1, and groups that there are said to be. */
final class TestJobs implements JobControl {
  boolean leads;

  /** Sessions of groups. */
  final Map<Integer, Integer> sessions = new HashMap<>();

  /** Whom which signals were sent, as "group 1: 2". */
  final List<String> sent = new ArrayList<>();

  @Override
  public int group(Caller caller) {
    return 1;
  }

  @Override
  public int session(Caller caller) {
    return 1;
  }

  @Override
  public boolean leadsSession(Caller caller) {
    return leads;
  }

  @Override
  public int sessionOf(int group) {
    return sessions.getOrDefault(group, 0);
  }

  @Override
  public boolean isOrphaned(int group) {
    return false;
  }

  @Override
  public boolean ignores(Caller caller, int signal) {
    return false;
  }

  @Override
  public void signalGroup(int group, int signal) {
    sent.add("group " + group + ": " + signal);
  }

  @Override
  public void signalLeader(int session, int signal) {
    sent.add("leader " + session + ": " + signal);
  }
}

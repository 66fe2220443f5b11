package org.biscotti.kernel.task;

import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.tty.JobControl;
import org.jspecify.annotations.Nullable;

/** Job control for terminals: groups and sessions, and signals for them. */
public final class JobSignals implements JobControl {
  private final ProcessTable table;

  public JobSignals(ProcessTable table) {
    this.table = table;
  }

  private @Nullable Process process(Caller caller) {
    return table.find(caller.processId());
  }

  @Override
  public int group(Caller caller) {
    Process process = process(caller);
    return process == null ? 0 : process.processGroup();
  }

  @Override
  public int session(Caller caller) {
    Process process = process(caller);
    return process == null ? 0 : process.session();
  }

  @Override
  public boolean leadsSession(Caller caller) {
    return caller.processId() != 0 && session(caller) == caller.processId();
  }

  @Override
  public int sessionOf(int group) {
    for (Process process : table.all()) {
      if (process.processGroup() == group) {
        return process.session();
      }
    }
    Process process = table.find(group);
    return process == null ? 0 : process.session();
  }

  @Override
  public boolean isOrphaned(int group) {
    return table.kinship().isOrphaned(group);
  }

  @Override
  public boolean ignores(Caller caller, int signal) {
    Process process = process(caller);
    boolean blocked =
        caller instanceof Task task && (task.blockedSignals() & Signals.bit(signal)) != 0;
    return blocked || (process != null && process.actions().handler(signal) == Signals.SIG_IGN);
  }

  @Override
  public void signalGroup(int group, int signal) {
    for (Process process : table.all()) {
      if (process.processGroup() == group) {
        SignalDelivery.send(process, signal);
      }
    }
  }

  @Override
  public void signalLeader(int session, int signal) {
    Process leader = table.find(session);
    if (leader != null) {
      SignalDelivery.send(leader, signal);
    }
  }
}

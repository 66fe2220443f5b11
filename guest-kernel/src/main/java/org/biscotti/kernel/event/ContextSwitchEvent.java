package org.biscotti.kernel.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A vCPU has begun to run a task. */
@Name("biscotti.ContextSwitch")
@Label("Context Switch")
@Description("A vCPU has begun to run a task.")
@Category({"Biscotti"})
@StackTrace(false)
public final class ContextSwitchEvent extends Event {
  @Label("vCPU")
  int vcpu;

  @Label("Process")
  int processId;

  @Label("Thread")
  int threadId;

  @Label("Other Address Space")
  boolean otherSpace;

  /** Begins one. */
  ContextSwitchEvent() {
    begin();
  }

  /** Ends it. */
  public void done(int vcpu, int processId, int threadId, boolean otherSpace) {
    end();
    if (shouldCommit()) {
      this.vcpu = vcpu;
      this.processId = processId;
      this.threadId = threadId;
      this.otherSpace = otherSpace;
      commit();
    }
  }
}

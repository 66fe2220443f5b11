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
  public int vcpu;

  @Label("Process")
  public int processId;

  @Label("Thread")
  public int threadId;

  @Label("Other Address Space")
  public boolean otherSpace;
}

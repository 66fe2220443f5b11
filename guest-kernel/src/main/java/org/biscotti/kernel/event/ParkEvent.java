package org.biscotti.kernel.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/**
 * A thread of the kernel has waited: a vCPU for work, or a system call for what it needs, on a
 * thread of its own.
 */
@Name("biscotti.Park")
@Label("Park")
@Description(
    "A thread of the kernel has waited: a vCPU for work, or a system call for what it needs.")
@Category({"Biscotti"})
@StackTrace(false)
public final class ParkEvent extends Event {
  /** A vCPU's thread had neither a task to run nor a ring to serve. */
  public static final String VCPU = "vcpu";

  /** A system call had to wait. */
  public static final String CALL = "call";

  @Label("Who")
  @Description("vcpu or call.")
  @Nullable String who;

  @Label("vCPU")
  @Description("Its number; -1 for a call.")
  int vcpu;

  @Label("Thread")
  @Description("Of the call's program; 0 for a vCPU.")
  int threadId;

  /** Begins one. */
  ParkEvent() {
    begin();
  }

  /** Ends it. */
  public void done(String who, int vcpu, int threadId) {
    end();
    if (shouldCommit()) {
      this.who = who;
      this.vcpu = vcpu;
      this.threadId = threadId;
      commit();
    }
  }
}

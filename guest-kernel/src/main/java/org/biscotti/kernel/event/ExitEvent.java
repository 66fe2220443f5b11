package org.biscotti.kernel.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Throttle;
import org.jspecify.annotations.Nullable;

/**
 * The guest has been left; the duration is that of the service until it goes on, or its task waits.
 */
@Name("biscotti.Exit")
@Label("Exit")
@Description(
    "The guest has been left; the duration is that of the service until it goes on, or its task waits.")
@Category({"Biscotti"})
@StackTrace(false)
@Throttle("20000/s")
public final class ExitEvent extends Event {
  @Label("vCPU")
  int vcpu;

  @Label("Reason")
  @Description(
      "What the guest was left for: Syscall, Posted, PageFault, Fault, Interrupted, Unrunnable.")
  @Nullable String reason;

  @Label("Process")
  int processId;

  /** Begins one. */
  ExitEvent() {
    begin();
  }

  /** Ends it. */
  public void done(int vcpu, String reason, int processId) {
    end();
    if (shouldCommit()) {
      this.vcpu = vcpu;
      this.reason = reason;
      this.processId = processId;
      commit();
    }
  }
}

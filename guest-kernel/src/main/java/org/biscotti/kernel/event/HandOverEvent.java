package org.biscotti.kernel.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** Work has passed from one thread to another. */
@Name("biscotti.HandOver")
@Label("Hand-Over")
@Description("Work has passed from one thread to another.")
@Category({"Biscotti"})
@StackTrace(false)
public final class HandOverEvent extends Event {
  @Label("vCPU")
  @Description("Whose thread has done it.")
  int vcpu;

  @Label("Kind")
  @Description(
      "serving-begins, serving-ends, server-woken, call-refused, call-to-thread, call-moved.")
  @Nullable String kind;

  /** Begins one. */
  HandOverEvent() {
    begin();
  }

  /** Ends it. */
  public void done(int vcpu, String kind) {
    end();
    if (shouldCommit()) {
      this.vcpu = vcpu;
      this.kind = kind;
      commit();
    }
  }
}

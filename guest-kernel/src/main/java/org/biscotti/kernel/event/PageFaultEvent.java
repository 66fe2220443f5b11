package org.biscotti.kernel.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Unsigned;
import org.jspecify.annotations.Nullable;

/** A page fault of a program has been served. */
@Name("biscotti.PageFault")
@Label("Page Fault")
@Description("A page fault of a program has been served.")
@Category({"Biscotti"})
@StackTrace(false)
public final class PageFaultEvent extends Event {
  @Label("Process")
  int processId;

  @Label("Address")
  @Unsigned
  long address;

  @Label("Write")
  boolean write;

  @Label("Outcome")
  @Nullable String outcome;

  /** Begins one. */
  PageFaultEvent() {
    begin();
  }

  /** Ends it. */
  public void done(int processId, long address, boolean write, String outcome) {
    end();
    if (shouldCommit()) {
      this.processId = processId;
      this.address = address;
      this.write = write;
      this.outcome = outcome;
      commit();
    }
  }
}

package org.biscotti.kernel.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** The address space of a process has been copied. */
@Name("biscotti.Fork")
@Label("Fork")
@Description("The address space of a process has been copied.")
@Category({"Biscotti"})
@StackTrace(false)
public final class ForkEvent extends Event {
  @Label("Parent")
  int parentId;

  @Label("Child")
  int childId;

  @Label("Resident Pages")
  @Description("Of the parent.")
  long pages;

  /** Begins one. */
  ForkEvent() {
    begin();
  }

  /** Ends it. */
  public void done(int parentId, int childId, long pages) {
    end();
    if (shouldCommit()) {
      this.parentId = parentId;
      this.childId = childId;
      this.pages = pages;
      commit();
    }
  }
}

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
  public int parentId;

  @Label("Child")
  public int childId;

  @Label("Resident Pages")
  @Description("Of the parent.")
  public long pages;
}

package org.biscotti.kernel.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Throttle;
import org.jspecify.annotations.Nullable;

/** A system call has been served; one that waits appears once for each start. */
@Name("biscotti.SystemCall")
@Label("System Call")
@Description("A system call has been served; one that waits appears once for each start.")
@Category({"Biscotti"})
@StackTrace(false)
@Throttle("20000/s")
public final class SystemCallEvent extends Event {
  @Label("Process")
  public int processId;

  @Label("Thread")
  public int threadId;

  @Label("Number")
  public long number;

  @Label("Name")
  public @Nullable String name;

  @Label("Result")
  @Description("What the program finds in RAX.")
  public long result;

  @Label("By Ring")
  @Description("True if it was answered without an exit.")
  public boolean ring;
}

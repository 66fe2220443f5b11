package org.biscotti.kernel.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Throttle;
import org.jspecify.annotations.Nullable;

/** A system call has been served; what it has waited is part of it. */
@Name("biscotti.SystemCall")
@Label("System Call")
@Description("A system call has been served; what it has waited is part of it.")
@Category({"Biscotti"})
@StackTrace(false)
@Throttle("20000/s")
public final class SystemCallEvent extends Event {
  @Label("Process")
  int processId;

  @Label("Thread")
  int threadId;

  @Label("Number")
  long number;

  @Label("Name")
  @Nullable String name;

  @Label("Result")
  @Description("What the program finds in RAX.")
  long result;

  @Label("By Ring")
  @Description("True if it was answered without an exit.")
  boolean ring;

  /** Begins one. */
  SystemCallEvent() {
    begin();
  }

  /** Ends it. */
  public void done(
      int processId, int threadId, long number, @Nullable String name, long result, boolean ring) {
    end();
    if (shouldCommit()) {
      this.processId = processId;
      this.threadId = threadId;
      this.number = number;
      this.name = name;
      this.result = result;
      this.ring = ring;
      commit();
    }
  }
}

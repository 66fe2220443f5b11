package org.biscotti.kernel.event;

import jdk.jfr.Event;
import org.jspecify.annotations.Nullable;

/**
 * Begins events, if they are to be recorded: whoever gets null has nothing to record.
 *
 * <p>That is decided once, when this class is initialised. The JVM does not keep event classes in
 * its AOT cache, so that just loading them would make every start slower by tens of milliseconds.
 */
public final class Events {
  /** System property that says whether this JVM records events of the kernel. */
  public static final String PROPERTY = "biscotti.events";

  private static final boolean RECORDED = Boolean.getBoolean(PROPERTY);

  private Events() {}

  /** The guest has been left. */
  public static @Nullable ExitEvent exit() {
    return RECORDED ? begun(new ExitEvent()) : null;
  }

  /** A system call is served. */
  public static @Nullable SystemCallEvent systemCall() {
    return RECORDED ? begun(new SystemCallEvent()) : null;
  }

  /** Work passes from one thread to another. */
  public static @Nullable HandOverEvent handOver() {
    return RECORDED ? begun(new HandOverEvent()) : null;
  }

  /** A thread waits. */
  public static @Nullable ParkEvent park() {
    return RECORDED ? begun(new ParkEvent()) : null;
  }

  /** A page fault is served. */
  public static @Nullable PageFaultEvent pageFault() {
    return RECORDED ? begun(new PageFaultEvent()) : null;
  }

  /** An address space is copied. */
  public static @Nullable ForkEvent fork() {
    return RECORDED ? begun(new ForkEvent()) : null;
  }

  /** A vCPU gets a task. */
  public static @Nullable ContextSwitchEvent contextSwitch() {
    return RECORDED ? begun(new ContextSwitchEvent()) : null;
  }

  private static <E extends Event> E begun(E event) {
    event.begin();
    return event;
  }
}

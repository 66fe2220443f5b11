package org.biscotti.kernel.event;

import org.jspecify.annotations.Nullable;

/**
 * Begins events, if they are to be recorded: whoever gets null has nothing to record.
 *
 * <p>That is decided once, when this class is initialised. The JVM does not keep event classes in
 * its AOT cache, so that just loading them would make every start slower by tens of milliseconds.
 * To be loaded it is enough that the verifier has to know what an event extends; so nothing here,
 * or where events are used, may treat one as an {@code Event}.
 */
public final class Events {
  /** System property that says whether this JVM records events of the kernel. */
  public static final String PROPERTY = "biscotti.events";

  private static final boolean RECORDED = Boolean.getBoolean(PROPERTY);

  private Events() {}

  /** The guest has been left. */
  public static @Nullable ExitEvent exit() {
    return RECORDED ? new ExitEvent() : null;
  }

  /** A system call is served. */
  public static @Nullable SystemCallEvent systemCall() {
    return RECORDED ? new SystemCallEvent() : null;
  }

  /** Work passes from one thread to another. */
  public static @Nullable HandOverEvent handOver() {
    return RECORDED ? new HandOverEvent() : null;
  }

  /** A thread waits. */
  public static @Nullable ParkEvent park() {
    return RECORDED ? new ParkEvent() : null;
  }

  /** A page fault is served. */
  public static @Nullable PageFaultEvent pageFault() {
    return RECORDED ? new PageFaultEvent() : null;
  }

  /** An address space is copied. */
  public static @Nullable ForkEvent fork() {
    return RECORDED ? new ForkEvent() : null;
  }

  /** A vCPU gets a task. */
  public static @Nullable ContextSwitchEvent contextSwitch() {
    return RECORDED ? new ContextSwitchEvent() : null;
  }
}

package org.biscotti.kernel.wait;

/**
 * Thrown by a call that has to wait while it runs on a thread that may not: a vCPU's own.
 *
 * <p>The dispatcher then starts the call again, from its beginning, on a virtual thread. So it may
 * be thrown only before the call has had any effect. One instance, no stack trace.
 */
public final class MustWait extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The one instance. */
  public static final MustWait INSTANCE = new MustWait();

  private MustWait() {
    super("must wait", null, false, false);
  }

  /** Throws unless the current thread may wait (is a virtual thread). */
  public static void unlessVirtual() {
    if (!Thread.currentThread().isVirtual()) {
      throw INSTANCE;
    }
  }
}

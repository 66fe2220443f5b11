package org.biscotti.kernel.wait;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Makes virtual threads whose continuations go to a scheduler of one's choice.
 *
 * <p>The JDK has them behind {@code ThreadBuilders.newVirtualThread}; where java.lang is not opened
 * to the kernel there are only plain ones, which run on the JDK's own pool.
 */
public final class VirtualThreads {
  private static final @Nullable MethodHandle NEW_THREAD = findFactory();

  private VirtualThreads() {}

  private static @Nullable MethodHandle findFactory() {
    try {
      Class<?> builders = Class.forName("java.lang.ThreadBuilders");
      Method factory =
          builders.getDeclaredMethod(
              "newVirtualThread", Executor.class, String.class, int.class, Runnable.class);
      factory.setAccessible(true);
      return MethodHandles.lookup()
          .unreflect(factory)
          .asType(
              MethodType.methodType(
                  Thread.class, Executor.class, String.class, int.class, Runnable.class));
    } catch (ReflectiveOperationException | RuntimeException notOpened) {
      return null;
    }
  }

  /** True if threads may have a scheduler. */
  public static boolean takeScheduler() {
    return NEW_THREAD != null;
  }

  /**
   * Makes a thread and does not start it.
   *
   * @param scheduler runs its continuations, on platform threads; only if {@link #takeScheduler}
   */
  public static Thread make(Executor scheduler, Runnable body) {
    MethodHandle factory = NEW_THREAD;
    if (factory == null) {
      throw new IllegalStateException("java.lang is not open");
    }
    try {
      return (Thread) factory.invokeExact(scheduler, (String) null, 0, body);
    } catch (Throwable t) {
      throw new AssertionError("making a virtual thread failed", t);
    }
  }
}

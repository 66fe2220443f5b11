package org.biscotti.kernel.task;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a task off the vCPUs until something has happened: its vfork(2) child has memory of its
 * own, or the other tasks of its process have ended. No thread waits meanwhile.
 */
public final class Hold {
  private static final Object RELEASED = new Object();

  /** Null, the task that is held, or RELEASED. */
  private final AtomicReference<@Nullable Object> state = new AtomicReference<>();

  /** True once {@link #release} has been called. */
  boolean isReleased() {
    return state.get() == RELEASED;
  }

  /**
   * Keeps a task.
   *
   * @param task off its vCPU, registers saved; not the caller's any more if this is true
   * @return false if it need not be kept
   */
  public boolean park(Task task) {
    return state.compareAndSet(null, task);
  }

  /** Lets the task go on; again and again without harm. */
  void release() {
    Object held = state.getAndSet(RELEASED);
    if (held instanceof Task task) {
      task.kernel().scheduler().enqueue(task);
    }
  }
}

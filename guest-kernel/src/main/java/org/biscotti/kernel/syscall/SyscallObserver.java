package org.biscotti.kernel.syscall;

import org.biscotti.kernel.task.Task;
import org.jspecify.annotations.Nullable;

/** Watches system calls, for tracing and statistics. Called on the thread that serves the call. */
public interface SyscallObserver {
  /**
   * A call is about to be served for the first time.
   *
   * @param call its row, or null if there is no such call
   */
  void entered(Task task, long number, @Nullable Syscall call, long[] arguments);

  /**
   * A call has been served.
   *
   * @param result its result, or a negative error number
   * @param nanos how long it took in the kernel, waiting included
   */
  void returned(
      Task task, long number, @Nullable Syscall call, long[] arguments, long result, long nanos);

  /** A task has ended; {@code exiting} calls never return. */
  void ended(Task task);
}

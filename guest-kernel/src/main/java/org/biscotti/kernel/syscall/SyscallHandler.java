package org.biscotti.kernel.syscall;

import org.biscotti.kernel.task.Task;

/**
 * One system call: decodes its arguments, finds the object, acts, returns a value.
 *
 * <p>It runs on the vCPU thread that took the trap, which must not wait; see {@link
 * org.biscotti.kernel.wait.MustWait}.
 */
@FunctionalInterface
public interface SyscallHandler {
  /**
   * Serves the call.
   *
   * @param task who calls
   * @return the result, or a negative error number; error numbers are usually thrown
   * @throws org.biscotti.kernel.abi.ErrnoException if it fails
   */
  long call(Task task, long a, long b, long c, long d, long e, long f);
}

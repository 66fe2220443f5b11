package org.biscotti.kernel.task;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.CpuContext;

/** Starts what clone(2) makes. */
public final class TaskMaker {
  private TaskMaker() {}

  /**
   * Makes a task and puts it into the run queue.
   *
   * @param caller of whose process or of whose child process it will be
   * @param context its registers
   * @param parentTid address in the caller's memory that receives its number, 0 for none
   * @param childTid address in its own memory that does, 0 for none
   * @return its number
   * @throws ErrnoException EAGAIN, ENOMEM
   */
  public static int make(
      Task caller,
      Process.CloneRequest request,
      CpuContext context,
      long parentTid,
      long childTid) {
    Task task = caller.process().cloneTask(caller, request, context);
    int number = task.threadId();
    store(caller, parentTid, number);
    store(task, childTid, number);
    caller.kernel().scheduler().enqueue(task);
    return number;
  }

  /** A bad address is the program's own affair (clone(2)). */
  private static void store(Task where, long address, int number) {
    if (address != 0) {
      try {
        where.memory().setInt(address, number);
      } catch (ErrnoException _) {
        return;
      }
    }
  }
}

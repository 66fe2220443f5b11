package org.biscotti.kernel.task;

import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.exec.LoadedProgram;
import org.biscotti.kernel.fs.Dentry;

/**
 * A program that has been loaded and is to replace the one that a task runs: execve(2) between the
 * last point where it can fail and the new program's first instruction.
 */
public final class Execution {
  private final LoadedProgram program;

  private Execution(LoadedProgram program) {
    this.program = program;
  }

  /**
   * Lets a loaded program replace that of a task as soon as it is the only one of its process.
   *
   * @throws org.biscotti.kernel.abi.ErrnoException EAGAIN if another task of the process is about
   *     to do the same
   */
  public static void begin(Task task, LoadedProgram program) {
    boolean begun = false;
    try {
      task.process().dismissOthers(task);
      task.setExecution(new Execution(program));
      begun = true;
    } finally {
      if (!begun) {
        program.space().close();
      }
    }
  }

  /** The task ends before it could run the program. */
  void abandon() {
    program.space().close();
  }

  /**
   * Replaces the program.
   *
   * @param task on no vCPU, the only one of its process
   */
  public void commit(Task task) {
    task.setExecution(null);
    TaskEnd.leaveTraces(task);
    Dentry file = ((ExecutableFile) program.executable()).dentry();
    Process process = task.process();
    process.replaceProgram(
        task,
        program.space(),
        new Process.ProgramImage(
            program.argumentsStart(),
            program.argumentsEnd(),
            program.argumentsEnd(),
            program.environmentEnd(),
            program.auxiliaryStart(),
            program.auxiliaryEnd()),
        file,
        program.identity());
    task.setName(Process.nameOf(file));
    task.setAlternateStack(0, 0, Signals.SS_DISABLE);
    program.initialise(task.context());
  }
}

package org.biscotti.kernel.syscall;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.task.Task;

/** Giving new files descriptors. */
final class Descriptors {
  private Descriptors() {}

  /**
   * Gives a new file a descriptor; if there is none left the file is closed.
   *
   * @throws ErrnoException EMFILE
   */
  static int install(Task t, OpenFile file, boolean closeOnExec) {
    try {
      return t.files().install(file, closeOnExec);
    } catch (ErrnoException full) {
      file.release();
      throw full;
    }
  }

  /** The same; if there is none left another file is closed, too. */
  static int installOrRelease(Task t, OpenFile file, boolean closeOnExec, OpenFile other) {
    try {
      return install(t, file, closeOnExec);
    } catch (ErrnoException full) {
      other.release();
      throw full;
    }
  }
}

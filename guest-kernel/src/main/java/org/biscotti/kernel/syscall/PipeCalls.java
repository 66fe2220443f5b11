package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Fcntl.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.ipc.IpcFiles;
import org.biscotti.kernel.task.Task;

/** Pipes: pipe(2) and what moves bytes between them. */
final class PipeCalls {
  private PipeCalls() {}

  static long pipe(Task t, long to, long b, long c, long d, long e, long f) {
    return pipe2(t, to, 0, c, d, e, f);
  }

  static long pipe2(Task t, long to, long flags, long c, long d, long e, long f) {
    Paths.checkFlags(flags, O_NONBLOCK | O_CLOEXEC);
    IpcFiles.Ends ends = t.kernel().files().ipc().makePipe(t, (int) flags & O_NONBLOCK);
    installPair(t, to, ends.read(), ends.write(), (flags & O_CLOEXEC) != 0);
    return 0;
  }

  /** Gives two files descriptors and stores these; if that fails both are closed. */
  static void installPair(Task t, long to, OpenFile one, OpenFile two, boolean closeOnExec) {
    int first;
    try {
      first = t.files().installNew(one, closeOnExec);
    } catch (ErrnoException full) {
      two.release();
      throw full;
    }
    try {
      int second = t.files().installNew(two, closeOnExec);
      try {
        t.memory().setInt(to, first);
        t.memory().setInt(to + Integer.BYTES, second);
      } catch (ErrnoException bad) {
        t.files().close(second);
        throw bad;
      }
    } catch (ErrnoException failure) {
      t.files().close(first);
      throw failure;
    }
  }
}

package org.biscotti.kernel.fs.proc;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Directory;
import org.biscotti.kernel.fs.DirectoryVisitor;
import org.biscotti.kernel.fs.ProcessView;
import org.biscotti.kernel.fs.ThreadView;

/** /proc/pid/task: a directory for every thread, with what the process's own has. */
final class TaskFolder extends Directory {
  /** Tells inode numbers below a thread from those below a process with the same number. */
  private static final long NUMBERS = 1L << 62;

  private final ProcFileSystem proc;
  private final ProcessView process;
  private final ProcContext context;

  TaskFolder(ProcFileSystem proc, long number, ProcessView process, ProcContext context) {
    super(proc, number, 0555, process.credentials().euid(), process.credentials().egid());
    this.proc = proc;
    this.process = process;
    this.context = context;
  }

  private static long numberOf(int thread) {
    return Numbers.inode(thread, 0) | NUMBERS;
  }

  @Override
  public Dentry lookup(String name, Caller caller) {
    int number = Numbers.parse(name);
    ThreadView thread = number < 0 ? null : process.thread(number);
    if (thread == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return new ProcessFolder(proc, process, context, numberOf(number), thread)
        .named(dentry(), name);
  }

  @Override
  public void list(long after, DirectoryVisitor visitor, Caller caller) {
    long first = StaticFolder.FIRST_POSITION;
    for (int thread : process.threads()) {
      long at = first + thread;
      if (at > after
          && !visitor.entry(Integer.toString(thread), numberOf(thread), Stat.S_IFDIR, at)) {
        return;
      }
    }
  }
}

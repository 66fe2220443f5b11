package org.biscotti.kernel.fs.proc;

import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.DirectoryVisitor;
import org.biscotti.kernel.fs.ProcessView;

/** /proc itself: its fixed entries, and a directory for every process. */
final class RootFolder extends StaticFolder {
  /** Positions of processes start here; the position of a process tells its number. */
  private static final long PROCESSES = 1 << 16;

  private final ProcFileSystem proc;
  private final ProcContext context;

  RootFolder(ProcFileSystem proc, ProcContext context) {
    super(proc, proc.newInodeNumber());
    this.proc = proc;
    this.context = context;
  }

  @Override
  public Dentry lookup(String name, Caller caller) {
    int pid = Numbers.parse(name);
    ProcessView process = pid < 0 ? null : context.processes().find(pid);
    if (process == null) {
      return super.lookup(name, caller);
    }
    return new ProcessFolder(proc, process, context).named(dentry(), name);
  }

  @Override
  public void list(long after, DirectoryVisitor visitor, Caller caller) {
    boolean[] full = new boolean[1];
    super.list(
        after,
        (name, inode, mode, at) -> {
          full[0] = !visitor.entry(name, inode, mode, at);
          return !full[0];
        },
        caller);
    if (full[0]) {
      return;
    }
    for (int pid : context.processes().pids()) {
      long at = PROCESSES + pid;
      if (at > after
          && !visitor.entry(Integer.toString(pid), Numbers.inode(pid, 0), Stat.S_IFDIR, at)) {
        return;
      }
    }
  }
}

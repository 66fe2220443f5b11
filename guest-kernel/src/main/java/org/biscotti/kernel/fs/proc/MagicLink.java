package org.biscotti.kernel.fs.proc;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.ProcessView;
import org.biscotti.kernel.fs.Symlink;
import org.jspecify.annotations.Nullable;

/**
 * A link that leads to a file and not to a path: /proc/pid/exe, cwd, root and fd/N. What
 * readlink(2) shows is a description of the file, which need not be a path at all.
 */
final class MagicLink extends Symlink {
  private static final long SHOWN_SIZE = 64;

  /** Says where a link leads now. */
  @FunctionalInterface
  interface Target {
    /** The file, or null if there is none. */
    @Nullable Dentry get();
  }

  private final ProcessView process;
  private final Target target;

  /**
   * Makes a link.
   *
   * @param permissions as Linux shows them: for a descriptor, how it is open
   */
  MagicLink(
      FileSystem fileSystem, long number, int permissions, ProcessView process, Target target) {
    super(
        fileSystem,
        number,
        permissions,
        process.credentials().euid(),
        process.credentials().egid());
    this.process = process;
    this.target = target;
  }

  @Override
  public long size() {
    return SHOWN_SIZE;
  }

  @Override
  public String target(Caller caller) {
    return follow(caller).path(caller.fs().root());
  }

  @Override
  public Dentry jump(Caller caller) {
    return follow(caller);
  }

  private Dentry follow(Caller caller) {
    if (!ProcessFolder.mayLookInto(process, caller)) {
      throw ErrnoException.of(Errno.EACCES);
    }
    Dentry to = target.get();
    if (to == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return to;
  }
}

package org.biscotti.kernel.task;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.exec.Executable;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.PathWalker;
import org.biscotti.kernel.fs.Permissions;
import org.biscotti.kernel.fs.RegularFile;
import org.biscotti.kernel.mem.PageSource;

/** A file of the file system that is opened to be executed (execve(2)). */
public final class ExecutableFile implements Executable {
  private static final int X_OK = 1;

  private final OpenFile open;
  private final RegularFile file;
  private boolean ignoresSetId;

  private ExecutableFile(OpenFile open, RegularFile file) {
    this.open = open;
    this.file = file;
  }

  /**
   * Opens a file for execution. It stays open until {@link #release}.
   *
   * @param caller on whose behalf
   * @param path relative to the caller's working directory or absolute
   * @throws ErrnoException as execve(2) has it: EACCES if it is no regular file or may not be
   *     executed, and what path resolution gives
   */
  public static ExecutableFile open(Caller caller, String path) {
    return open(caller, PathWalker.resolve(caller, caller.fs().workingDirectory(), path, true));
  }

  /** The same for a file that has been found. */
  public static ExecutableFile open(Caller caller, Dentry found) {
    if (!(found.inode() instanceof RegularFile file)) {
      throw ErrnoException.of(Errno.EACCES);
    }
    Permissions.check(file, caller.credentials(), X_OK);
    return new ExecutableFile(file.open(found, Fcntl.O_RDONLY, caller), file);
  }

  /** Its name in the tree. */
  public Dentry dentry() {
    return open.dentry();
  }

  /** Closes the file; what has been mapped of it stays. */
  public void release() {
    open.release();
  }

  @Override
  public long size() {
    return file.size();
  }

  @Override
  public int read(long offset, byte[] to, int at, int length) {
    return file.read(to, at, length, offset);
  }

  @Override
  public PageSource pages() {
    return open.pageSource();
  }

  @Override
  public String path() {
    return open.dentry().path(open.dentry().top());
  }

  @Override
  public int uid() {
    return file.uid();
  }

  @Override
  public int gid() {
    return file.gid();
  }

  /** Has the set-id bits mean nothing (PR_SET_NO_NEW_PRIVS of prctl(2)). */
  public void ignoreSetId() {
    ignoresSetId = true;
  }

  @Override
  public int mode() {
    boolean trusted = !ignoresSetId && (file.fileSystem().mountFlags() & Stat.ST_NOSUID) == 0;
    return trusted ? file.mode() : file.mode() & ~(Stat.S_ISUID | Stat.S_ISGID);
  }
}

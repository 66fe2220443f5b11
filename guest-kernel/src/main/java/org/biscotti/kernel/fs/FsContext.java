package org.biscotti.kernel.fs;

/**
 * Where a process stands in the tree of files: root, working directory and umask. Tasks share it
 * (CLONE_FS) or have a copy of it (fork(2)).
 */
public final class FsContext {
  private volatile Dentry root;
  private volatile Dentry workingDirectory;
  private volatile int umask;

  /** A context with the given root directory, which is the working directory too. */
  public FsContext(Dentry root) {
    this(root, root, 0022);
  }

  private FsContext(Dentry root, Dentry workingDirectory, int umask) {
    this.root = root;
    this.workingDirectory = workingDirectory;
    this.umask = umask;
  }

  /** What a child process starts with: the same, but its own. */
  public FsContext copy() {
    return new FsContext(root, workingDirectory, umask);
  }

  public Dentry root() {
    return root;
  }

  /** Sets the root directory (chroot(2)); the caller has checked that it is a directory. */
  public void setRoot(Dentry directory) {
    root = directory;
  }

  public Dentry workingDirectory() {
    return workingDirectory;
  }

  /** Sets the working directory (chdir(2)); the caller has checked that it is a directory. */
  public void setWorkingDirectory(Dentry directory) {
    workingDirectory = directory;
  }

  /** Permission bits that new files do not get (umask(2)). */
  public int umask() {
    return umask;
  }

  /**
   * Sets the umask.
   *
   * @param mask only the permission bits count
   * @return the old one
   */
  public int setUmask(int mask) {
    int old = umask;
    umask = mask & 0777;
    return old;
  }
}

package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Fcntl;

/** A file opened with O_PATH (open(2)): it names the file and can do nothing with it. */
public final class OpenPath extends OpenFile {
  /** Opens a name. */
  public OpenPath(Dentry dentry, int flags) {
    super(dentry, flags & (Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW));
  }
}

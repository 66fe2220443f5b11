package org.biscotti.kernel.fs.proc;

import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.Symlink;

/** A symbolic link that always leads to the same path. */
final class FixedLink extends Symlink {
  private final String target;

  FixedLink(FileSystem fileSystem, long number, String target) {
    super(fileSystem, number, 0777, 0, 0);
    this.target = target;
  }

  @Override
  public String target(Caller caller) {
    return target;
  }

  @Override
  public long size() {
    return target.length();
  }
}

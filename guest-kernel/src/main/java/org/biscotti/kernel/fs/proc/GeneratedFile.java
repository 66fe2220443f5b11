package org.biscotti.kernel.fs.proc;

import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.Inode;
import org.biscotti.kernel.fs.OpenBytes;
import org.biscotti.kernel.fs.OpenFile;

/** A file whose contents are made when it is read. Its size is 0, as in Linux. */
final class GeneratedFile extends Inode {
  private final OpenBytes.Source source;

  GeneratedFile(
      FileSystem fileSystem,
      long number,
      int permissions,
      int uid,
      int gid,
      OpenBytes.Source source) {
    super(fileSystem, number, Stat.S_IFREG | permissions, uid, gid);
    this.source = source;
  }

  @Override
  public long blockSize() {
    return 1024;
  }

  /** O_TRUNC is accepted and has no effect, as in Linux. */
  @Override
  public void truncate(long size, long fileSizeLimit) {}

  @Override
  public OpenFile open(Dentry dentry, int flags, Caller caller) {
    return new OpenBytes(dentry, flags, source);
  }
}

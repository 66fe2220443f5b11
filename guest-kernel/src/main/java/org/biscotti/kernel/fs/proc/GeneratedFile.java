package org.biscotti.kernel.fs.proc;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.Inode;
import org.biscotti.kernel.fs.OpenBytes;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.ProcessView;
import org.jspecify.annotations.Nullable;

/** A file whose contents are made when it is read. Its size is 0, as in Linux. */
final class GeneratedFile extends Inode {
  private final @Nullable ProcessView inside;
  private final OpenBytes.Source source;
  private final OpenBytes.Sink sink;

  /** A file that all may read whom its permissions let. */
  GeneratedFile(
      FileSystem fileSystem,
      long number,
      int permissions,
      int uid,
      int gid,
      OpenBytes.Source source) {
    this(fileSystem, number, permissions, uid, gid, null, source);
  }

  /**
   * A file about a process.
   *
   * @param inside the process, if only who may look into it may open the file
   */
  GeneratedFile(
      FileSystem fileSystem,
      long number,
      int permissions,
      int uid,
      int gid,
      @Nullable ProcessView inside,
      OpenBytes.Source source) {
    this(fileSystem, number, permissions, uid, gid, inside, source, OpenBytes.NOWHERE);
  }

  /** One that takes what is written to it. */
  GeneratedFile(
      FileSystem fileSystem,
      long number,
      int permissions,
      int uid,
      int gid,
      @Nullable ProcessView inside,
      OpenBytes.Source source,
      OpenBytes.Sink sink) {
    super(fileSystem, number, Stat.S_IFREG | permissions, uid, gid);
    this.inside = inside;
    this.source = source;
    this.sink = sink;
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
    if (inside != null && !ProcessFolder.mayLookInto(inside, caller)) {
      throw ErrnoException.of(Errno.EACCES);
    }
    return new OpenBytes(dentry, flags, source, sink);
  }
}

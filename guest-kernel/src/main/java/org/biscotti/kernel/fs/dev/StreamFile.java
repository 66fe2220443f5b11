package org.biscotti.kernel.fs.dev;

import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.Inode;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.port.HostStream;

/**
 * A stream of the host as a file: what descriptors 0, 1 and 2 lead to. Its type is the host's, so a
 * program that asks whether it writes to a pipe, a file or a terminal is told the truth.
 */
public final class StreamFile extends Inode {
  private final HostStream stream;
  private final long device;

  /**
   * Makes the file.
   *
   * @param device device number, for a terminal
   */
  public StreamFile(FileSystem fileSystem, HostStream stream, long device, int uid, int gid) {
    super(fileSystem, fileSystem.newInodeNumber(), stream.mode(), uid, gid);
    this.stream = stream;
    this.device = device;
  }

  HostStream stream() {
    return stream;
  }

  @Override
  public long size() {
    return stream.size();
  }

  @Override
  public long blocks() {
    return (stream.size() + 511) / 512;
  }

  @Override
  public long specialDevice() {
    return type() == Stat.S_IFCHR ? device : 0;
  }

  /** Another description of the same stream. They share the host's file position. */
  @Override
  public OpenFile open(Dentry dentry, int flags, Caller caller) {
    return new OpenStream(dentry, flags, stream);
  }
}

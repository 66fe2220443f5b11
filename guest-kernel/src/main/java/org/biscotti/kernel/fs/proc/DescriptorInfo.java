package org.biscotti.kernel.fs.proc;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.Inode;
import org.biscotti.kernel.fs.MountTable;
import org.biscotti.kernel.fs.OpenBytes;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.ProcessView;

/**
 * /proc/pid/fdinfo/N: how a descriptor is open. It says what was so when it was opened itself: a
 * read of it holds its own position, and may not ask for that of another file.
 */
final class DescriptorInfo extends Inode {
  private final ProcessView process;
  private final MountTable mounts;
  private final int descriptor;

  DescriptorInfo(
      FileSystem fileSystem, long number, ProcessView process, MountTable mounts, int descriptor) {
    super(
        fileSystem,
        number,
        Stat.S_IFREG | 0400,
        process.credentials().euid(),
        process.credentials().egid());
    this.process = process;
    this.mounts = mounts;
    this.descriptor = descriptor;
  }

  @Override
  public OpenFile open(Dentry dentry, int flags, Caller caller) {
    if (!ProcessFolder.mayLookInto(process, caller)) {
      throw ErrnoException.of(Errno.EACCES);
    }
    byte[] text = MountText.descriptor(mounts, process.files(), descriptor);
    return new OpenBytes(dentry, flags, () -> text);
  }
}

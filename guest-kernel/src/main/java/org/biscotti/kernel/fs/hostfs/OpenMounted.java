package org.biscotti.kernel.fs.hostfs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.OpenRegular;
import org.biscotti.kernel.mem.UserBuffer;

/** An open file of a mounted host directory, whose end somebody else can move. */
final class OpenMounted extends OpenRegular {
  private final MountedFile file;

  OpenMounted(MountedFile file, Dentry dentry, int flags) {
    super(file, dentry, flags);
    this.file = file;
  }

  @Override
  public long readAt(UserBuffer to, long from, Caller caller) {
    file.revalidateForRead(from + to.remaining());
    long before = to.position();
    try {
      return super.readAt(to, from, caller);
    } catch (ErrnoException failed) {
      if (failed.errno() != Errno.EIO) {
        throw failed;
      }
      // The file may have become shorter while it was read.
      file.revalidate();
      long done = to.position() - before;
      return done + super.readAt(to, from + done, caller);
    }
  }

  @Override
  public long write(UserBuffer from, Caller caller) {
    revalidateForAppend();
    return super.write(from, caller);
  }

  @Override
  public long writeAt(UserBuffer from, long to, Caller caller) {
    revalidateForAppend();
    return super.writeAt(from, to, caller);
  }

  private void revalidateForAppend() {
    if ((flags() & Fcntl.O_APPEND) != 0) {
      file.revalidate();
    }
  }

  @Override
  public long seek(long offset, int whence) {
    if (whence != Fcntl.SEEK_SET && whence != Fcntl.SEEK_CUR) {
      file.revalidate();
    }
    return super.seek(offset, whence);
  }

  /** The host is not asked to provide space; a C library then writes zeroes instead. */
  @Override
  public void allocate(int mode, long offset, long length, Caller caller) {
    throw ErrnoException.of(isWritable() ? Errno.EOPNOTSUPP : Errno.EBADF);
  }

  @Override
  public void sync() {
    file.syncHost();
  }
}

package org.biscotti.kernel.fs.proc;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Directory;
import org.biscotti.kernel.fs.DirectoryVisitor;
import org.biscotti.kernel.fs.FileTable;
import org.biscotti.kernel.fs.Inode;
import org.biscotti.kernel.fs.MountTable;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.ProcessView;
import org.jspecify.annotations.Nullable;

/**
 * /proc/pid/fd: a magic link for every open descriptor; or /proc/pid/fdinfo: a file that says how
 * each is open.
 */
final class DescriptorFolder extends Directory {
  /** Inode numbers of descriptors start so far behind the directory's own. */
  private static final long NUMBERS = 1 << 16;

  private final ProcFileSystem proc;
  private final ProcessView process;
  private final @Nullable MountTable mounts;

  /**
   * A directory.
   *
   * @param mounts what is mounted, for files; null for links
   */
  DescriptorFolder(
      ProcFileSystem proc, long number, ProcessView process, @Nullable MountTable mounts) {
    super(proc, number, 0500, process.credentials().euid(), process.credentials().egid());
    this.proc = proc;
    this.process = process;
    this.mounts = mounts;
  }

  private void checkAccess(Caller caller) {
    if (!ProcessFolder.mayLookInto(process, caller)) {
      throw ErrnoException.of(Errno.EACCES);
    }
  }

  @Override
  public Dentry lookup(String name, Caller caller) {
    checkAccess(caller);
    int descriptor = Numbers.parse(name);
    FileTable files = process.files();
    OpenFile file = descriptor < 0 ? null : files.find(descriptor);
    if (file == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    long number = number() + NUMBERS + descriptor;
    Inode inode =
        mounts == null
            ? link(number, file, descriptor)
            : new DescriptorInfo(proc, number, process, mounts, descriptor);
    return new Dentry(inode, dentry(), name);
  }

  private MagicLink link(long number, OpenFile file, int descriptor) {
    FileTable files = process.files();
    return new MagicLink(
        proc,
        number,
        permissions(file),
        process,
        () -> {
          OpenFile now = files.find(descriptor);
          return now == null ? null : now.dentry();
        });
  }

  private static int permissions(OpenFile file) {
    return 0100 | (file.isReadable() ? 0400 : 0) | (file.isWritable() ? 0200 : 0);
  }

  @Override
  public void list(long after, DirectoryVisitor visitor, Caller caller) {
    checkAccess(caller);
    FileTable files = process.files();
    long first = StaticFolder.FIRST_POSITION;
    int type = mounts == null ? Stat.S_IFLNK : Stat.S_IFREG;
    int from = (int) Math.max(0, Math.min(after + 1 - first, FileTable.DESCRIPTORS_MAX));
    for (int fd = files.next(from); fd >= 0; fd = files.next(fd + 1)) {
      long number = number() + NUMBERS + fd;
      if (!visitor.entry(Integer.toString(fd), number, type, first + fd)) {
        return;
      }
    }
  }
}

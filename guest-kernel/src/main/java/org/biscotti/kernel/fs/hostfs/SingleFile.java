package org.biscotti.kernel.fs.hostfs;

import java.lang.foreign.MemorySegment;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.InodeAccess;
import org.biscotti.kernel.fs.Namespace;
import org.biscotti.kernel.fs.PathWalker;
import org.biscotti.kernel.fs.tmpfs.MemoryDirectory;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.port.HostDirectory.Attributes;
import org.biscotti.kernel.port.HostDirectory.HostFile;

/**
 * One host file in a tmpfs of the guest: a program that the user named. Nothing beside it is
 * visible. It stays open on the host for as long as the machine runs, so it is the same file
 * whatever happens to its name. Changes stay in memory.
 */
public final class SingleFile extends HostBackedFile {
  private static final int DIRECTORY_PERMISSIONS = 0755;

  private final HostFile file;
  private final long hostSize;
  private final long hostBlocks;
  private volatile boolean changed;

  private SingleFile(
      FileSystem fileSystem, Attributes attributes, HostFile file, FrameAllocator frames) {
    super(fileSystem, fileSystem.newInodeNumber(), attributes, frames);
    this.file = file;
    this.hostSize = attributes.size();
    this.hostBlocks = attributes.blocks();
    addLinks(1 - attributes.links());
  }

  /**
   * Shows a host file in the guest's tree. Directories that are missing on the way are made; links
   * on the way are followed.
   *
   * @param caller on whose behalf
   * @param root directory that the path starts from
   * @param path where the file is to be seen
   * @param file the host file, taken over; closed if this fails
   * @param frames where its pages go
   * @return its name
   * @throws ErrnoException EEXIST if the path is taken, ENOTDIR if it leads through something else
   *     than directories, EROFS if it leads into a file system that is neither a tmpfs nor an
   *     overlay
   */
  public static Dentry show(
      Caller caller, Dentry root, String path, HostFile file, FrameAllocator frames) {
    boolean shown = false;
    try {
      Dentry entry = place(caller, root, path, file, frames);
      shown = true;
      return entry;
    } finally {
      if (!shown) {
        file.close();
      }
    }
  }

  private static Dentry place(
      Caller caller, Dentry root, String path, HostFile file, FrameAllocator frames) {
    Dentry at = root;
    String last = "";
    for (String name : path.split("/", -1)) {
      if (!name.isEmpty()) {
        at = last.isEmpty() ? at : step(caller, at, last);
        last = name;
      }
    }
    return showIn(caller, memoryDirectory(at.top()), last, file, frames);
  }

  private static Dentry step(Caller caller, Dentry in, String name) {
    try {
      return PathWalker.resolve(caller, in, name, true);
    } catch (ErrnoException failed) {
      if (failed.errno() != Errno.ENOENT) {
        throw failed;
      }
    }
    Namespace.makeDirectory(caller, in, name, DIRECTORY_PERMISSIONS);
    return PathWalker.resolve(caller, in, name, true);
  }

  private static Dentry showIn(
      Caller caller, MemoryDirectory in, String name, HostFile file, FrameAllocator frames) {
    InodeAccess access = in.access();
    if (!access.enter()) {
      return access.call(() -> showIn(caller, in, name, file, frames));
    }
    try {
      if (name.isEmpty() || in.lookup(name, caller) != null) {
        throw ErrnoException.of(Errno.EEXIST);
      }
      SingleFile inode = new SingleFile(in.fileSystem(), file.attributes(), file, frames);
      return in.adopt(new Dentry(inode, in.dentry(), name));
    } finally {
      access.leave();
    }
  }

  private static MemoryDirectory memoryDirectory(Dentry dentry) {
    if (dentry.inode() instanceof MemoryDirectory directory) {
      return directory;
    }
    throw ErrnoException.of(dentry.inode().isDirectory() ? Errno.EROFS : Errno.ENOTDIR);
  }

  @Override
  int readHost(long offset, MemorySegment to) {
    int done = 0;
    while (done < to.byteSize()) {
      int read = file.read(offset + done, to.asSlice(done));
      if (read == 0) {
        break;
      }
      done += read;
    }
    return done;
  }

  @Override
  void closeHost() {}

  @Override
  long hostSize() {
    return hostSize;
  }

  @Override
  long hostBlocks() {
    return hostBlocks;
  }

  @Override
  boolean isClean() {
    return !changed;
  }

  @Override
  protected void written(long position, long bytes) {
    changed = true;
  }

  @Override
  protected void resized(long newSize) {
    changed = true;
  }

  @Override
  public long page(long index, boolean forWrite) {
    if (forWrite) {
      changed = true;
    }
    return super.page(index, forWrite);
  }

  @Override
  protected void died() {
    file.close();
  }
}

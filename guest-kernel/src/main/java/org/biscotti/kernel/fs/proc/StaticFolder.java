package org.biscotti.kernel.fs.proc;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Directory;
import org.biscotti.kernel.fs.DirectoryVisitor;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.Inode;

/** A directory whose entries are put in while the file system is made and then stay. */
class StaticFolder extends Directory {
  /** Position of the first entry; see {@link Directory#list}. */
  static final long FIRST_POSITION = 3;

  private static final int PERMISSIONS = 0555;

  private final Map<String, Dentry> names = new HashMap<>();
  private final List<Dentry> order = new ArrayList<>();

  StaticFolder(FileSystem fileSystem, long number) {
    super(fileSystem, number, PERMISSIONS, 0, 0);
    addLinks(1);
  }

  final void put(String name, Inode inode) {
    Dentry dentry;
    if (inode instanceof Directory directory) {
      dentry = directory.named(dentry(), name);
      addLinks(1);
    } else {
      dentry = new Dentry(inode, dentry(), name);
    }
    names.put(name, dentry);
    order.add(dentry);
  }

  /** Position of the last entry. */
  final long lastPosition() {
    return FIRST_POSITION + order.size() - 1;
  }

  /** A name that is not there cannot be made either: both are ENOENT in procfs. */
  @Override
  public Dentry lookup(String name, Caller caller) {
    Dentry found = names.get(name);
    if (found == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return found;
  }

  @Override
  public void list(long after, DirectoryVisitor visitor, Caller caller) {
    for (long at = Math.max(after + 1, FIRST_POSITION); at <= lastPosition(); at++) {
      Dentry entry = order.get((int) (at - FIRST_POSITION));
      if (!visitor.entry(entry.name(), entry.inode().number(), entry.inode().mode(), at)) {
        return;
      }
    }
  }
}

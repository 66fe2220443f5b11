package org.biscotti.kernel.fs.tmpfs;

import java.util.concurrent.ConcurrentHashMap;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Directory;
import org.biscotti.kernel.fs.DirectoryVisitor;
import org.biscotti.kernel.fs.Inode;
import org.biscotti.kernel.fs.InodeAccess;
import org.jspecify.annotations.Nullable;

/**
 * A directory in memory: a hash table that is read without a lock, and a list for the order.
 *
 * <p>Subclasses may answer {@link #lookup} with entries of their own; they then override {@link
 * #list} too.
 */
public class MemoryDirectory extends Directory {
  /** What a directory takes of the heap, about. */
  static final long HEAP_BYTES = 640;

  /** What a name takes of the heap, about, apart from its bytes. */
  private static final long NAME_HEAP_BYTES = 160;

  private static final long FIRST_POSITION = 3;

  /** What an entry adds to the size of its directory in Linux' tmpfs (BOGO_DIRENT_SIZE). */
  private static final long ENTRY_SIZE = 20;

  private final MemoryFileSystem tmpfs;
  private final ConcurrentHashMap<String, Dentry> names = new ConcurrentHashMap<>(4);
  private final EntryList order = new EntryList(FIRST_POSITION);

  /** Makes an empty directory with no name yet. */
  @SuppressWarnings("this-escape") // only a counter, before anybody sees the directory
  protected MemoryDirectory(
      MemoryFileSystem tmpfs, long number, int permissions, int uid, int gid) {
    super(tmpfs, number, permissions, uid, gid);
    this.tmpfs = tmpfs;
    addLinks(1);
  }

  @Override
  public @Nullable Dentry lookup(String name, Caller caller) {
    return names.get(name);
  }

  /** The entry of that name that is in memory, or null. */
  protected final @Nullable Dentry present(String name) {
    return names.get(name);
  }

  @Override
  public void list(long after, DirectoryVisitor visitor, Caller caller) {
    InodeAccess access = access();
    if (!access.enter()) {
      access.run(() -> list(after, visitor, caller));
      return;
    }
    try {
      for (Dentry at = order.after(after); at != null; at = order.after(at.cookie())) {
        Inode inode = at.inode();
        if (!visitor.entry(at.name(), inode.number(), inode.mode(), at.cookie())) {
          return;
        }
      }
    } finally {
      access.leave();
    }
  }

  @Override
  public boolean isEmpty() {
    return order.size() == 0;
  }

  @Override
  public long size() {
    return (2 + names.mappingCount()) * ENTRY_SIZE;
  }

  @Override
  public Dentry create(String name, int permissions, int uid, int gid) {
    tmpfs.charge(1, MemoryFile.HEAP_BYTES + nameBytes(name));
    return enter(new MemoryFile(tmpfs, tmpfs.newInodeNumber(), permissions, uid, gid), name);
  }

  @Override
  public Dentry createUnnamed(int permissions, int uid, int gid) {
    tmpfs.charge(1, MemoryFile.HEAP_BYTES);
    MemoryFile file = new MemoryFile(tmpfs, tmpfs.newInodeNumber(), permissions, uid, gid);
    file.hold();
    file.addLinks(-1);
    Dentry dentry = new Dentry(file, dentry(), "#" + file.number());
    dentry.markUnlinked();
    return dentry;
  }

  @Override
  public Dentry makeDirectory(String name, int permissions, int uid, int gid) {
    tmpfs.charge(1, HEAP_BYTES + nameBytes(name));
    MemoryDirectory made = newDirectory(tmpfs.newInodeNumber(), permissions, uid, gid);
    made.named(dentry(), name);
    addLinks(1);
    return enter(made.dentry());
  }

  /** What a directory below this one is; for subclasses that want their own kind. */
  protected MemoryDirectory newDirectory(long number, int permissions, int uid, int gid) {
    return new MemoryDirectory(tmpfs, number, permissions, uid, gid);
  }

  @Override
  public Dentry makeSymlink(String name, String target, int uid, int gid) {
    tmpfs.charge(1, MemorySymlink.heapBytes(target) + nameBytes(name));
    return enter(new MemorySymlink(tmpfs, tmpfs.newInodeNumber(), target, uid, gid), name);
  }

  @Override
  public Dentry makeNode(String name, int mode, long device, int uid, int gid) {
    tmpfs.charge(1, MemoryNode.HEAP_BYTES + nameBytes(name));
    return enter(new MemoryNode(tmpfs, tmpfs.newInodeNumber(), mode, device, uid, gid), name);
  }

  @Override
  public Dentry link(String name, Inode file) {
    tmpfs.charge(0, nameBytes(name));
    file.addLinks(1);
    file.touchChanged(tmpfs.now());
    return enter(file, name);
  }

  @Override
  public void unlink(Dentry entry) {
    leave(entry);
  }

  @Override
  public void removeDirectory(Dentry entry) {
    leave(entry);
  }

  /** The new name never fails to exist: it is overwritten before the old one goes. */
  @Override
  public void rename(Dentry entry, Directory to, String toName, @Nullable Dentry replaced) {
    MemoryDirectory target = (MemoryDirectory) to;
    String name = entry.name();
    tmpfs.charge(0, nameBytes(toName));
    if (replaced != null) {
      target.order.remove(replaced);
      target.dispose(replaced);
    }
    order.remove(entry);
    tmpfs.move(entry, target.dentry(), toName);
    target.attach(entry);
    names.remove(name, entry);
    tmpfs.uncharge(0, nameBytes(name));
    if (entry.inode().isDirectory() && target.dentry() != dentry()) {
      addLinks(-1);
      target.addLinks(1);
    }
    stampRename(entry, target);
  }

  @Override
  public void exchange(Dentry entry, Directory to, Dentry other) {
    MemoryDirectory target = (MemoryDirectory) to;
    String name = entry.name();
    String otherName = other.name();
    order.remove(entry);
    target.order.remove(other);
    tmpfs.move(entry, target.dentry(), otherName);
    tmpfs.move(other, dentry(), name);
    target.attach(entry);
    attach(other);
    if (target.dentry() != dentry()) {
      int moved = (other.inode().isDirectory() ? 1 : 0) - (entry.inode().isDirectory() ? 1 : 0);
      addLinks(moved);
      target.addLinks(-moved);
    }
    stampRename(entry, target);
    other.inode().touchChanged(tmpfs.now());
  }

  private void stampRename(Dentry entry, MemoryDirectory target) {
    long now = tmpfs.now();
    touchModified(now);
    target.touchModified(now);
    entry.inode().touchChanged(now);
  }

  /**
   * Enters a file that was there before, on a file system below this one: no time is stamped. With
   * the lock held.
   *
   * @throws ErrnoException ENOSPC
   */
  public final Dentry adopt(Dentry entry) {
    tmpfs.charge(0, nameBytes(entry.name()));
    attach(entry);
    return entry;
  }

  private Dentry enter(Inode inode, String name) {
    return enter(new Dentry(inode, dentry(), name));
  }

  private Dentry enter(Dentry entry) {
    attach(entry);
    touchModified(tmpfs.now());
    return entry;
  }

  private void leave(Dentry entry) {
    names.remove(entry.name(), entry);
    order.remove(entry);
    dispose(entry);
    touchModified(tmpfs.now());
  }

  private void attach(Dentry entry) {
    order.add(entry);
    names.put(entry.name(), entry);
  }

  /** What happens to a file when a name of it, already taken out, is gone. */
  private void dispose(Dentry entry) {
    Inode file = entry.inode();
    entry.markUnlinked();
    tmpfs.uncharge(0, nameBytes(entry.name()));
    file.touchChanged(tmpfs.now());
    if (file.isDirectory()) {
      addLinks(-1);
      file.addLinks(-2);
    } else {
      file.addLinks(-1);
    }
  }

  @Override
  protected void lastLinkGone() {
    tmpfs.uncharge(1, HEAP_BYTES);
  }

  private static long nameBytes(String name) {
    return NAME_HEAP_BYTES + name.length();
  }
}

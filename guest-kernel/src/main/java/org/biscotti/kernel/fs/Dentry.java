package org.biscotti.kernel.fs;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * A name in a directory and the file it names. It stays the same object for as long as the name
 * lasts, also when it is renamed, so whoever holds one can tell its present path.
 *
 * <p>{@code parent}, {@code name} and {@code unlinked} change under the parent directory's lock
 * only and may be read at any time.
 */
public final class Dentry {
  private final Inode inode;
  private volatile @Nullable Dentry parent;
  private volatile String name;
  private volatile boolean unlinked;
  private volatile @Nullable Dentry mounted;
  private long cookie;

  /**
   * Makes a dentry.
   *
   * @param parent null for the root of a file system and for files that have no place in the tree
   * @param name the name; for a file without a place, what /proc/self/fd shows
   */
  public Dentry(Inode inode, @Nullable Dentry parent, String name) {
    this.inode = inode;
    this.parent = parent;
    this.name = name;
  }

  public Inode inode() {
    return inode;
  }

  /** The directory in the same file system, or null at its root. */
  public @Nullable Dentry parent() {
    return parent;
  }

  public String name() {
    return name;
  }

  /** True once the name has been removed. */
  public boolean isUnlinked() {
    return unlinked;
  }

  /** Marks the name as removed; by the directory, under its lock. */
  public void markUnlinked() {
    unlinked = true;
  }

  /** Root of the file system mounted here, or null. */
  public @Nullable Dentry mounted() {
    return mounted;
  }

  void setMounted(Dentry root) {
    mounted = root;
  }

  void place(Dentry newParent, String newName) {
    parent = newParent;
    name = newName;
  }

  /** Position in its directory; for directories that keep one with the name. */
  public long cookie() {
    return cookie;
  }

  /** Sets the position in its directory; under the directory's lock. */
  public void setCookie(long position) {
    cookie = position;
  }

  /** This, or the root of what is mounted here (on the topmost of several). */
  public Dentry top() {
    Dentry at = this;
    for (Dentry next = at.mounted; next != null; next = at.mounted) {
      at = next;
    }
    return at;
  }

  /** The directory above, across mounts; null at the very root and for files without a place. */
  public @Nullable Dentry above() {
    Dentry at = this;
    while (at.parent == null) {
      Dentry mountPoint = at.inode.fileSystem().mountPoint();
      if (mountPoint == null || at.inode.fileSystem().root() != at) {
        return null;
      }
      at = mountPoint;
    }
    return at.parent;
  }

  /** True if this dentry is {@code other} or below it. */
  public boolean isWithin(Dentry other) {
    for (@Nullable Dentry at = this; at != null; at = at.above()) {
      if (at.top() == other.top()) {
        return true;
      }
    }
    return false;
  }

  /**
   * The absolute path as seen from a root directory, for /proc/self/fd and maps: with " (deleted)"
   * at its end if the name is gone, the bare name for a file without a place.
   */
  public String path(Dentry root) {
    if (parent == null && inode.fileSystem().root() != this) {
      return name;
    }
    String path = pathFrom(root);
    String full = path == null ? "(unreachable)" + pathFrom(null) : path;
    return unlinked ? full + " (deleted)" : full;
  }

  /** The absolute path below a root, or null if it is not below it (getcwd(2)). */
  public @Nullable String pathFrom(@Nullable Dentry root) {
    FileSystem fileSystem = inode.fileSystem();
    while (true) {
      int before = fileSystem.renameSequence();
      String path = collect(root);
      if ((before & 1) == 0 && fileSystem.renameSequence() == before) {
        return path;
      }
      Thread.onSpinWait();
    }
  }

  private @Nullable String collect(@Nullable Dentry root) {
    Dentry top = root == null ? null : root.top();
    Deque<String> names = new ArrayDeque<>();
    Dentry at = this;
    while (at != top && at != root) {
      if (at.parent == null) {
        Dentry mountPoint = at.inode.fileSystem().mountPoint();
        if (mountPoint == null) {
          if (root != null) {
            return null;
          }
          break;
        }
        at = mountPoint;
        continue;
      }
      names.push(at.name);
      at = at.parent;
    }
    return names.isEmpty() ? "/" : "/" + String.join("/", names);
  }
}

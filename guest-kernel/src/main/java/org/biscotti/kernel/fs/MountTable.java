package org.biscotti.kernel.fs;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** What is mounted, in the order in which it was. */
public final class MountTable {
  private final List<FileSystem> mounted = new CopyOnWriteArrayList<>();

  /** Notes the root file system or one that has just been mounted. */
  public void add(FileSystem fileSystem) {
    mounted.add(fileSystem);
  }

  /** All mounted file systems; the root first. */
  public List<FileSystem> all() {
    return mounted;
  }

  /** Writes everything that is not yet where it belongs (sync(2)). */
  public void sync() {
    for (FileSystem fileSystem : mounted) {
      fileSystem.sync();
    }
  }
}

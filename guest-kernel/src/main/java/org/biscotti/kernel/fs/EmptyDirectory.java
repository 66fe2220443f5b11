package org.biscotti.kernel.fs;

import org.jspecify.annotations.Nullable;

/** A directory in which there is nothing, ever. */
final class EmptyDirectory extends Directory {
  private static final int PERMISSIONS = 0555;

  EmptyDirectory(FileSystem fileSystem) {
    super(fileSystem, fileSystem.newInodeNumber(), PERMISSIONS, 0, 0);
  }

  @Override
  public @Nullable Dentry lookup(String name, Caller caller) {
    return null;
  }

  @Override
  public void list(long after, DirectoryVisitor visitor, Caller caller) {}
}

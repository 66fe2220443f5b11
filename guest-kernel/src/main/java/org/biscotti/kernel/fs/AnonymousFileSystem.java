package org.biscotti.kernel.fs;

import org.biscotti.kernel.port.Clock;

/**
 * A file system without a tree, for files that have no path: pipes, sockets, the host's streams.
 * Its root is an empty directory that nobody can reach.
 */
public final class AnonymousFileSystem extends FileSystem {
  private static final int BLOCK_BYTES = 4096;

  private final long magic;
  private final Dentry root;

  /**
   * Makes one.
   *
   * @param type for example "pipefs"
   * @param magic {@code f_type} of its files
   */
  public AnonymousFileSystem(String type, long magic, Clock clock) {
    super(type, "none", 0, clock);
    this.magic = magic;
    root = new EmptyDirectory(this).named(null, "");
  }

  @Override
  public Dentry root() {
    return root;
  }

  @Override
  public FileSystemStatus status() {
    return new FileSystemStatus(magic, BLOCK_BYTES, 0, 0, 0, 0);
  }
}

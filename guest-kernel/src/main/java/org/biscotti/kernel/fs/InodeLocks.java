package org.biscotti.kernel.fs;

/** Each inode has a lock, which whoever makes a call takes. */
public final class InodeLocks implements InodePolicy {
  /** The one there is: it keeps nothing. */
  public static final InodePolicy POLICY = new InodeLocks();

  private InodeLocks() {}

  @Override
  public InodeAccess newAccess() {
    return new LockedInode();
  }
}

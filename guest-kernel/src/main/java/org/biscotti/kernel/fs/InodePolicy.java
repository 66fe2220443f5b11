package org.biscotti.kernel.fs;

/**
 * Who may change an inode, and on which thread: a class for each policy, whose names are in {@link
 * InodePolicies}. One object is shared by the file systems of a kernel.
 */
public interface InodePolicy extends AutoCloseable {
  /** How to get at one more inode. */
  InodeAccess newAccess();

  /** Threads of inodes that there are now. */
  default int liveThreads() {
    return 0;
  }

  /** The largest number of threads that there has been at one time. */
  default int liveThreadsPeak() {
    return 0;
  }

  /** Operations that have been handed to a thread of an inode so far. */
  default long requests() {
    return 0;
  }

  /** Ends all threads as soon as they have nothing to do, for when the kernel ends. */
  @Override
  default void close() {}
}

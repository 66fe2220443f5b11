package org.biscotti.kernel.fs;

import java.util.concurrent.Executor;

/** The ways to get at an inode that there are, by the names that the command line has for them. */
public enum InodePolicies {
  /** Each inode has a lock, and whoever makes the call takes it. */
  LOCK,
  /** Each inode has a virtual thread, which does what calls ask of it (the paper's section 4.1). */
  THREAD;

  /**
   * Makes a policy.
   *
   * @param elsewhere runs what no waiting thread is free for
   * @param unpin lets the calling thread run on any core
   */
  public InodePolicy make(Executor elsewhere, Runnable unpin) {
    return switch (this) {
      case LOCK -> InodeLocks.POLICY;
      case THREAD -> new InodeThreads(elsewhere, unpin);
    };
  }
}

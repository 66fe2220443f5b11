package org.biscotti.kernel.fs;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How those who change one inode take turns: by a lock, or because a thread of the inode's own does
 * it for them. An object per inode, made by the {@link InodePolicy}.
 *
 * <p>What is done while one has the inode is an operation. An operation may go on to a second inode
 * in the order of {@link org.biscotti.kernel.wait.LockRank#INODE}, and may come back to one that it
 * has. It must not wait for anything but locks of later ranks: it may be on a thread that other
 * calls wait for.
 *
 * <p>Where neither a closure nor a virtual call more may be paid for, an operation is a method that
 * has itself done by whoever may do it:
 *
 * <pre>{@code
 * void touch(int how) {
 *   if (!access.enter()) {
 *     access.run(() -> touch(how));
 *     return;
 *   }
 *   try {
 *     ...
 *   } finally {
 *     access.leave();
 *   }
 * }
 * }</pre>
 *
 * <p>Everywhere else {@link #run} and {@link #call} are enough.
 */
public interface InodeAccess {
  /**
   * Takes the inode for the calling thread, if this thread is one that may have it; waits until
   * nobody else has it.
   *
   * @return true if the caller has the inode and must {@link #leave} it; false if the operation has
   *     to be handed to {@link #call}, and nothing has been done
   */
  boolean enter();

  /** Ends what a successful {@link #enter} began. */
  void leave();

  /**
   * Has an operation done by a thread that has the inode, and waits for it. Signals do not end the
   * wait: it is as short as the operations of those who came before.
   *
   * @return what the operation returns
   * @throws RuntimeException what the operation throws, the very same object
   */
  <T extends @Nullable Object> T call(Supplier<T> operation);

  /** The same for an operation without a result. */
  default void run(Runnable operation) {
    Object _ =
        this.<@Nullable Object>call(() -> {
          operation.run();
          return null;
        });
  }

  /**
   * The inode has been freed: what is kept for it can go. Operations that still come, from whoever
   * has it open, are done all the same. May be called with any lock held, and does not wait.
   */
  void end();
}

package org.biscotti.kernel.ipc;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;

/**
 * How much of the heap may be taken by bytes that are in flight: an eighth. A program that fills
 * pipes and sockets gets an error, not the kernel's memory; and one that is not the superuser's at
 * most a half of it, so that he can still see to it.
 *
 * <p>Users are counted in a table of fixed size. Two whose numbers meet there share a half.
 */
public final class Budget {
  private static final long HEAP_SHARE = 8;
  private static final int USER_SHARE = 2;
  private static final int USERS = 1024;

  /**
   * Pages of pipes that a user may have before new ones of his are small
   * (/proc/sys/fs/pipe-user-pages-soft).
   */
  private static final int PIPE_PAGES_SOFT = 16_384;

  private final long bytesMax;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLongArray bytesOfUsers = new AtomicLongArray(USERS);
  private final AtomicLongArray pipePagesOfUsers = new AtomicLongArray(USERS);

  /** A budget of the usual share of the heap. */
  public Budget() {
    this(Runtime.getRuntime().maxMemory() / HEAP_SHARE);
  }

  /** A budget of so many bytes. */
  public Budget(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  /** The superuser's place is his alone. */
  private static int place(int uid) {
    return uid == 0 ? 0 : 1 + Integer.remainderUnsigned(uid, USERS - 1);
  }

  /**
   * Takes a part of it.
   *
   * @param uid whose bytes they are
   * @param errno thrown if there is not so much left, or the user has had his share
   */
  public void charge(long count, int uid, int errno) {
    long users = bytesOfUsers.addAndGet(place(uid), count);
    boolean mayHave = uid == 0 || users <= bytesMax / USER_SHARE;
    if (bytes.addAndGet(count) > bytesMax
        || !mayHave
        || !KernelMemory.HEAP.tryReserve(Kind.BYTE, count)) {
      bytes.addAndGet(-count);
      bytesOfUsers.addAndGet(place(uid), -count);
      throw ErrnoException.of(errno);
    }
  }

  /** Gives a part back. */
  public void release(long count, int uid) {
    bytes.addAndGet(-count);
    bytesOfUsers.addAndGet(place(uid), -count);
    KernelMemory.HEAP.release(Kind.BYTE, count);
  }

  /** Bytes taken now. */
  public long charged() {
    return bytes.get();
  }

  /**
   * Counts what a user's pipes may hold (pipe(7)).
   *
   * @param pages how many more, or fewer if negative
   * @return false if the user has more than an ordinary one may now
   */
  boolean addPipePages(int uid, int pages) {
    return pipePagesOfUsers.addAndGet(place(uid), pages) <= PIPE_PAGES_SOFT;
  }
}

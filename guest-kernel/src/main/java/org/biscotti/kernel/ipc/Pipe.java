package org.biscotti.kernel.ipc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;
import org.biscotti.kernel.wait.WaitQueue;

/**
 * The bytes of a pipe or a FIFO, and how many have it open to read and to write (pipe(7)).
 *
 * <p>A ring of bytes that grows as it fills. Linux counts pages instead, so it may call a pipe full
 * a little earlier; readiness to write is a whole page here as there.
 */
@SuppressWarnings("NonAtomicVolatileUpdate") // the lock makes it atomic
public final class Pipe {
  /** What a write moves at once or not at all, in bytes (PIPE_BUF). */
  static final int ATOMIC_BYTES = 4096;

  static final int PAGE_BYTES = 4096;
  static final int DEFAULT_CAPACITY = 64 << 10;

  /** Largest capacity that an ordinary user may set (/proc/sys/fs/pipe-max-size). */
  static final int UNPRIVILEGED_MAX = 1 << 20;

  /** What a pipe holds whose owner has too many already. */
  private static final int SMALL_CAPACITY = 2 * PAGE_BYTES;

  private static final int CAPACITY_MAX = 1 << 30;
  private static final byte[] EMPTY = {};

  /** What {@link #read} and {@link #write} return when they would have to wait. */
  static final long WOULD_WAIT = -1;

  private static final AtomicLong NUMBERS = new AtomicLong();

  private final long number = NUMBERS.getAndIncrement();
  private final Budget budget;
  private final RankedLock lock = new RankedLock(LockRank.STREAM);
  private final WaitQueue queue = new WaitQueue();

  @GuardedBy("lock")
  private byte[] ring = EMPTY;

  @GuardedBy("lock")
  private int head;

  /** To whom the bytes and the capacity count while it is open: who has opened it first. */
  @GuardedBy("lock")
  private int owner;

  // Written under the lock, read without it for readiness.
  private volatile int count;
  private volatile int capacity = DEFAULT_CAPACITY;
  private volatile int readers;
  private volatile int writers;
  private volatile long readersSeen;
  private volatile long writersSeen;

  /** Makes an empty pipe that nobody has open. */
  Pipe(Budget budget) {
    this.budget = budget;
  }

  /** Who waits for it. */
  WaitQueue queue() {
    return queue;
  }

  /** Bytes in it. */
  int count() {
    return count;
  }

  /** Bytes that it holds at most. */
  int capacity() {
    return capacity;
  }

  int readers() {
    return readers;
  }

  int writers() {
    return writers;
  }

  /** How often it has been opened to read. */
  long readersSeen() {
    return readersSeen;
  }

  /** How often it has been opened to write. */
  long writersSeen() {
    return writersSeen;
  }

  /** Somebody opens it. */
  void join(boolean reads, boolean writes, Credentials who) {
    lock.lock();
    try {
      if (readers == 0 && writers == 0) {
        begin(who);
      }
      if (reads) {
        readers++;
        readersSeen++;
      }
      if (writes) {
        writers++;
        writersSeen++;
      }
    } finally {
      lock.unlock();
    }
    queue.wake((reads ? Poll.WRITABLE : 0) | (writes ? Poll.READABLE : 0));
  }

  @GuardedBy("lock")
  private void begin(Credentials who) {
    owner = who.uid();
    capacity = DEFAULT_CAPACITY;
    if (!budget.addPipePages(owner, capacity / PAGE_BYTES) && who.euid() != 0) {
      budget.addPipePages(owner, (SMALL_CAPACITY - capacity) / PAGE_BYTES);
      capacity = SMALL_CAPACITY;
    }
  }

  /** Somebody closes it; with the last one the bytes go. */
  void leave(boolean reads, boolean writes) {
    lock.lock();
    try {
      readers -= reads ? 1 : 0;
      writers -= writes ? 1 : 0;
      if (readers == 0 && writers == 0) {
        budget.addPipePages(owner, -capacity / PAGE_BYTES);
        budget.release(ring.length, owner);
        ring = EMPTY;
        head = 0;
        count = 0;
      }
    } finally {
      lock.unlock();
    }
    queue.wake(
        (reads ? Poll.WRITABLE | Poll.POLLERR : 0) | (writes ? Poll.READABLE | Poll.POLLHUP : 0));
  }

  // ---- moving bytes ----

  /**
   * Moves bytes to a reader.
   *
   * @return how many; 0 at the end, {@link #WOULD_WAIT} if it is empty and may yet be written
   */
  long read(UserBuffer to) {
    boolean roomNow;
    long done;
    lock.lock();
    try {
      if (count == 0) {
        return writers == 0 ? 0 : WOULD_WAIT;
      }
      boolean roomBefore = hasRoom();
      done = 0;
      while (to.remaining() > 0 && count > 0 && !to.faulted()) {
        int part = (int) Math.min(Math.min(count, ring.length - head), to.remaining());
        int moved = (int) to.put(ring, head, part);
        consume(moved);
        done += moved;
      }
      roomNow = !roomBefore && hasRoom();
    } finally {
      lock.unlock();
    }
    if (roomNow) {
      queue.wake(Poll.WRITABLE);
    }
    return moved(done, to);
  }

  private static long moved(long done, UserBuffer buffer) {
    if (done == 0 && buffer.faulted()) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return done;
  }

  @GuardedBy("lock")
  private void consume(int bytes) {
    head = ring.length == 0 ? 0 : head + bytes & ring.length - 1;
    count -= bytes;
    if (count == 0) {
      head = 0;
    }
  }

  /**
   * Moves bytes from a writer.
   *
   * @param whole true to move everything or nothing, whatever the size
   * @return how many; {@link #WOULD_WAIT} if there is not the room for it
   * @throws ErrnoException EPIPE if nobody reads
   */
  long write(UserBuffer from, boolean whole) {
    long done = 0;
    lock.lock();
    try {
      checkReaders();
      long wanted = from.remaining();
      long room = (long) capacity - count;
      if (room < (whole || wanted <= ATOMIC_BYTES ? wanted : 1)) {
        return WOULD_WAIT;
      }
      reserve((int) Math.min(wanted, room));
      while (from.remaining() > 0 && count < capacity && !from.faulted()) {
        int tail = head + count & ring.length - 1;
        int free = Math.min(capacity, ring.length) - count;
        int part = (int) Math.min(Math.min(free, ring.length - tail), from.remaining());
        int moved = (int) from.take(ring, tail, part);
        count += moved;
        done += moved;
      }
    } finally {
      lock.unlock();
    }
    if (done > 0) {
      queue.wake(Poll.READABLE);
    }
    return moved(done, from);
  }

  @GuardedBy("lock")
  private void checkReaders() {
    if (readers == 0) {
      throw ErrnoException.of(Errno.EPIPE);
    }
  }

  /** Makes the ring large enough for so many bytes more. */
  @GuardedBy("lock")
  private void reserve(int bytes) {
    int needed = count + bytes;
    if (needed <= ring.length) {
      return;
    }
    int length = Math.max(ring.length, PAGE_BYTES);
    while (length < needed) {
      length *= 2;
    }
    resize(length);
  }

  @GuardedBy("lock")
  private void resize(int length) {
    budget.charge(length, owner, Errno.ENOMEM);
    byte[] larger = new byte[length];
    copyTo(larger, 0, count);
    budget.release(ring.length, owner);
    ring = larger;
    head = 0;
  }

  /** Copies the first bytes and leaves them where they are. */
  @GuardedBy("lock")
  private void copyTo(byte[] to, int at, int bytes) {
    int first = Math.min(bytes, ring.length - head);
    System.arraycopy(ring, head, to, at, first);
    System.arraycopy(ring, 0, to, at + first, bytes - first);
  }

  /**
   * Moves or copies bytes to another pipe (splice(2), tee(2)).
   *
   * @param consume false to leave them here, too
   * @return how many; 0 at the end of this, {@link #WOULD_WAIT} if this is empty or that is full
   * @throws ErrnoException EPIPE if nobody reads the other
   */
  long transfer(Pipe to, long bytes, boolean consume) {
    RankedLock first = number < to.number ? lock : to.lock;
    RankedLock second = number < to.number ? to.lock : lock;
    int moved;
    first.lock();
    second.lock();
    try {
      moved = transferLocked(to, bytes, consume);
    } finally {
      second.unlock();
      first.unlock();
    }
    if (moved > 0) {
      to.queue.wake(Poll.READABLE);
      queue.wake(consume ? Poll.WRITABLE : 0);
    }
    return moved;
  }

  @SuppressWarnings("GuardedBy") // transfer holds both locks
  private int transferLocked(Pipe to, long bytes, boolean consume) {
    to.checkReaders();
    if (count == 0) {
      return writers == 0 ? 0 : (int) WOULD_WAIT;
    }
    int part = (int) Math.min(bytes, Math.min(count, to.capacity - to.count));
    if (part == 0) {
      return bytes == 0 ? 0 : (int) WOULD_WAIT;
    }
    byte[] moving = new byte[part];
    copyTo(moving, 0, part);
    to.reserve(part);
    to.append(moving, part);
    if (consume) {
      consume(part);
    }
    return part;
  }

  @GuardedBy("lock")
  private void append(byte[] from, int bytes) {
    int tail = head + count & ring.length - 1;
    int first = Math.min(bytes, ring.length - tail);
    System.arraycopy(from, 0, ring, tail, first);
    System.arraycopy(from, first, ring, 0, bytes - first);
    count += bytes;
  }

  /**
   * Adds bytes behind or before those that are there, beyond the capacity if need be. If nobody has
   * the pipe open any more they go where the others went.
   */
  void add(byte[] from, int at, int bytes, boolean before) {
    lock.lock();
    try {
      if (readers == 0 && writers == 0) {
        return;
      }
      reserve(bytes);
      if (before) {
        head = (head - bytes) & (ring.length - 1);
        int first = Math.min(bytes, ring.length - head);
        System.arraycopy(from, at, ring, head, first);
        System.arraycopy(from, at + first, ring, 0, bytes - first);
        count += bytes;
      } else {
        append(Arrays.copyOfRange(from, at, at + bytes), bytes);
      }
    } finally {
      lock.unlock();
    }
    queue.wake(Poll.READABLE);
  }

  // ---- readiness and size ----

  /** Bytes that it takes now; EPIPE if nobody reads. */
  long room() {
    lock.lock();
    try {
      checkReaders();
      return Math.max((long) capacity - count, 0);
    } finally {
      lock.unlock();
    }
  }

  private boolean hasRoom() {
    return capacity - count >= PAGE_BYTES;
  }

  /** True if a write of so many bytes can be made, or fails. */
  boolean takes(long bytes) {
    long room = (long) capacity - count;
    return readers == 0 || room >= (bytes <= ATOMIC_BYTES ? bytes : 1);
  }

  /** True if a read returns at once. */
  boolean gives() {
    return count > 0 || writers == 0;
  }

  /** Events for a reader; a hang-up only if somebody has written since it opened it (poll(2)). */
  int readEvents(long writersSeenAtOpen) {
    int events = count > 0 ? Poll.READABLE : 0;
    boolean hungUp = writers == 0 && writersSeen != writersSeenAtOpen;
    return hungUp ? events | Poll.POLLHUP : events;
  }

  /** Events for a writer. */
  int writeEvents() {
    return (hasRoom() ? Poll.WRITABLE : 0) | (readers == 0 ? Poll.POLLERR : 0);
  }

  /**
   * Sets the capacity (F_SETPIPE_SZ).
   *
   * @return the new capacity: the next power of two pages
   * @throws ErrnoException EINVAL, EPERM beyond a user's limit, EBUSY if it holds more, ENOMEM
   */
  int setCapacity(long bytes, Credentials who) {
    if (bytes < 0 || bytes > 1L << 31) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    long rounded = bytes <= PAGE_BYTES ? PAGE_BYTES : Long.highestOneBit(bytes - 1) << 1;
    if (rounded > UNPRIVILEGED_MAX && rounded > capacity && who.euid() != 0) {
      throw ErrnoException.of(Errno.EPERM);
    }
    if (rounded > CAPACITY_MAX) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    boolean more;
    lock.lock();
    try {
      if (count > rounded) {
        throw ErrnoException.of(Errno.EBUSY);
      }
      if (ring.length > rounded) {
        resize((int) rounded);
      }
      more = rounded > capacity;
      countCapacity((int) rounded, who);
      capacity = (int) rounded;
    } finally {
      lock.unlock();
    }
    if (more) {
      queue.wake(Poll.WRITABLE);
    }
    return (int) rounded;
  }

  /** Counts another capacity to the owner; of a pipe that has just been closed nothing counts. */
  @GuardedBy("lock")
  private void countCapacity(int bytes, Credentials who) {
    if (readers == 0 && writers == 0) {
      return;
    }
    int change = (bytes - capacity) / PAGE_BYTES;
    if (!budget.addPipePages(owner, change) && change > 0 && who.euid() != 0) {
      budget.addPipePages(owner, -change);
      throw ErrnoException.of(Errno.EPERM);
    }
  }
}

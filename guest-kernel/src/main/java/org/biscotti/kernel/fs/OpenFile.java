package org.biscotti.kernel.fs;

import java.util.concurrent.atomic.AtomicInteger;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.mem.PageSource;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.wait.WaitQueue;
import org.jspecify.annotations.Nullable;

/**
 * An open file description (open(2)): what a descriptor refers to, and what descriptors made by
 * dup(2) and fork(2) share.
 *
 * <p>Counts are in bytes. An operation that a kind of file does not have fails with the error Linux
 * gives for it. Reads and writes return how much was moved; they throw EFAULT only if that is
 * nothing because of a bad pointer. Those that may have to wait first try, and then follow the
 * protocol of {@link org.biscotti.kernel.wait.MustWait}.
 *
 * <p>Born with one reference, for whoever opened it. Every table slot holds one.
 */
public abstract class OpenFile {
  private static final int SETTABLE =
      Fcntl.O_APPEND | Fcntl.O_ASYNC | Fcntl.O_DIRECT | Fcntl.O_NOATIME | Fcntl.O_NONBLOCK;
  private static final int NOT_KEPT =
      Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOCTTY | Fcntl.O_TRUNC | Fcntl.O_CLOEXEC;

  private final Dentry dentry;
  private final AtomicInteger references = new AtomicInteger(1);
  private volatile int flags;
  private volatile boolean locked;

  /**
   * Makes a description.
   *
   * @param dentry what is open
   * @param flags access mode and status flags as in open(2); those that only concern the opening
   *     are dropped
   */
  protected OpenFile(Dentry dentry, int flags) {
    this.dentry = dentry;
    this.flags = flags & ~NOT_KEPT;
    dentry.inode().hold();
    KernelMemory.HEAP.add(Kind.OPEN_FILE);
  }

  /** The name it was opened by; a renamed file shows its new name. */
  public final Dentry dentry() {
    return dentry;
  }

  public final Inode inode() {
    return dentry.inode();
  }

  /** Access mode and status flags, as F_GETFL gives them. */
  public final int flags() {
    return flags;
  }

  /** Sets the flags that F_SETFL may set; the others stay. */
  public final void setStatusFlags(int newFlags) {
    flags = (flags & ~SETTABLE) | (newFlags & SETTABLE);
  }

  public final boolean isReadable() {
    int mode = flags & Fcntl.O_ACCMODE;
    return mode == Fcntl.O_RDWR || (mode == Fcntl.O_RDONLY && !isPathOnly());
  }

  public final boolean isWritable() {
    int mode = flags & Fcntl.O_ACCMODE;
    return mode == Fcntl.O_WRONLY || mode == Fcntl.O_RDWR;
  }

  /** True if it was opened with O_PATH: it names a file and does nothing else. */
  public final boolean isPathOnly() {
    return (flags & Fcntl.O_PATH) != 0;
  }

  public final boolean isNonBlocking() {
    return (flags & Fcntl.O_NONBLOCK) != 0;
  }

  /**
   * One more descriptor (or other owner) refers to this.
   *
   * @throws ErrnoException EBADF if the last one has been closed in the meantime
   */
  public final OpenFile retain() {
    if (!tryRetain()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    return this;
  }

  /** One more owner; false if the last one has closed the file in the meantime. */
  public final boolean tryRetain() {
    int before = references.get();
    while (before > 0) {
      if (references.compareAndSet(before, before + 1)) {
        return true;
      }
      before = references.get();
    }
    return false;
  }

  /** One owner less; the last one closes the file. */
  public final void release() {
    int left = references.decrementAndGet();
    if (left == 0) {
      try {
        if (locked) {
          dentry.inode().wholeFileLock().unlock(this);
        }
        dentry.inode().dropRecordLocks(this);
        closed();
        WaitQueue queue = waitQueue();
        if (queue != null) {
          queue.wake(Poll.CLOSED);
        }
      } finally {
        KernelMemory.HEAP.release(Kind.OPEN_FILE, 1);
        dentry.inode().letGo();
      }
    } else if (left < 0) {
      throw new IllegalStateException("open file released too often");
    }
  }

  /** Notes that there may be a flock(2) to give up at the end. */
  final void holdsWholeFileLock() {
    locked = true;
  }

  /** True once the last owner is gone. */
  public final boolean isClosed() {
    return references.get() <= 0;
  }

  /** The last owner is gone. */
  protected void closed() {}

  /** Reads at the file's own position, or the next bytes of a stream (read(2)). */
  public long read(UserBuffer to, Caller caller) {
    throw ErrnoException.of(Errno.EINVAL);
  }

  /** Writes at the file's own position, or appends to a stream (write(2)). */
  public long write(UserBuffer from, Caller caller) {
    throw ErrnoException.of(Errno.EINVAL);
  }

  /**
   * Reads at a position and leaves the file's own alone (pread(2)).
   *
   * @param position not negative
   */
  public long readAt(UserBuffer to, long position, Caller caller) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  /**
   * Writes at a position and leaves the file's own alone (pwrite(2)).
   *
   * @param position not negative
   */
  public long writeAt(UserBuffer from, long position, Caller caller) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  /** True if the file has positions (pread(2), pwrite(2) and lseek(2) work). */
  public boolean isSeekable() {
    return false;
  }

  /** Moves the position (lseek(2)) and returns it. */
  public long seek(long offset, int whence) {
    throw ErrnoException.of(Errno.ESPIPE);
  }

  /** The position now, in bytes; 0 for a file that has none. */
  public long position() {
    return 0;
  }

  /** Changes the size (ftruncate(2)). */
  public void truncate(long size, Caller caller) {
    throw ErrnoException.of(Errno.EINVAL);
  }

  /** Provides or gives back space (fallocate(2)). */
  public void allocate(int mode, long offset, long length, Caller caller) {
    throw ErrnoException.of(Errno.ENODEV);
  }

  /**
   * Does what is particular to a kind of file (ioctl(2)). Requests that every file has are done
   * before this is asked.
   */
  public long ioctl(int request, long argument, UserMemory memory) {
    throw ErrnoException.of(Errno.ENOTTY);
  }

  /** The same for a kind of file to which it matters who asks. */
  public long ioctl(int request, long argument, UserMemory memory, Caller caller) {
    return ioctl(request, argument, memory);
  }

  /** Events that are ready now, as poll(2) has them. A file that never waits has them all. */
  public int readyEvents() {
    return Poll.ALWAYS;
  }

  /**
   * Runs something once, on some thread, when one of the events (or an error or hang-up) is ready;
   * at once if one is. It may also run although none is, or more than once.
   *
   * @param events as poll(2) has them
   */
  public void onReady(int events, Runnable then) {
    then.run();
  }

  /**
   * Where whoever waits for this file's events waits. A file that has none never waits, or says so
   * with {@link #onReady} alone.
   */
  public @Nullable WaitQueue waitQueue() {
    return null;
  }

  /** True if the file may have to be waited for: epoll_ctl(2) takes no other. */
  public boolean isWaitable() {
    return waitQueue() != null;
  }

  /**
   * Hands the entries from the position on to a visitor (getdents(2)).
   *
   * @return the number of entries taken, -1 if there was one but no room for it
   */
  public int readDirectory(DirectoryVisitor visitor, Caller caller) {
    throw ErrnoException.of(Errno.ENOTDIR);
  }

  /** What a mapping of this file maps (mmap(2)). */
  public PageSource pageSource() {
    throw ErrnoException.of(Errno.ENODEV);
  }

  /** Makes what was written durable (fsync(2)). */
  public void sync() {
    throw ErrnoException.of(Errno.EINVAL);
  }
}

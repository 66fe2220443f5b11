package org.biscotti.kernel.fs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;
import org.jspecify.annotations.Nullable;

/**
 * The file descriptors of a process. Tasks share it (CLONE_FILES) or have a copy of it (fork(2)).
 *
 * <p>A descriptor is looked up without a lock; changes take the table's lock, which is a leaf.
 */
public final class FileTable {
  /** Most descriptors a table can have, whatever RLIMIT_NOFILE says (/proc/sys/fs/nr_open). */
  public static final int DESCRIPTORS_MAX = 1 << 20;

  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(OpenFile[].class);
  private static final int WORD_BITS = 64;

  private final RankedLock lock = new RankedLock(LockRank.LEAF);
  private volatile @Nullable OpenFile[] files = new @Nullable OpenFile[WORD_BITS];
  private long[] open = new long[1];
  private long[] closeOnExec = new long[1];
  private int lowestFree;
  private volatile long limit;
  private int users = 1;

  /**
   * Makes an empty table.
   *
   * @param limit RLIMIT_NOFILE: every new descriptor is below it
   */
  public FileTable(long limit) {
    this.limit = limit;
  }

  /** Sets RLIMIT_NOFILE; descriptors that are open stay so. */
  public void setLimit(long newLimit) {
    limit = newLimit;
  }

  /** RLIMIT_NOFILE. */
  public long limit() {
    return limit;
  }

  /**
   * The open file behind a descriptor; {@link HeldFiles held} until the call returns if that may
   * wait.
   *
   * @throws ErrnoException EBADF if there is none, or one opened with O_PATH
   */
  public OpenFile get(int descriptor) {
    OpenFile file = peek(descriptor);
    while (!HeldFiles.hold(file)) {
      file = peek(descriptor);
    }
    return file;
  }

  /** The same, but not held: for a look at once. */
  public OpenFile peek(int descriptor) {
    OpenFile file = find(descriptor);
    if (file == null || file.isPathOnly()) {
      throw ErrnoException.of(Errno.EBADF);
    }
    return file;
  }

  /**
   * The open file behind a descriptor, also one opened with O_PATH.
   *
   * @throws ErrnoException EBADF if there is none
   */
  public OpenFile getAny(int descriptor) {
    OpenFile file = find(descriptor);
    if (file == null) {
      throw ErrnoException.of(Errno.EBADF);
    }
    return file;
  }

  /** The open file behind a descriptor, or null. */
  public @Nullable OpenFile find(int descriptor) {
    @Nullable OpenFile[] now = files;
    return descriptor >= 0 && descriptor < now.length
        ? (OpenFile) SLOT.getAcquire(now, descriptor)
        : null;
  }

  /**
   * Gives an open file the lowest descriptor that is free. The caller's reference goes to the
   * table, unless this fails.
   *
   * @return the descriptor
   * @throws ErrnoException EMFILE
   */
  public int install(OpenFile file, boolean closeOnExecToo) {
    return installFrom(file, 0, closeOnExecToo);
  }

  /**
   * Gives a file that has just been opened a descriptor; if there is none left the file is closed.
   *
   * @throws ErrnoException EMFILE, ENFILE, ENOMEM
   */
  public int installNew(OpenFile file, boolean closeOnExecToo) {
    try {
      if (!KernelMemory.HEAP.hasRoom(Kind.OPEN_FILE)) {
        throw ErrnoException.of(Errno.ENFILE);
      }
      return install(file, closeOnExecToo);
    } catch (ErrnoException full) {
      file.release();
      throw full;
    }
  }

  /**
   * Gives an open file the lowest free descriptor that is at least {@code from} (F_DUPFD). The
   * caller's reference goes to the table, unless this fails.
   *
   * @throws ErrnoException EINVAL if {@code from} is not below the limit, EMFILE if none is free
   */
  public int installFrom(OpenFile file, int from, boolean closeOnExecToo) {
    lock.lock();
    try {
      int max = maximum();
      if (from != 0 && (from < 0 || from >= max)) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      int descriptor = firstFree(Math.max(from, lowestFree));
      if (descriptor >= max) {
        throw ErrnoException.of(Errno.EMFILE);
      }
      set(descriptor, file, closeOnExecToo);
      if (from <= lowestFree) {
        lowestFree = descriptor + 1;
      }
      return descriptor;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Fails if there is no descriptor left, or no file may be opened at all, before something is done
   * that cannot be undone.
   *
   * @throws ErrnoException EMFILE, ENFILE
   */
  public void checkFree() {
    lock.lock();
    try {
      if (firstFree(lowestFree) >= maximum()) {
        throw ErrnoException.of(Errno.EMFILE);
      }
      if (!KernelMemory.HEAP.hasRoom(Kind.OPEN_FILE)) {
        throw ErrnoException.of(Errno.ENFILE);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Gives an open file a particular descriptor and closes what had it (dup2(2)). The caller's
   * reference goes to the table, unless this fails.
   *
   * @throws ErrnoException EBADF if the descriptor is not below the limit
   */
  public int installAt(OpenFile file, int descriptor, boolean closeOnExecToo) {
    @Nullable OpenFile old;
    lock.lock();
    try {
      if (descriptor < 0 || descriptor >= maximum()) {
        throw ErrnoException.of(Errno.EBADF);
      }
      old = find(descriptor);
      set(descriptor, file, closeOnExecToo);
    } finally {
      lock.unlock();
    }
    if (old != null) {
      closed(old);
    }
    return descriptor;
  }

  /**
   * Closes a descriptor.
   *
   * @throws ErrnoException EBADF if there is none
   */
  public void close(int descriptor) {
    OpenFile file;
    lock.lock();
    try {
      file = getAny(descriptor);
      clear(descriptor);
    } finally {
      lock.unlock();
    }
    closed(file);
  }

  /**
   * Undoes an {@link #install} that the program could not be told of.
   *
   * @return false if another thread has closed it, or has given the descriptor another file; else
   *     the table's reference is the caller's
   */
  public boolean takeBack(int descriptor, OpenFile file) {
    lock.lock();
    try {
      boolean there = file.equals(find(descriptor));
      if (there) {
        clear(descriptor);
      }
      return there;
    } finally {
      lock.unlock();
    }
  }

  /** Closes all descriptors from first to last, both included. */
  public void closeRange(int first, int last) {
    for (int fd = next(first); fd >= 0 && fd <= last; fd = next(fd + 1)) {
      closeIfOpen(fd);
    }
  }

  /** Marks all descriptors from first to last, both included, as close-on-exec. */
  public void markCloseOnExec(int first, int last) {
    for (int fd = next(first); fd >= 0 && fd <= last; fd = next(fd + 1)) {
      lock.lock();
      try {
        if (find(fd) != null) {
          closeOnExec[fd / WORD_BITS] |= 1L << fd;
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** Closes what is marked close-on-exec (execve(2)). */
  public void closeOnExec() {
    for (int fd = next(0); fd >= 0; fd = next(fd + 1)) {
      if (isCloseOnExec(fd)) {
        closeIfOpen(fd);
      }
    }
  }

  /** True if the descriptor is closed by execve(2). */
  public boolean isCloseOnExec(int descriptor) {
    lock.lock();
    try {
      return find(descriptor) != null
          && (closeOnExec[descriptor / WORD_BITS] >>> descriptor & 1) != 0;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets or clears close-on-exec (F_SETFD).
   *
   * @throws ErrnoException EBADF if there is no such descriptor
   */
  public void setCloseOnExec(int descriptor, boolean value) {
    lock.lock();
    try {
      getAny(descriptor);
      if (value) {
        closeOnExec[descriptor / WORD_BITS] |= 1L << descriptor;
      } else {
        closeOnExec[descriptor / WORD_BITS] &= ~(1L << descriptor);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The lowest open descriptor that is at least {@code from}, or -1. */
  public int next(int from) {
    @Nullable OpenFile[] now = files;
    for (int fd = Math.max(from, 0); fd < now.length; fd++) {
      if (SLOT.getAcquire(now, fd) != null) {
        return fd;
      }
    }
    return -1;
  }

  /** Number of descriptors there is room for now (FDSize in /proc/pid/status). */
  public int capacity() {
    return files.length;
  }

  /** A table of the same open files and descriptors (fork(2)). */
  public FileTable copy() {
    lock.lock();
    try {
      FileTable copy = new FileTable(limit);
      KernelMemory.HEAP.reserve(Kind.DESCRIPTOR, files.length - WORD_BITS, Errno.ENOMEM);
      @Nullable OpenFile[] shared = files.clone();
      for (OpenFile file : shared) {
        if (file != null) {
          file.retain();
        }
      }
      copy.files = shared;
      copy.open = open.clone();
      copy.closeOnExec = closeOnExec.clone();
      copy.lowestFree = lowestFree;
      return copy;
    } finally {
      lock.unlock();
    }
  }

  /** One more process shares this table (CLONE_FILES). */
  public FileTable share() {
    lock.lock();
    try {
      users++;
      return this;
    } finally {
      lock.unlock();
    }
  }

  /** True if more than one process uses this table. */
  public boolean isShared() {
    lock.lock();
    try {
      return users > 1;
    } finally {
      lock.unlock();
    }
  }

  /** A process stops using this table; the last one closes every descriptor. */
  public void leave() {
    boolean last;
    lock.lock();
    try {
      last = --users == 0;
    } finally {
      lock.unlock();
    }
    if (last) {
      closeRange(0, Integer.MAX_VALUE - 1);
      KernelMemory.HEAP.release(Kind.DESCRIPTOR, files.length - WORD_BITS);
    }
  }

  /** A descriptor is gone: with any of a file go the process's record locks of it (fcntl(2)). */
  private void closed(OpenFile file) {
    if (!file.isPathOnly()) {
      file.inode().dropRecordLocks(this);
    }
    file.release();
  }

  private void closeIfOpen(int descriptor) {
    OpenFile file;
    lock.lock();
    try {
      file = find(descriptor);
      if (file != null) {
        clear(descriptor);
      }
    } finally {
      lock.unlock();
    }
    if (file != null) {
      closed(file);
    }
  }

  private int maximum() {
    return (int) Math.max(0, Math.min(limit < 0 ? DESCRIPTORS_MAX : limit, DESCRIPTORS_MAX));
  }

  private int firstFree(int from) {
    for (int word = from / WORD_BITS; word < open.length; word++) {
      long free = ~open[word];
      if (word == from / WORD_BITS) {
        free &= -1L << from;
      }
      if (free != 0) {
        return word * WORD_BITS + Long.numberOfTrailingZeros(free);
      }
    }
    return Math.max(from, open.length * WORD_BITS);
  }

  private void set(int descriptor, OpenFile file, boolean closeOnExecToo) {
    grow(descriptor);
    int word = descriptor / WORD_BITS;
    long bit = 1L << descriptor;
    open[word] |= bit;
    closeOnExec[word] = closeOnExecToo ? closeOnExec[word] | bit : closeOnExec[word] & ~bit;
    SLOT.setRelease(files, descriptor, file);
  }

  private void clear(int descriptor) {
    int word = descriptor / WORD_BITS;
    long bit = 1L << descriptor;
    open[word] &= ~bit;
    closeOnExec[word] &= ~bit;
    SLOT.setRelease(files, descriptor, null);
    lowestFree = Math.min(lowestFree, descriptor);
  }

  private void grow(int descriptor) {
    int length = files.length;
    if (descriptor < length) {
      return;
    }
    while (length <= descriptor) {
      length *= 2;
    }
    KernelMemory.HEAP.reserve(Kind.DESCRIPTOR, length - files.length, Errno.ENOMEM);
    files = Arrays.copyOf(files, length);
    open = Arrays.copyOf(open, length / WORD_BITS);
    closeOnExec = Arrays.copyOf(closeOnExec, length / WORD_BITS);
  }
}

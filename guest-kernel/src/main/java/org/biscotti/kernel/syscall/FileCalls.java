package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Fcntl.*;
import static org.biscotti.kernel.abi.Ioctl.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Attributes;
import org.biscotti.kernel.fs.FileTable;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.Opening;
import org.biscotti.kernel.ipc.MemoryObject;
import org.biscotti.kernel.ipc.OpenPipe;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.wait.MustWait;

/** Open files and descriptors: open(2), read(2), write(2), lseek(2), fcntl(2), dup(2)... */
final class FileCalls {
  /** {@code struct open_how}: flags, mode, resolve. */
  private static final int OPEN_HOW_SIZE = 24;

  private static final int OPEN_HOW_SIZE_MAX = 4096;

  private static final int RESOLVE_ALL =
      RESOLVE_NO_XDEV
          | RESOLVE_NO_MAGICLINKS
          | RESOLVE_NO_SYMLINKS
          | RESOLVE_BENEATH
          | RESOLVE_IN_ROOT
          | RESOLVE_CACHED;

  private static final int COPY_CHUNK = 64 << 10;
  private static final int RWF_KNOWN =
      RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND | RWF_NOAPPEND;
  private static final int SYNC_RANGE_FLAGS =
      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

  private FileCalls() {}

  private static OpenFile file(Task t, long fd) {
    return t.files().get((int) fd);
  }

  static long open(Task t, long path, long flags, long mode, long d, long e, long f) {
    return openat(t, AT_FDCWD, path, flags, mode, e, f);
  }

  static long creat(Task t, long path, long mode, long c, long d, long e, long f) {
    return openat(t, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode, e, f);
  }

  static long openat(Task t, long dir, long path, long flags, long mode, long e, long f) {
    return open(t, dir, path, (int) flags, (int) mode, 0);
  }

  static long openat2(Task t, long dir, long path, long how, long size, long e, long f) {
    if (size < OPEN_HOW_SIZE) {
      throw ErrnoException.of(EINVAL);
    }
    if (size > OPEN_HOW_SIZE_MAX) {
      throw ErrnoException.of(E2BIG);
    }
    UserMemory memory = t.memory();
    for (long at = OPEN_HOW_SIZE; at < size; at++) {
      if (memory.getByte(how + at) != 0) {
        throw ErrnoException.of(E2BIG);
      }
    }
    long flags = memory.getLong(how);
    long mode = memory.getLong(how + 8);
    long resolve = memory.getLong(how + 16);
    boolean makes = (flags & (O_CREAT | O_TMPFILE_BIT)) != 0;
    if ((flags & ~(long) O_ALL) != 0
        || (resolve & ~RESOLVE_ALL) != 0
        || (mode & ~07777) != 0
        || (mode != 0 && !makes)
        || (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) == (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) {
      throw ErrnoException.of(EINVAL);
    }
    return open(t, dir, path, (int) flags, (int) mode, (int) resolve);
  }

  private static long open(Task t, long dir, long path, int flags, int mode, int resolve) {
    String name = Paths.read(t, path);
    t.files().checkFree();
    OpenFile opened = Opening.open(t, Paths.start(t, dir, name), name, flags, mode, resolve);
    return t.files().installNew(opened, (flags & O_CLOEXEC) != 0);
  }

  static long close(Task t, long fd, long b, long c, long d, long e, long f) {
    t.files().close((int) fd);
    return 0;
  }

  static long closeRange(Task t, long first, long last, long flags, long d, long e, long f) {
    Paths.checkFlags(flags, CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC);
    if (Integer.compareUnsigned((int) first, (int) last) > 0) {
      throw ErrnoException.of(EINVAL);
    }
    if ((flags & CLOSE_RANGE_UNSHARE) != 0 && sharesFiles(t)) {
      throw ErrnoException.of(EINVAL);
    }
    int from = (int) first < 0 ? Integer.MAX_VALUE - 1 : (int) first;
    int to = (int) last < 0 ? Integer.MAX_VALUE - 1 : (int) last;
    if ((flags & CLOSE_RANGE_CLOEXEC) != 0) {
      t.files().markCloseOnExec(from, to);
    } else {
      t.files().closeRange(from, to);
    }
    return 0;
  }

  private static boolean sharesFiles(Task t) {
    return t.files().isShared() || t.process().hasSeveralTasks();
  }

  static long read(Task t, long fd, long buffer, long count, long d, long e, long f) {
    OpenFile file = file(t, fd);
    requireReadable(file);
    t.buffer().reset(t.memory(), buffer, count);
    return file.read(t.buffer(), t);
  }

  static long write(Task t, long fd, long buffer, long count, long d, long e, long f) {
    OpenFile file = file(t, fd);
    requireWritable(file);
    t.buffer().reset(t.memory(), buffer, count);
    return file.write(t.buffer(), t);
  }

  static long pread64(Task t, long fd, long buffer, long count, long offset, long e, long f) {
    OpenFile file = positioned(t, fd, offset);
    requireReadable(file);
    t.buffer().reset(t.memory(), buffer, count);
    return file.readAt(t.buffer(), offset, t);
  }

  static long pwrite64(Task t, long fd, long buffer, long count, long offset, long e, long f) {
    OpenFile file = positioned(t, fd, offset);
    requireWritable(file);
    t.buffer().reset(t.memory(), buffer, count);
    return file.writeAt(t.buffer(), offset, t);
  }

  static long readv(Task t, long fd, long vector, long count, long d, long e, long f) {
    OpenFile file = file(t, fd);
    requireReadable(file);
    t.buffer().resetVector(t.memory(), vector, count);
    return file.read(t.buffer(), t);
  }

  static long writev(Task t, long fd, long vector, long count, long d, long e, long f) {
    OpenFile file = file(t, fd);
    requireWritable(file);
    t.buffer().resetVector(t.memory(), vector, count);
    return file.write(t.buffer(), t);
  }

  static long preadv(Task t, long fd, long vector, long count, long offset, long high, long f) {
    OpenFile file = positioned(t, fd, offset);
    requireReadable(file);
    t.buffer().resetVector(t.memory(), vector, count);
    return file.readAt(t.buffer(), offset, t);
  }

  static long pwritev(Task t, long fd, long vector, long count, long offset, long high, long f) {
    OpenFile file = positioned(t, fd, offset);
    requireWritable(file);
    t.buffer().resetVector(t.memory(), vector, count);
    return file.writeAt(t.buffer(), offset, t);
  }

  /** preadv2(2): the offset -1 means the file's own position. */
  static long preadv2(
      Task t, long fd, long vector, long count, long offset, long high, long flags) {
    checkRwf(flags);
    return offset == -1
        ? readv(t, fd, vector, count, 0, 0, 0)
        : preadv(t, fd, vector, count, offset, high, 0);
  }

  static long pwritev2(
      Task t, long fd, long vector, long count, long offset, long high, long flags) {
    checkRwf(flags);
    if ((flags & RWF_APPEND) != 0) {
      throw ErrnoException.of(EOPNOTSUPP);
    }
    return offset == -1
        ? writev(t, fd, vector, count, 0, 0, 0)
        : pwritev(t, fd, vector, count, offset, high, 0);
  }

  private static void checkRwf(long flags) {
    if (((int) flags & ~RWF_KNOWN) != 0) {
      throw ErrnoException.of(EOPNOTSUPP);
    }
  }

  private static OpenFile positioned(Task t, long fd, long offset) {
    if (offset < 0) {
      throw ErrnoException.of(EINVAL);
    }
    OpenFile file = file(t, fd);
    if (!file.isSeekable()) {
      throw ErrnoException.of(ESPIPE);
    }
    return file;
  }

  private static void requireReadable(OpenFile file) {
    if (!file.isReadable()) {
      throw ErrnoException.of(EBADF);
    }
  }

  private static void requireWritable(OpenFile file) {
    if (!file.isWritable()) {
      throw ErrnoException.of(EBADF);
    }
  }

  static long lseek(Task t, long fd, long offset, long whence, long d, long e, long f) {
    OpenFile file = file(t, fd);
    if (Integer.compareUnsigned((int) whence, SEEK_HOLE) > 0) {
      throw ErrnoException.of(EINVAL);
    }
    return file.seek(offset, (int) whence);
  }

  static long truncate(Task t, long path, long size, long c, long d, long e, long f) {
    if (size < 0) {
      throw ErrnoException.of(EINVAL);
    }
    Attributes.truncate(Paths.find(t, path), size, t);
    return 0;
  }

  static long ftruncate(Task t, long fd, long size, long c, long d, long e, long f) {
    if (size < 0) {
      throw ErrnoException.of(EINVAL);
    }
    OpenFile file = file(t, fd);
    if (!file.isWritable()) {
      throw ErrnoException.of(EINVAL);
    }
    file.truncate(size, t);
    return 0;
  }

  static long fallocate(Task t, long fd, long mode, long offset, long length, long e, long f) {
    OpenFile file = file(t, fd);
    if (offset < 0 || length <= 0) {
      throw ErrnoException.of(EINVAL);
    }
    int flags = (int) mode;
    if ((flags & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) != 0
        || flags == FALLOC_FL_PUNCH_HOLE) {
      throw ErrnoException.of(EOPNOTSUPP);
    }
    requireWritable(file);
    if (file.inode().isDirectory()) {
      throw ErrnoException.of(EISDIR);
    }
    if (offset + length < 0) {
      throw ErrnoException.of(EFBIG);
    }
    file.allocate(flags, offset, length, t);
    return 0;
  }

  static long dup(Task t, long fd, long b, long c, long d, long e, long f) {
    return installCopy(t, t.files().getAny((int) fd), 0, false);
  }

  private static long installCopy(Task t, OpenFile file, int from, boolean closeOnExec) {
    file.retain();
    try {
      return t.files().installFrom(file, from, closeOnExec);
    } catch (ErrnoException failure) {
      file.release();
      throw failure;
    }
  }

  static long dup2(Task t, long fd, long to, long c, long d, long e, long f) {
    OpenFile file = t.files().getAny((int) fd);
    return (int) fd == (int) to ? to : replace(t, file, (int) to, false);
  }

  static long dup3(Task t, long fd, long to, long flags, long d, long e, long f) {
    if (((int) flags & ~O_CLOEXEC) != 0 || (int) fd == (int) to) {
      throw ErrnoException.of(EINVAL);
    }
    return replace(t, t.files().getAny((int) fd), (int) to, (flags & O_CLOEXEC) != 0);
  }

  private static long replace(Task t, OpenFile file, int to, boolean closeOnExec) {
    file.retain();
    try {
      return t.files().installAt(file, to, closeOnExec);
    } catch (ErrnoException failure) {
      file.release();
      throw failure;
    }
  }

  static long fcntl(Task t, long fd, long command, long argument, long d, long e, long f) {
    FileTable files = t.files();
    int descriptor = (int) fd;
    OpenFile file = files.getAny(descriptor);
    return switch ((int) command) {
      case F_DUPFD, F_DUPFD_CLOEXEC -> {
        if (argument < 0 || Long.compareUnsigned(argument, files.limit()) >= 0) {
          throw ErrnoException.of(EINVAL);
        }
        yield installCopy(t, file, (int) argument, (int) command == F_DUPFD_CLOEXEC);
      }
      case F_GETFD -> files.isCloseOnExec(descriptor) ? FD_CLOEXEC : 0;
      case F_SETFD -> {
        files.setCloseOnExec(descriptor, (argument & FD_CLOEXEC) != 0);
        yield 0;
      }
      case F_GETFL -> file.flags() | (file.isPathOnly() ? 0 : O_LARGEFILE);
      case F_DUPFD_QUERY -> files.getAny((int) argument).equals(file) ? 1 : 0;
      default -> fcntlOpen(t, descriptor, files.get(descriptor), (int) command, argument);
    };
  }

  /** The commands that a descriptor opened with O_PATH does not have. */
  private static long fcntlOpen(Task t, int descriptor, OpenFile file, int command, long argument) {
    return switch (command) {
      case F_SETFL -> {
        file.setStatusFlags((int) argument);
        yield 0;
      }
      case F_GETLK, F_OFD_GETLK -> RecordLockCalls.get(t, file, command, argument);
      case F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW ->
          RecordLockCalls.set(t, descriptor, file, command, argument);
      case F_GETPIPE_SZ -> pipe(file).capacity();
      case F_SETPIPE_SZ -> pipe(file).setCapacity(argument & 0xffff_ffffL, t);
      case F_GET_SEALS -> memoryObject(file).seals();
      case F_ADD_SEALS -> {
        MemoryObject sealed = memoryObject(file);
        if (!file.isWritable()) {
          throw ErrnoException.of(EPERM);
        }
        sealed.addSeals((int) argument);
        yield 0;
      }
      case F_GETOWN, F_GETSIG -> 0;
      case F_GETLEASE -> F_UNLCK;
      default -> throw ErrnoException.of(EINVAL);
    };
  }

  private static MemoryObject memoryObject(OpenFile file) {
    if (!(file.inode() instanceof MemoryObject memory)) {
      throw ErrnoException.of(EINVAL);
    }
    return memory;
  }

  private static OpenPipe pipe(OpenFile file) {
    if (!(file instanceof OpenPipe pipe)) {
      throw ErrnoException.of(EBADF);
    }
    return pipe;
  }

  static long flock(Task t, long fd, long operation, long c, long d, long e, long f) {
    OpenFile file = file(t, fd);
    boolean wait = (operation & LOCK_NB) == 0;
    switch ((int) operation & ~LOCK_NB) {
      case LOCK_SH -> file.inode().wholeFileLock().lock(file, false, wait);
      case LOCK_EX -> file.inode().wholeFileLock().lock(file, true, wait);
      case LOCK_UN -> file.inode().wholeFileLock().unlock(file);
      default -> throw ErrnoException.of(EINVAL);
    }
    return 0;
  }

  static long ioctl(Task t, long fd, long request, long argument, long d, long e, long f) {
    OpenFile file = file(t, fd);
    switch ((int) request) {
      case FIOCLEX -> t.files().setCloseOnExec((int) fd, true);
      case FIONCLEX -> t.files().setCloseOnExec((int) fd, false);
      case FIONBIO -> {
        boolean on = t.memory().getInt(argument) != 0;
        file.setStatusFlags(on ? file.flags() | O_NONBLOCK : file.flags() & ~O_NONBLOCK);
      }
      case FIONREAD -> {
        if (!file.inode().isRegular()) {
          return file.ioctl((int) request, argument, t.memory(), t);
        }
        long left = file.inode().size() - file.position();
        t.memory().setInt(argument, Math.clamp(left, 0, Integer.MAX_VALUE));
      }
      default -> {
        return file.ioctl((int) request, argument, t.memory(), t);
      }
    }
    return 0;
  }

  static long fsync(Task t, long fd, long b, long c, long d, long e, long f) {
    OpenFile file = file(t, fd);
    if (!file.inode().isRegular() && !file.inode().isDirectory()) {
      throw ErrnoException.of(EINVAL);
    }
    file.sync();
    return 0;
  }

  static long sync(Task t, long a, long b, long c, long d, long e, long f) {
    t.kernel().syncFiles();
    return 0;
  }

  static long syncfs(Task t, long fd, long b, long c, long d, long e, long f) {
    file(t, fd).inode().fileSystem().sync();
    return 0;
  }

  static long syncFileRange(Task t, long fd, long offset, long length, long flags, long e, long f) {
    Paths.checkFlags(flags, SYNC_RANGE_FLAGS);
    if (offset < 0 || offset + length < offset) {
      throw ErrnoException.of(EINVAL);
    }
    OpenFile file = file(t, fd);
    if (!file.isSeekable()) {
      throw ErrnoException.of(ESPIPE);
    }
    file.sync();
    return 0;
  }

  /** posix_fadvise(2): good advice is checked, and has nothing to change in memory. */
  static long fadvise64(Task t, long fd, long offset, long length, long advice, long e, long f) {
    OpenFile file = file(t, fd);
    if (!file.isSeekable()) {
      throw ErrnoException.of(ESPIPE);
    }
    if (length < 0 || (int) advice < POSIX_FADV_NORMAL || (int) advice > POSIX_FADV_NOREUSE) {
      throw ErrnoException.of(EINVAL);
    }
    return 0;
  }

  static long readahead(Task t, long fd, long offset, long count, long d, long e, long f) {
    OpenFile file = file(t, fd);
    requireReadable(file);
    if (!file.inode().isRegular()) {
      throw ErrnoException.of(EINVAL);
    }
    return 0;
  }

  static long sendfile(Task t, long out, long in, long offset, long count, long e, long f) {
    OpenFile from = file(t, in);
    OpenFile to = file(t, out);
    requireReadable(from);
    requireWritable(to);
    if (!from.isSeekable()) {
      throw ErrnoException.of(offset != 0 ? ESPIPE : EINVAL);
    }
    if (from.inode().isDirectory() || (to.flags() & O_APPEND) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    if (to.isWaitable() && !to.isNonBlocking()) {
      MustWait.unlessVirtual();
    }
    long position = offset != 0 ? t.memory().getLong(offset) : from.position();
    long bytes = Math.min(count, MAX_RW_COUNT);
    if (position < 0 || bytes < 0 || position + bytes < 0) {
      throw ErrnoException.of(EINVAL);
    }
    long copied = copy(t, from, position, to, OWN_POSITION, bytes);
    if (offset != 0) {
      t.memory().setLong(offset, position + copied);
    } else if (copied > 0) {
      from.seek(position + copied, SEEK_SET);
    }
    return copied;
  }

  /** copy_file_range(2) between regular files. */
  static long copyFileRange(
      Task t, long in, long inOffset, long out, long outOffset, long count, long flags) {
    OpenFile from = file(t, in);
    OpenFile to = file(t, out);
    if ((int) flags != 0) {
      throw ErrnoException.of(EINVAL);
    }
    requireRegular(from);
    requireRegular(to);
    if (!from.isReadable() || !to.isWritable() || (to.flags() & O_APPEND) != 0) {
      throw ErrnoException.of(EBADF);
    }
    long source = inOffset != 0 ? t.memory().getLong(inOffset) : from.position();
    long target = outOffset != 0 ? t.memory().getLong(outOffset) : to.position();
    long bytes = Math.min(count & Long.MAX_VALUE, MAX_RW_COUNT);
    if (source < 0 || target < 0) {
      throw ErrnoException.of(EINVAL);
    }
    boolean wraps =
        Long.compareUnsigned(source + count, source) < 0
            || Long.compareUnsigned(target + count, target) < 0;
    if (wraps || source + bytes < 0 || target + bytes < 0) {
      throw ErrnoException.of(EOVERFLOW);
    }
    bytes = Math.min(bytes, Math.max(from.inode().size() - source, 0));
    boolean overlap = source < target + bytes && target < source + bytes;
    if (from.inode().equals(to.inode()) && overlap) {
      throw ErrnoException.of(EINVAL);
    }
    long copied = copy(t, from, source, to, target, bytes);
    advance(t, from, inOffset, source + copied);
    advance(t, to, outOffset, target + copied);
    return copied;
  }

  private static void requireRegular(OpenFile file) {
    if (file.inode().isDirectory()) {
      throw ErrnoException.of(EISDIR);
    }
    if (!file.inode().isRegular()) {
      throw ErrnoException.of(EINVAL);
    }
  }

  private static void advance(Task t, OpenFile file, long offset, long position) {
    if (offset != 0) {
      t.memory().setLong(offset, position);
    } else {
      file.seek(position, SEEK_SET);
    }
  }

  private static final long OWN_POSITION = -1;

  /**
   * Copies from one file to another through an array of the kernel's own.
   *
   * @param to where in the target, or {@link #OWN_POSITION}
   * @return bytes copied; what has been copied when something fails counts
   */
  private static long copy(
      Task t, OpenFile source, long from, OpenFile target, long to, long bytes) {
    byte[] chunk = new byte[(int) Math.min(Math.max(bytes, 0), COPY_CHUNK)];
    UserBuffer buffer = t.buffer();
    long done = 0;
    try {
      while (done < bytes) {
        int want = (int) Math.min(chunk.length, bytes - done);
        buffer.resetKernel(t.memory(), chunk, want);
        long got = source.readAt(buffer, from + done, t);
        if (got == 0) {
          break;
        }
        buffer.resetKernel(t.memory(), chunk, (int) got);
        long put =
            to == OWN_POSITION ? target.write(buffer, t) : target.writeAt(buffer, to + done, t);
        done += put;
        if (put < got) {
          break;
        }
      }
    } catch (ErrnoException | MustWait stopped) {
      if (done == 0) {
        throw stopped;
      }
    }
    return done;
  }
}

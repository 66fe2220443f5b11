package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Fcntl.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.RecordLocks;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.task.Task;

/** Locks of parts of files: the commands of fcntl(2) that take a {@code struct flock}. */
final class RecordLockCalls {
  private static final int TYPE = 0;
  private static final int WHENCE = 2;
  private static final int START = 8;
  private static final int LENGTH = 16;
  private static final int PID = 24;

  /** What {@code l_pid} says of a lock of an open file description. */
  private static final int NO_PID = -1;

  private RecordLockCalls() {}

  private static boolean isOfDescription(int command) {
    return command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW;
  }

  /**
   * Decodes a lock; its owner is the description or the process, which its descriptor table stands
   * for.
   *
   * @throws ErrnoException EFAULT, EINVAL, EOVERFLOW
   */
  private static RecordLocks.Held decode(Task t, OpenFile file, int command, long gva) {
    UserMemory memory = t.memory();
    int type = memory.getShort(gva + TYPE);
    int whence = memory.getShort(gva + WHENCE);
    long start = memory.getLong(gva + START);
    long length = memory.getLong(gva + LENGTH);
    boolean ofDescription = isOfDescription(command);
    if (ofDescription && memory.getInt(gva + PID) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    if (type != F_RDLCK && type != F_WRLCK && type != F_UNLCK) {
      throw ErrnoException.of(EINVAL);
    }
    long base = base(file, whence);
    if (start > Long.MAX_VALUE - base) {
      throw ErrnoException.of(EOVERFLOW);
    }
    long first = base + start;
    if (first < 0 || (length < 0 && first + length < 0)) {
      throw ErrnoException.of(EINVAL);
    }
    if (length > 0 && length - 1 > Long.MAX_VALUE - first) {
      throw ErrnoException.of(EOVERFLOW);
    }
    long from = length < 0 ? first + length : first;
    long to = length == 0 ? Long.MAX_VALUE : length < 0 ? first - 1 : first + length - 1;
    Object owner = ofDescription ? file : t.files();
    int pid = ofDescription ? NO_PID : t.processId();
    return new RecordLocks.Held(owner, pid, from, to, type == F_WRLCK);
  }

  private static long base(OpenFile file, int whence) {
    return switch (whence) {
      case SEEK_SET -> 0;
      case SEEK_CUR -> file.position();
      case SEEK_END -> file.inode().size();
      default -> throw ErrnoException.of(EINVAL);
    };
  }

  /** F_GETLK, F_OFD_GETLK. */
  static long get(Task t, OpenFile file, int command, long gva) {
    RecordLocks.Held wanted = decode(t, file, command, gva);
    UserMemory memory = t.memory();
    if (memory.getShort(gva + TYPE) == F_UNLCK) {
      throw ErrnoException.of(EINVAL);
    }
    RecordLocks.Held held = file.inode().recordLocks().conflict(wanted);
    if (held == null) {
      memory.setShort(gva + TYPE, (short) F_UNLCK);
      return 0;
    }
    memory.setShort(gva + TYPE, (short) (held.exclusive() ? F_WRLCK : F_RDLCK));
    memory.setShort(gva + WHENCE, (short) SEEK_SET);
    memory.setLong(gva + START, held.first());
    memory.setLong(
        gva + LENGTH, held.last() == Long.MAX_VALUE ? 0 : held.last() - held.first() + 1);
    memory.setInt(gva + PID, held.pid());
    return 0;
  }

  /** F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW. */
  static long set(Task t, int descriptor, OpenFile file, int command, long gva) {
    RecordLocks.Held wanted = decode(t, file, command, gva);
    int type = t.memory().getShort(gva + TYPE);
    RecordLocks locks = file.inode().recordLocks();
    if (type == F_UNLCK) {
      locks.unlock(wanted.owner(), wanted.first(), wanted.last());
      return 0;
    }
    if (wanted.exclusive() ? !file.isWritable() : !file.isReadable()) {
      throw ErrnoException.of(EBADF);
    }
    boolean waits = command == F_SETLKW || command == F_OFD_SETLKW;
    boolean ofDescription = isOfDescription(command);
    locks.lock(wanted, waits, !ofDescription);
    // Closed by another thread meanwhile: then nobody would give the lock up.
    boolean closed = ofDescription ? file.isClosed() : !file.equals(t.files().find(descriptor));
    if (closed) {
      locks.unlock(wanted.owner(), wanted.first(), wanted.last());
      throw ErrnoException.of(EBADF);
    }
    return 0;
  }
}

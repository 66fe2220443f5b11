package org.biscotti.kernel.syscall;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Fcntl.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Attributes;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.DirectoryVisitor;
import org.biscotti.kernel.fs.Namespace;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.PathWalker;
import org.biscotti.kernel.fs.Symlink;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.task.Task;

/** Directories and the names in them: getdents64(2), mkdir(2), rename(2), link(2), chdir(2)... */
final class DirectoryCalls {
  private DirectoryCalls() {}

  static long getdents64(Task t, long fd, long buffer, long count, long d, long e, long f) {
    return list(t, fd, new Records(t.memory(), buffer, count, true));
  }

  static long getdents(Task t, long fd, long buffer, long count, long d, long e, long f) {
    return list(t, fd, new Records(t.memory(), buffer, count, false));
  }

  private static long list(Task t, long fd, Records records) {
    int taken = t.files().get((int) fd).readDirectory(records, t);
    if (records.used == 0) {
      if (records.faulted) {
        throw ErrnoException.of(EFAULT);
      }
      if (taken < 0) {
        throw ErrnoException.of(EINVAL);
      }
    }
    return records.used;
  }

  /** Writes entries to the program as {@code struct linux_dirent64}, or the older form. */
  private static final class Records implements DirectoryVisitor {
    private static final int OFFSET = 8;
    private static final int LENGTH = 16;
    private static final int TYPE64 = 18;
    private static final int NAME64 = 19;
    private static final int NAME_OLD = 18;
    private static final int ALIGNMENT = 8;

    private final UserMemory memory;
    private final long buffer;
    private final long room;
    private final boolean wide;
    private long used;
    private boolean faulted;

    Records(UserMemory memory, long buffer, long count, boolean wide) {
      this.memory = memory;
      this.buffer = buffer;
      this.room = count & 0xffff_ffffL;
      this.wide = wide;
    }

    @Override
    public boolean entry(String name, long inode, int mode, long position) {
      byte[] bytes = name.getBytes(ISO_8859_1);
      // Both forms end the name with a NUL; the older one has the type in its last byte.
      int length = wide ? NAME64 + bytes.length + 1 : NAME_OLD + bytes.length + 2;
      length = (length + ALIGNMENT - 1) & -ALIGNMENT;
      if (length > room - used) {
        return false;
      }
      byte[] record = new byte[length];
      putLong(record, 0, inode);
      putLong(record, OFFSET, position);
      record[LENGTH] = (byte) length;
      record[LENGTH + 1] = (byte) (length >> 8);
      record[wide ? TYPE64 : length - 1] = (byte) (mode >> 12 & 15);
      System.arraycopy(bytes, 0, record, wide ? NAME64 : NAME_OLD, bytes.length);
      if (memory.copyOut(buffer + used, record, 0, length) < length) {
        faulted = true;
        return false;
      }
      used += length;
      return true;
    }

    private static void putLong(byte[] to, int at, long value) {
      for (int i = 0; i < Long.BYTES; i++) {
        to[at + i] = (byte) (value >>> (8 * i));
      }
    }
  }

  static long mkdir(Task t, long path, long mode, long c, long d, long e, long f) {
    return mkdirat(t, AT_FDCWD, path, mode, d, e, f);
  }

  static long mkdirat(Task t, long dir, long path, long mode, long d, long e, long f) {
    String name = Paths.read(t, path);
    Namespace.makeDirectory(t, Paths.start(t, dir, name), name, (int) mode);
    return 0;
  }

  static long mknod(Task t, long path, long mode, long device, long d, long e, long f) {
    return mknodat(t, AT_FDCWD, path, mode, device, e, f);
  }

  static long mknodat(Task t, long dir, long path, long mode, long device, long e, long f) {
    String name = Paths.read(t, path);
    Namespace.makeNode(t, Paths.start(t, dir, name), name, (int) mode, device & 0xffff_ffffL);
    return 0;
  }

  static long rmdir(Task t, long path, long b, long c, long d, long e, long f) {
    String name = Paths.read(t, path);
    Namespace.removeDirectory(t, Paths.start(t, AT_FDCWD, name), name);
    return 0;
  }

  static long unlink(Task t, long path, long b, long c, long d, long e, long f) {
    return unlinkat(t, AT_FDCWD, path, 0, d, e, f);
  }

  static long unlinkat(Task t, long dir, long path, long flags, long d, long e, long f) {
    Paths.checkFlags(flags, AT_REMOVEDIR);
    String name = Paths.read(t, path);
    Dentry start = Paths.start(t, dir, name);
    if ((flags & AT_REMOVEDIR) != 0) {
      Namespace.removeDirectory(t, start, name);
    } else {
      Namespace.unlink(t, start, name);
    }
    return 0;
  }

  static long rename(Task t, long from, long to, long c, long d, long e, long f) {
    return renameat2(t, AT_FDCWD, from, AT_FDCWD, to, 0, f);
  }

  static long renameat(Task t, long fromDir, long from, long toDir, long to, long e, long f) {
    return renameat2(t, fromDir, from, toDir, to, 0, f);
  }

  static long renameat2(Task t, long fromDir, long from, long toDir, long to, long flags, long f) {
    String oldName = Paths.read(t, from);
    String newName = Paths.read(t, to);
    Namespace.rename(
        t,
        Paths.start(t, fromDir, oldName),
        oldName,
        Paths.start(t, toDir, newName),
        newName,
        (int) flags);
    return 0;
  }

  static long link(Task t, long from, long to, long c, long d, long e, long f) {
    return linkat(t, AT_FDCWD, from, AT_FDCWD, to, 0, f);
  }

  static long linkat(Task t, long fromDir, long from, long toDir, long to, long flags, long f) {
    Paths.checkFlags(flags, AT_SYMLINK_FOLLOW | AT_EMPTY_PATH);
    boolean follow = (flags & AT_SYMLINK_FOLLOW) != 0;
    Dentry old = Paths.find(t, fromDir, from, flags, follow);
    String newName = Paths.read(t, to);
    Namespace.link(t, old, Paths.start(t, toDir, newName), newName);
    return 0;
  }

  static long symlink(Task t, long target, long path, long c, long d, long e, long f) {
    return symlinkat(t, target, AT_FDCWD, path, d, e, f);
  }

  static long symlinkat(Task t, long target, long dir, long path, long d, long e, long f) {
    String leadsTo = Paths.read(t, target);
    String name = Paths.read(t, path);
    Namespace.makeSymlink(t, leadsTo, Paths.start(t, dir, name), name);
    return 0;
  }

  static long readlink(Task t, long path, long buffer, long size, long d, long e, long f) {
    return readlinkat(t, AT_FDCWD, path, buffer, size, e, f);
  }

  /** readlinkat(2): an empty path means a link that was opened with O_PATH and O_NOFOLLOW. */
  static long readlinkat(Task t, long dir, long path, long buffer, long size, long e, long f) {
    if ((int) size <= 0) {
      throw ErrnoException.of(EINVAL);
    }
    String name = Paths.read(t, path);
    Dentry found;
    if (name.isEmpty() && (int) dir != AT_FDCWD) {
      found = t.files().getAny((int) dir).dentry();
      if (!found.inode().isSymlink()) {
        throw ErrnoException.of(ENOENT);
      }
    } else {
      found = PathWalker.resolve(t, Paths.start(t, dir, name), name, false);
    }
    if (!(found.inode() instanceof Symlink link)) {
      throw ErrnoException.of(EINVAL);
    }
    byte[] target = link.read(t).getBytes(ISO_8859_1);
    int length = Math.min(target.length, (int) size);
    t.memory().copyOutFully(buffer, target, 0, length);
    return length;
  }

  static long chdir(Task t, long path, long b, long c, long d, long e, long f) {
    t.fs().setWorkingDirectory(enterable(t, Paths.find(t, path)));
    return 0;
  }

  static long fchdir(Task t, long fd, long b, long c, long d, long e, long f) {
    OpenFile file = t.files().getAny((int) fd);
    t.fs().setWorkingDirectory(enterable(t, file.dentry()));
    return 0;
  }

  /** chroot(2); only for root. */
  static long chroot(Task t, long path, long b, long c, long d, long e, long f) {
    Dentry root = enterable(t, Paths.find(t, path));
    if (t.credentials().euid() != 0) {
      throw ErrnoException.of(EPERM);
    }
    t.fs().setRoot(root);
    return 0;
  }

  private static Dentry enterable(Task t, Dentry dentry) {
    if (!dentry.inode().isDirectory()) {
      throw ErrnoException.of(ENOTDIR);
    }
    Attributes.checkAccess(dentry, Stat.X_OK, t.credentials());
    return dentry;
  }

  /** getcwd(2): the raw call returns the length, the NUL included. */
  static long getcwd(Task t, long buffer, long size, long c, long d, long e, long f) {
    Dentry directory = t.fs().workingDirectory();
    if (directory.isUnlinked()) {
      throw ErrnoException.of(ENOENT);
    }
    String path = directory.pathFrom(t.fs().root());
    // A directory that the root does not lead to is marked so, as Linux does.
    String shown = path != null ? path : "(unreachable)" + directory.pathFrom(null);
    byte[] bytes = (shown + '\0').getBytes(ISO_8859_1);
    if (bytes.length > PATH_MAX) {
      throw ErrnoException.of(ENAMETOOLONG);
    }
    if (Long.compareUnsigned(size, bytes.length) < 0) {
      throw ErrnoException.of(ERANGE);
    }
    t.memory().copyOutFully(buffer, bytes, 0, bytes.length);
    return bytes.length;
  }
}

package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Fcntl.*;
import static org.biscotti.kernel.abi.Stat.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Attributes;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileStatus;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.FileSystemStatus;
import org.biscotti.kernel.fs.FileTable;
import org.biscotti.kernel.fs.FsContext;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.task.Task;

/** What a file is, not what is in it: stat(2), chmod(2), chown(2), utimensat(2), statfs(2)... */
final class MetadataCalls {
  private static final long NANOS = 1_000_000_000L;
  private static final long MICROS = 1_000_000L;
  private static final int NAME_BYTES_MAX = 255;
  private static final int XATTR_NAME_MAX = 255;
  private static final int XATTR_FLAGS = 3;

  private MetadataCalls() {}

  static long stat(Task t, long path, long to, long c, long d, long e, long f) {
    return store(t, Paths.find(t, path), to);
  }

  static long lstat(Task t, long path, long to, long c, long d, long e, long f) {
    return store(t, Paths.find(t, AT_FDCWD, path, 0, false), to);
  }

  static long fstat(Task t, long fd, long to, long c, long d, long e, long f) {
    return store(t, t.files().getAny((int) fd).dentry(), to);
  }

  static long newfstatat(Task t, long dir, long path, long to, long flags, long e, long f) {
    Paths.checkFlags(flags, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH);
    return store(t, Paths.find(t, dir, path, flags), to);
  }

  private static long store(Task t, Dentry dentry, long to) {
    FileStatus status = new FileStatus();
    dentry.inode().status(status);
    UserMemory memory = t.memory();
    if (memory.zero(to, STAT_SIZE) < STAT_SIZE) {
      throw ErrnoException.of(EFAULT);
    }
    memory.setLong(to + STAT_ST_DEV, status.device);
    memory.setLong(to + STAT_ST_INO, status.inode);
    memory.setLong(to + STAT_ST_NLINK, status.links);
    memory.setInt(to + STAT_ST_MODE, status.mode);
    memory.setInt(to + STAT_ST_UID, status.uid);
    memory.setInt(to + STAT_ST_GID, status.gid);
    memory.setLong(to + STAT_ST_RDEV, status.specialDevice);
    memory.setLong(to + STAT_ST_SIZE, status.size);
    memory.setLong(to + STAT_ST_BLKSIZE, status.blockSize);
    memory.setLong(to + STAT_ST_BLOCKS, status.blocks);
    TimeCalls.putTimespec(memory, to + STAT_ST_ATIM, status.accessNanos);
    TimeCalls.putTimespec(memory, to + STAT_ST_MTIM, status.modifyNanos);
    TimeCalls.putTimespec(memory, to + STAT_ST_CTIM, status.changeNanos);
    return 0;
  }

  static long statx(Task t, long dir, long path, long flags, long mask, long to, long f) {
    if (((int) mask & STATX__RESERVED) != 0 || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE) {
      throw ErrnoException.of(EINVAL);
    }
    Paths.checkFlags(
        flags, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE);
    Dentry dentry = Paths.find(t, dir, path, flags);
    FileStatus status = new FileStatus();
    dentry.inode().status(status);
    UserMemory memory = t.memory();
    if (memory.zero(to, STATX_STRUCT_SIZE) < STATX_STRUCT_SIZE) {
      throw ErrnoException.of(EFAULT);
    }
    boolean birth = ((int) mask & STATX_BTIME) != 0;
    memory.setInt(to + STATX_MASK, STATX_BASIC_STATS | (birth ? STATX_BTIME : 0) | STATX_MNT_ID);
    memory.setInt(to + STATX_BLKSIZE, (int) status.blockSize);
    boolean mountRoot = dentry.inode().fileSystem().root() == dentry;
    memory.setLong(to + STATX_ATTRIBUTES, mountRoot ? STATX_ATTR_MOUNT_ROOT : 0);
    memory.setLong(to + STATX_ATTRIBUTES_MASK, STATX_ATTR_MOUNT_ROOT);
    memory.setInt(to + STATX_NLINK_FIELD, (int) status.links);
    memory.setInt(to + STATX_UID_FIELD, status.uid);
    memory.setInt(to + STATX_GID_FIELD, status.gid);
    memory.setShort(to + STATX_MODE_FIELD, (short) status.mode);
    memory.setLong(to + STATX_INO_FIELD, status.inode);
    memory.setLong(to + STATX_SIZE_FIELD, status.size);
    memory.setLong(to + STATX_BLOCKS_FIELD, status.blocks);
    putStatxTime(memory, to + STATX_ATIME_FIELD, status.accessNanos);
    putStatxTime(memory, to + STATX_MTIME_FIELD, status.modifyNanos);
    putStatxTime(memory, to + STATX_CTIME_FIELD, status.changeNanos);
    if (birth) {
      putStatxTime(memory, to + STATX_BTIME_FIELD, status.birthNanos);
    }
    memory.setInt(to + STATX_RDEV_MAJOR, major(status.specialDevice));
    memory.setInt(to + STATX_RDEV_MINOR, minor(status.specialDevice));
    memory.setInt(to + STATX_DEV_MAJOR, major(status.device));
    memory.setInt(to + STATX_DEV_MINOR, minor(status.device));
    memory.setLong(to + STATX_MNT_ID_FIELD, minor(status.device));
    return 0;
  }

  /** {@code struct statx_timestamp}: the nanoseconds are four bytes. */
  private static void putStatxTime(UserMemory memory, long at, long nanos) {
    memory.setLong(at, Math.floorDiv(nanos, NANOS));
    memory.setInt(at + 8, (int) Math.floorMod(nanos, NANOS));
  }

  static long statfs(Task t, long path, long to, long c, long d, long e, long f) {
    return storeStatfs(t, Paths.find(t, path), to);
  }

  static long fstatfs(Task t, long fd, long to, long c, long d, long e, long f) {
    return storeStatfs(t, t.files().getAny((int) fd).dentry(), to);
  }

  private static long storeStatfs(Task t, Dentry dentry, long to) {
    FileSystem fileSystem = dentry.inode().fileSystem();
    FileSystemStatus status = fileSystem.status();
    UserMemory memory = t.memory();
    if (memory.zero(to, STATFS_SIZE) < STATFS_SIZE) {
      throw ErrnoException.of(EFAULT);
    }
    memory.setLong(to + STATFS_TYPE, status.magic());
    memory.setLong(to + STATFS_BSIZE, status.blockSize());
    memory.setLong(to + STATFS_BLOCKS, status.blocks());
    memory.setLong(to + STATFS_BFREE, status.freeBlocks());
    memory.setLong(to + STATFS_BAVAIL, status.freeBlocks());
    memory.setLong(to + STATFS_FILES, status.files());
    memory.setLong(to + STATFS_FFREE, status.freeFiles());
    memory.setLong(to + STATFS_FSID, fileSystem.device());
    memory.setLong(to + STATFS_NAMELEN, NAME_BYTES_MAX);
    memory.setLong(to + STATFS_FRSIZE, status.blockSize());
    memory.setLong(to + STATFS_FLAGS, fileSystem.mountFlags() | ST_VALID);
    return 0;
  }

  static long access(Task t, long path, long mode, long c, long d, long e, long f) {
    return faccessat2(t, AT_FDCWD, path, mode, 0, e, f);
  }

  static long faccessat(Task t, long dir, long path, long mode, long d, long e, long f) {
    return faccessat2(t, dir, path, mode, 0, e, f);
  }

  static long faccessat2(Task t, long dir, long path, long mode, long flags, long e, long f) {
    if (((int) mode & ~(R_OK | W_OK | X_OK)) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    Paths.checkFlags(flags, AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
    Caller who = (flags & AT_EACCESS) != 0 ? t : new RealCaller(t);
    boolean follow = (flags & AT_SYMLINK_NOFOLLOW) == 0;
    Dentry dentry = Paths.find(t, who, dir, path, flags, follow);
    Attributes.checkAccess(dentry, (int) mode, who.credentials());
    return 0;
  }

  /** A task with its real ids in the place of the effective ones, as access(2) wants it. */
  private record RealCaller(Task task) implements Caller {
    @Override
    public Credentials credentials() {
      return task.credentials().withRealIdsForFiles();
    }

    @Override
    public FsContext fs() {
      return task.fs();
    }

    @Override
    public FileTable files() {
      return task.files();
    }

    @Override
    public int processId() {
      return task.processId();
    }

    @Override
    public int threadId() {
      return task.threadId();
    }

    @Override
    public long fileSizeLimit() {
      return task.fileSizeLimit();
    }
  }

  static long chmod(Task t, long path, long mode, long c, long d, long e, long f) {
    return setPermissions(t, Paths.find(t, path), mode);
  }

  static long fchmod(Task t, long fd, long mode, long c, long d, long e, long f) {
    return setPermissions(t, t.files().get((int) fd).dentry(), mode);
  }

  /** The raw fchmodat(2) has no flags. */
  static long fchmodat(Task t, long dir, long path, long mode, long d, long e, long f) {
    return setPermissions(t, Paths.find(t, dir, path, 0), mode);
  }

  static long fchmodat2(Task t, long dir, long path, long mode, long flags, long e, long f) {
    Paths.checkFlags(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
    return setPermissions(t, Paths.find(t, dir, path, flags), mode);
  }

  private static long setPermissions(Task t, Dentry dentry, long mode) {
    Attributes.setPermissions(dentry, (int) mode & PERMISSIONS, t.credentials());
    return 0;
  }

  static long chown(Task t, long path, long uid, long gid, long d, long e, long f) {
    return setOwner(t, Paths.find(t, path), uid, gid);
  }

  static long lchown(Task t, long path, long uid, long gid, long d, long e, long f) {
    return setOwner(t, Paths.find(t, AT_FDCWD, path, 0, false), uid, gid);
  }

  static long fchown(Task t, long fd, long uid, long gid, long d, long e, long f) {
    return setOwner(t, t.files().get((int) fd).dentry(), uid, gid);
  }

  static long fchownat(Task t, long dir, long path, long uid, long gid, long flags, long f) {
    Paths.checkFlags(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
    return setOwner(t, Paths.find(t, dir, path, flags), uid, gid);
  }

  private static long setOwner(Task t, Dentry dentry, long uid, long gid) {
    Attributes.setOwner(dentry, (int) uid, (int) gid, t.credentials());
    return 0;
  }

  static long umask(Task t, long mask, long b, long c, long d, long e, long f) {
    return t.fs().setUmask((int) mask);
  }

  /** utime(2): two times in seconds, or a null pointer for now. */
  static long utime(Task t, long path, long times, long c, long d, long e, long f) {
    long access = Attributes.NOW;
    long modify = Attributes.NOW;
    if (times != 0) {
      access = saturated(t.memory().getLong(times), 0);
      modify = saturated(t.memory().getLong(times + 8), 0);
    }
    Attributes.setTimes(Paths.find(t, path), access, modify, t.credentials());
    return 0;
  }

  static long utimes(Task t, long path, long times, long c, long d, long e, long f) {
    return futimesat(t, AT_FDCWD, path, times, d, e, f);
  }

  /** futimesat(2): microseconds; a null path means the descriptor itself. */
  static long futimesat(Task t, long dir, long path, long times, long d, long e, long f) {
    long access = Attributes.NOW;
    long modify = Attributes.NOW;
    if (times != 0) {
      access = fromTimeval(t.memory(), times);
      modify = fromTimeval(t.memory(), times + 16);
    }
    Dentry dentry =
        path == 0 && (int) dir != AT_FDCWD
            ? t.files().get((int) dir).dentry()
            : Paths.find(t, dir, path, 0);
    Attributes.setTimes(dentry, access, modify, t.credentials());
    return 0;
  }

  private static long fromTimeval(UserMemory memory, long at) {
    long micros = memory.getLong(at + 8);
    if (micros < 0 || micros >= MICROS) {
      throw ErrnoException.of(EINVAL);
    }
    return saturated(memory.getLong(at), micros * 1000);
  }

  static long utimensat(Task t, long dir, long path, long times, long flags, long e, long f) {
    Paths.checkFlags(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
    long access = Attributes.NOW;
    long modify = Attributes.NOW;
    if (times != 0) {
      access = fromTimespec(t.memory(), times);
      modify = fromTimespec(t.memory(), times + 16);
      if (access == Attributes.OMIT && modify == Attributes.OMIT) {
        return 0;
      }
    }
    Dentry dentry;
    if (path == 0 && (int) dir != AT_FDCWD) {
      if (((int) flags & ~AT_EMPTY_PATH) != 0) {
        throw ErrnoException.of(EINVAL);
      }
      dentry = t.files().get((int) dir).dentry();
    } else {
      dentry = Paths.find(t, dir, path, flags);
    }
    Attributes.setTimes(dentry, access, modify, t.credentials());
    return 0;
  }

  private static long fromTimespec(UserMemory memory, long at) {
    long seconds = memory.getLong(at);
    long nanos = memory.getLong(at + 8);
    if (nanos == UTIME_NOW) {
      return Attributes.NOW;
    }
    if (nanos == UTIME_OMIT) {
      return Attributes.OMIT;
    }
    if (nanos < 0 || nanos >= NANOS) {
      throw ErrnoException.of(EINVAL);
    }
    return saturated(seconds, nanos);
  }

  /** Times beyond what nanoseconds in a long can say are cut off, as file systems do. */
  private static long saturated(long seconds, long nanos) {
    long limit = Long.MAX_VALUE / NANOS - 1;
    return Math.clamp(seconds, -limit, limit) * NANOS + nanos;
  }

  // Extended attributes: no file system here has any (xattr(7)).

  static long setxattr(Task t, long path, long name, long value, long size, long flags, long f) {
    checkXattr(t, name, flags);
    Paths.find(t, path);
    throw ErrnoException.of(EOPNOTSUPP);
  }

  static long lsetxattr(Task t, long path, long name, long value, long size, long flags, long f) {
    checkXattr(t, name, flags);
    Paths.find(t, AT_FDCWD, path, 0, false);
    throw ErrnoException.of(EOPNOTSUPP);
  }

  static long fsetxattr(Task t, long fd, long name, long value, long size, long flags, long f) {
    checkXattr(t, name, flags);
    t.files().get((int) fd);
    throw ErrnoException.of(EOPNOTSUPP);
  }

  static long getxattr(Task t, long path, long name, long value, long size, long e, long f) {
    checkXattr(t, name, 0);
    Paths.find(t, path);
    throw ErrnoException.of(EOPNOTSUPP);
  }

  static long lgetxattr(Task t, long path, long name, long value, long size, long e, long f) {
    checkXattr(t, name, 0);
    Paths.find(t, AT_FDCWD, path, 0, false);
    throw ErrnoException.of(EOPNOTSUPP);
  }

  static long fgetxattr(Task t, long fd, long name, long value, long size, long e, long f) {
    checkXattr(t, name, 0);
    t.files().get((int) fd);
    throw ErrnoException.of(EOPNOTSUPP);
  }

  static long listxattr(Task t, long path, long list, long size, long d, long e, long f) {
    Paths.find(t, path);
    throw ErrnoException.of(EOPNOTSUPP);
  }

  static long llistxattr(Task t, long path, long list, long size, long d, long e, long f) {
    Paths.find(t, AT_FDCWD, path, 0, false);
    throw ErrnoException.of(EOPNOTSUPP);
  }

  static long flistxattr(Task t, long fd, long list, long size, long d, long e, long f) {
    t.files().get((int) fd);
    throw ErrnoException.of(EOPNOTSUPP);
  }

  static long removexattr(Task t, long path, long name, long c, long d, long e, long f) {
    return getxattr(t, path, name, 0, 0, e, f);
  }

  static long lremovexattr(Task t, long path, long name, long c, long d, long e, long f) {
    return lgetxattr(t, path, name, 0, 0, e, f);
  }

  static long fremovexattr(Task t, long fd, long name, long c, long d, long e, long f) {
    return fgetxattr(t, fd, name, 0, 0, e, f);
  }

  private static void checkXattr(Task t, long name, long flags) {
    Paths.checkFlags(flags, XATTR_FLAGS);
    String attribute;
    try {
      attribute = t.memory().readCString(name, XATTR_NAME_MAX + 1);
    } catch (ErrnoException failure) {
      throw ErrnoException.of(failure.errno() == ENAMETOOLONG ? ERANGE : failure.errno());
    }
    if (attribute.isEmpty()) {
      throw ErrnoException.of(ERANGE);
    }
  }
}

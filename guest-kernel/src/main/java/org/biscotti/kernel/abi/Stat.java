package org.biscotti.kernel.abi;

/**
 * File types, modes, {@code struct stat}, {@code struct statx} and {@code struct statfs} (inode(7),
 * stat(2), statx(2), statfs(2); {@code linux/stat.h}, {@code asm/stat.h}, {@code asm/statfs.h}).
 * Offsets and sizes are in bytes.
 */
public final class Stat {
  public static final int S_IFMT = 0170000;
  public static final int S_IFSOCK = 0140000;
  public static final int S_IFLNK = 0120000;
  public static final int S_IFREG = 0100000;
  public static final int S_IFBLK = 0060000;
  public static final int S_IFDIR = 0040000;
  public static final int S_IFCHR = 0020000;
  public static final int S_IFIFO = 0010000;
  public static final int S_ISUID = 04000;
  public static final int S_ISGID = 02000;
  public static final int S_ISVTX = 01000;
  public static final int S_IXGRP = 0010;
  public static final int S_IWOTH = 0002;

  /** All bits that chmod(2) sets. */
  public static final int PERMISSIONS = 07777;

  public static final int R_OK = 4;
  public static final int W_OK = 2;
  public static final int X_OK = 1;
  public static final int F_OK = 0;

  public static final int STAT_ST_DEV = 0;
  public static final int STAT_ST_INO = 8;
  public static final int STAT_ST_NLINK = 16;
  public static final int STAT_ST_MODE = 24;
  public static final int STAT_ST_UID = 28;
  public static final int STAT_ST_GID = 32;
  public static final int STAT_ST_RDEV = 40;
  public static final int STAT_ST_SIZE = 48;
  public static final int STAT_ST_BLKSIZE = 56;
  public static final int STAT_ST_BLOCKS = 64;
  public static final int STAT_ST_ATIM = 72;
  public static final int STAT_ST_MTIM = 88;
  public static final int STAT_ST_CTIM = 104;
  public static final int STAT_SIZE = 144;

  public static final int STATX_MASK = 0;
  public static final int STATX_BLKSIZE = 4;
  public static final int STATX_ATTRIBUTES = 8;
  public static final int STATX_NLINK_FIELD = 16;
  public static final int STATX_UID_FIELD = 20;
  public static final int STATX_GID_FIELD = 24;
  public static final int STATX_MODE_FIELD = 28;
  public static final int STATX_INO_FIELD = 32;
  public static final int STATX_SIZE_FIELD = 40;
  public static final int STATX_BLOCKS_FIELD = 48;
  public static final int STATX_ATTRIBUTES_MASK = 56;
  public static final int STATX_ATIME_FIELD = 64;
  public static final int STATX_BTIME_FIELD = 80;
  public static final int STATX_CTIME_FIELD = 96;
  public static final int STATX_MTIME_FIELD = 112;
  public static final int STATX_RDEV_MAJOR = 128;
  public static final int STATX_RDEV_MINOR = 132;
  public static final int STATX_DEV_MAJOR = 136;
  public static final int STATX_DEV_MINOR = 140;
  public static final int STATX_MNT_ID_FIELD = 144;

  /** {@code sizeof(struct statx)}. */
  public static final int STATX_STRUCT_SIZE = 256;

  public static final int STATX_BASIC_STATS = 0x7ff;
  public static final int STATX_BTIME = 0x800;
  public static final int STATX_MNT_ID = 0x1000;
  public static final int STATX__RESERVED = 0x80000000;
  public static final long STATX_ATTR_MOUNT_ROOT = 0x2000;

  public static final int STATFS_TYPE = 0;
  public static final int STATFS_BSIZE = 8;
  public static final int STATFS_BLOCKS = 16;
  public static final int STATFS_BFREE = 24;
  public static final int STATFS_BAVAIL = 32;
  public static final int STATFS_FILES = 40;
  public static final int STATFS_FFREE = 48;
  public static final int STATFS_FSID = 56;
  public static final int STATFS_NAMELEN = 64;
  public static final int STATFS_FRSIZE = 72;
  public static final int STATFS_FLAGS = 80;

  /** {@code sizeof(struct statfs)}. */
  public static final int STATFS_SIZE = 120;

  public static final int ST_RDONLY = 1;
  public static final int ST_NOSUID = 2;
  public static final int ST_NODEV = 4;
  public static final int ST_NOEXEC = 8;
  public static final int ST_VALID = 0x20;
  public static final int ST_NOATIME = 0x400;
  public static final int ST_NODIRATIME = 0x800;
  public static final int ST_RELATIME = 0x1000;

  /** utimensat(2): take the present time. */
  public static final long UTIME_NOW = (1L << 30) - 1;

  /** utimensat(2): leave the time as it is. */
  public static final long UTIME_OMIT = (1L << 30) - 2;

  private Stat() {}

  /** The type bits of a mode. */
  public static int type(int mode) {
    return mode & S_IFMT;
  }

  /** The {@code d_type} of a directory entry (DT_*, readdir(3)) for a mode. */
  public static int directoryEntryType(int mode) {
    return (mode & S_IFMT) >> 12;
  }

  /** A {@code dev_t} (makedev(3)). */
  public static long device(int major, int minor) {
    return ((major & 0xfffff000L) << 32)
        | ((major & 0xfffL) << 8)
        | ((minor & 0xffffff00L) << 12)
        | (minor & 0xffL);
  }

  /** Major number of a {@code dev_t}. */
  public static int major(long device) {
    return (int) (((device >>> 32) & 0xfffff000L) | ((device >>> 8) & 0xfffL));
  }

  /** Minor number of a {@code dev_t}. */
  public static int minor(long device) {
    return (int) (((device >>> 12) & 0xffffff00L) | (device & 0xffL));
  }
}

package org.biscotti.devices.ffi;

import static org.biscotti.devices.ffi.CLibrary.INT;
import static org.biscotti.devices.ffi.CLibrary.LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** What a file is: statx(2), statfs(2). */
public final class StatCalls {
  /** The descriptor itself is meant, the path is empty. */
  public static final int AT_EMPTY_PATH = 0x1000;

  /** A symbolic link itself is meant. */
  public static final int AT_SYMLINK_NOFOLLOW = 0x100;

  /** Do not make an automount point mount anything. */
  public static final int AT_NO_AUTOMOUNT = 0x800;

  /** STATX_BASIC_STATS. */
  static final int BASIC_STATS = 0x7ff;

  static final long STATX_BYTES = 256;
  static final long NLINK = 16;
  static final long UID = 20;
  static final long GID = 24;
  static final long MODE = 28;
  static final long INO = 32;
  static final long SIZE = 40;
  static final long BLOCKS = 48;
  static final long ATIME = 64;
  static final long CTIME = 96;
  static final long MTIME = 112;
  static final long TIMESTAMP_NSEC = 8;
  static final long RDEV_MAJOR = 128;
  static final long RDEV_MINOR = 132;
  static final long DEV_MAJOR = 136;
  static final long DEV_MINOR = 140;
  static final long STATFS_TYPE = 0;
  static final long STATFS_BYTES = 120;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final long SECONDS_MAX = Long.MAX_VALUE / NANOS_PER_SECOND - 1;

  // int statx(int dirfd, const char *path, int flags, unsigned mask, struct statx *buf)
  private static final MethodHandle STATX = CLibrary.function("statx");

  // int fstatfs(int fd, struct statfs *buf)
  private static final MethodHandle FSTATFS = CLibrary.function("fstatfs");

  private StatCalls() {}

  /**
   * The fields of {@code struct statx} that are used.
   *
   * @param mode type and permissions
   * @param size in bytes
   * @param blocks in units of 512 bytes
   * @param device of the file system, as a {@code dev_t}
   * @param special the device that a device node stands for, as a {@code dev_t}
   * @param atimeNanos times in nanoseconds since 1970, clamped to what a long holds
   */
  public record Status(
      int mode,
      int uid,
      int gid,
      int links,
      long size,
      long blocks,
      long device,
      long inode,
      long special,
      long atimeNanos,
      long mtimeNanos,
      long ctimeNanos) {}

  /** Receives what {@link #statx} found; an error leaves it as it was. */
  public static final class StatusResult {
    private Status status = new Status(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    /** What the last successful call found. */
    public Status status() {
      return status;
    }
  }

  /**
   * Status of a file (statx(2)).
   *
   * @param path bytes as ISO 8859-1; empty with AT_EMPTY_PATH
   * @param flags AT_ flags
   * @return 0 or -errno
   */
  public static int statx(int dirfd, String path, int flags, StatusResult into) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment name = CLibrary.cString(scratch.first(), path);
      MemorySegment buffer = scratch.second();
      int result =
          CLibrary.intCall(
              STATX, scratch, dirfd, name.address(), flags, BASIC_STATS, buffer.address());
      if (result == 0) {
        into.status = decode(buffer);
      }
      return result;
    }
  }

  private static Status decode(MemorySegment from) {
    return new Status(
        Short.toUnsignedInt(from.get(ValueLayout.JAVA_SHORT, MODE)),
        from.get(INT, UID),
        from.get(INT, GID),
        from.get(INT, NLINK),
        from.get(LONG, SIZE),
        from.get(LONG, BLOCKS),
        device(from.get(INT, DEV_MAJOR), from.get(INT, DEV_MINOR)),
        from.get(LONG, INO),
        device(from.get(INT, RDEV_MAJOR), from.get(INT, RDEV_MINOR)),
        nanos(from, ATIME),
        nanos(from, MTIME),
        nanos(from, CTIME));
  }

  private static long nanos(MemorySegment from, long offset) {
    long seconds = Math.clamp(from.get(LONG, offset), -SECONDS_MAX, SECONDS_MAX);
    return seconds * NANOS_PER_SECOND + from.get(INT, offset + TIMESTAMP_NSEC);
  }

  /** A device number as the C library packs it (makedev(3)). */
  public static long device(long major, long minor) {
    return (minor & 0xff)
        | (major & 0xfff) << 8
        | (minor & 0xffff_ff00L) << 12
        | (major & 0xffff_f000L) << 32;
  }

  /**
   * Type of the file system a descriptor is on (statfs(2), {@code f_type}).
   *
   * @return an unsigned 32-bit magic number or -errno
   */
  public static long fileSystemType(int fd) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment buffer = scratch.first();
      int result = CLibrary.intCall(FSTATFS, scratch, fd, buffer.address(), 0);
      return result == 0 ? buffer.get(LONG, STATFS_TYPE) & 0xffff_ffffL : result;
    }
  }
}

package org.biscotti.devices.ffi;

import static org.biscotti.devices.ffi.CLibrary.LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Changing what a file is: chmod(2), chown(2), utimensat(2). */
public final class AttributeCalls {
  static final long UTIME_OMIT = 0x3ffffffe;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  // int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
  private static final MethodHandle FCHMODAT = CLibrary.function("fchmodat");

  // int fchownat(int dirfd, const char *path, uid_t owner, gid_t group, int flags)
  private static final MethodHandle FCHOWNAT = CLibrary.function("fchownat");

  // int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
  private static final MethodHandle UTIMENSAT = CLibrary.function("utimensat");

  private AttributeCalls() {}

  /** Sets permissions of a path, links followed (fchmodat(2)); 0 or -errno. */
  public static int setMode(int dirfd, String path, int mode) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment name = CLibrary.cString(scratch.first(), path);
      return CLibrary.intCall(FCHMODAT, scratch, dirfd, name.address(), mode, 0, 0);
    }
  }

  /** Sets owner and group of what a descriptor stands for (fchownat(2)); 0 or -errno. */
  public static int setOwner(int fd, int uid, int gid) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment empty = CLibrary.cString(scratch.first(), "");
      return CLibrary.intCall(
          FCHOWNAT, scratch, fd, empty.address(), uid, gid, StatCalls.AT_EMPTY_PATH);
    }
  }

  /**
   * Sets times of what a descriptor stands for (utimensat(2)).
   *
   * @param atimeNanos nanoseconds since 1970, or {@link Long#MIN_VALUE} to leave it
   * @param mtimeNanos the same
   * @return 0 or -errno
   */
  public static int setTimes(int fd, long atimeNanos, long mtimeNanos) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment empty = CLibrary.cString(scratch.first(), "");
      MemorySegment times = scratch.second();
      setTimespec(times, 0, atimeNanos);
      setTimespec(times, 16, mtimeNanos);
      return CLibrary.intCall(
          UTIMENSAT, scratch, fd, empty.address(), times.address(), StatCalls.AT_EMPTY_PATH, 0);
    }
  }

  private static void setTimespec(MemorySegment to, long offset, long nanos) {
    boolean omit = nanos == Long.MIN_VALUE;
    to.set(LONG, offset, omit ? 0 : Math.floorDiv(nanos, NANOS_PER_SECOND));
    to.set(LONG, offset + 8, omit ? UTIME_OMIT : Math.floorMod(nanos, NANOS_PER_SECOND));
  }
}

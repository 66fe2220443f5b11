package org.biscotti.devices.ffi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static org.biscotti.devices.ffi.CLibrary.INT;
import static org.biscotti.devices.ffi.CLibrary.LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Changing what a file is: chmod(2), chown(2), utimensat(2). */
public final class AttributeCalls {
  static final long UTIME_OMIT = 0x3ffffffe;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  // int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
  private static final MethodHandle FCHMODAT =
      CLibrary.function("fchmodat", FunctionDescriptor.of(INT, INT, ADDRESS, INT, INT));

  // int fchownat(int dirfd, const char *path, uid_t owner, gid_t group, int flags)
  private static final MethodHandle FCHOWNAT =
      CLibrary.function("fchownat", FunctionDescriptor.of(INT, INT, ADDRESS, INT, INT, INT));

  // int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
  private static final MethodHandle UTIMENSAT =
      CLibrary.function("utimensat", FunctionDescriptor.of(INT, INT, ADDRESS, ADDRESS, INT));

  private AttributeCalls() {}

  /** Sets permissions of a path, links followed (fchmodat(2)); 0 or -errno. */
  public static int setMode(int dirfd, String path, int mode) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment name = CLibrary.cString(scratch.first(), path);
      int result = (int) FCHMODAT.invokeExact(scratch.captured(), dirfd, name, mode, 0);
      return (int) CLibrary.resultOrErrno(result, scratch);
    } catch (Throwable thrown) {
      throw CLibrary.unexpected(thrown);
    }
  }

  /** Sets owner and group of what a descriptor stands for (fchownat(2)); 0 or -errno. */
  public static int setOwner(int fd, int uid, int gid) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment empty = CLibrary.cString(scratch.first(), "");
      int result =
          (int)
              FCHOWNAT.invokeExact(
                  scratch.captured(), fd, empty, uid, gid, StatCalls.AT_EMPTY_PATH);
      return (int) CLibrary.resultOrErrno(result, scratch);
    } catch (Throwable thrown) {
      throw CLibrary.unexpected(thrown);
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
      int result =
          (int)
              UTIMENSAT.invokeExact(scratch.captured(), fd, empty, times, StatCalls.AT_EMPTY_PATH);
      return (int) CLibrary.resultOrErrno(result, scratch);
    } catch (Throwable thrown) {
      throw CLibrary.unexpected(thrown);
    }
  }

  private static void setTimespec(MemorySegment to, long offset, long nanos) {
    boolean omit = nanos == Long.MIN_VALUE;
    to.set(LONG, offset, omit ? 0 : Math.floorDiv(nanos, NANOS_PER_SECOND));
    to.set(LONG, offset + 8, omit ? UTIME_OMIT : Math.floorMod(nanos, NANOS_PER_SECOND));
  }
}

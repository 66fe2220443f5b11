package org.biscotti.devices.ffi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static org.biscotti.devices.ffi.CLibrary.INT;
import static org.biscotti.devices.ffi.CLibrary.LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Limits of this process: getrlimit(2). */
public final class LimitCalls {
  static final int RLIMIT_NOFILE = 7;

  private static final long UNKNOWN = 1024;

  // int getrlimit(int resource, struct rlimit *limit)
  private static final MethodHandle GETRLIMIT =
      CLibrary.function("getrlimit", FunctionDescriptor.of(INT, INT, ADDRESS));

  private LimitCalls() {}

  /** How many descriptors this process may have open (RLIMIT_NOFILE, soft limit). */
  public static long descriptorsMax() {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment limit = scratch.first();
      int result = (int) GETRLIMIT.invokeExact(scratch.captured(), RLIMIT_NOFILE, limit);
      long soft = result == 0 ? limit.get(LONG, 0) : UNKNOWN;
      return soft < 0 ? Long.MAX_VALUE : soft;
    } catch (Throwable thrown) {
      throw CLibrary.unexpected(thrown);
    }
  }
}

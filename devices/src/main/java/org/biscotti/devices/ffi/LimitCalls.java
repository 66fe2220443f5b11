package org.biscotti.devices.ffi;

import static org.biscotti.devices.ffi.CLibrary.LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Limits of this process: getrlimit(2). */
public final class LimitCalls {
  static final int RLIMIT_NOFILE = 7;

  private static final long UNKNOWN = 1024;

  // int getrlimit(int resource, struct rlimit *limit)
  private static final MethodHandle GETRLIMIT = CLibrary.function("getrlimit");

  private LimitCalls() {}

  /** How many descriptors this process may have open (RLIMIT_NOFILE, soft limit). */
  public static long descriptorsMax() {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment limit = scratch.first();
      int result = CLibrary.intCall(GETRLIMIT, scratch, RLIMIT_NOFILE, limit.address(), 0);
      long soft = result == 0 ? limit.get(LONG, 0) : UNKNOWN;
      return soft < 0 ? Long.MAX_VALUE : soft;
    }
  }
}

package org.biscotti.devices.ffi;

import static org.biscotti.devices.ffi.CLibrary.LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Clocks: clock_gettime(2). */
public final class ClockCalls {
  public static final int CLOCK_REALTIME = 0;
  public static final int CLOCK_MONOTONIC = 1;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  // int clock_gettime(clockid_t clock, struct timespec *time)
  private static final MethodHandle CLOCK_GETTIME = CLibrary.function("clock_gettime");

  private ClockCalls() {}

  /**
   * A clock's time in nanoseconds (clock_gettime(2)).
   *
   * @param clock one of the constants of this class, for which the call cannot fail
   */
  public static long nanos(int clock) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment time = scratch.first();
      int result = CLibrary.intCall(CLOCK_GETTIME, scratch, clock, time.address(), 0);
      if (result != 0) {
        throw new IllegalArgumentException("clock " + clock);
      }
      return time.get(LONG, 0) * NANOS_PER_SECOND + time.get(LONG, 8);
    }
  }
}

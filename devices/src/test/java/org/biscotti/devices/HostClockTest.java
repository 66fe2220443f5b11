package org.biscotti.devices;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

/** The JVM's clocks are Linux's, whatever else it may say of them. */
@SuppressWarnings("restricted")
class HostClockTest {
  private static final int CLOCK_REALTIME = 0;
  private static final int CLOCK_MONOTONIC = 1;

  private final HostClock clock = new HostClock();

  @Test
  void monotonicTimeIsThatOfTheHost() throws Throwable {
    long before = clockGettime(CLOCK_MONOTONIC);
    long time = clock.monotonicNanos();
    long after = clockGettime(CLOCK_MONOTONIC);
    assertThat(time).isBetween(before, after);
  }

  @Test
  void realTimeIsThatOfTheHost() throws Throwable {
    long before = clockGettime(CLOCK_REALTIME);
    long time = clock.realtimeNanos();
    long after = clockGettime(CLOCK_REALTIME);
    assertThat(time).isBetween(before, after);
  }

  /** clock_gettime(2), in nanoseconds. */
  private static long clockGettime(int which) throws Throwable {
    Linker linker = Linker.nativeLinker();
    MethodHandle function =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("clock_gettime"),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(JAVA_LONG, 2);
      assertThat((int) function.invokeExact(which, time)).isZero();
      return time.getAtIndex(JAVA_LONG, 0) * 1_000_000_000L + time.getAtIndex(JAVA_LONG, 1);
    }
  }
}

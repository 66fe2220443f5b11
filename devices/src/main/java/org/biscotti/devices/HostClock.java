package org.biscotti.devices;

import java.time.Instant;
import org.biscotti.kernel.port.Clock;

/**
 * The host's clocks (clock_gettime(2)), by the JVM's own calls, which need no change of a thread's
 * state as a native call of ours does.
 */
public final class HostClock implements Clock {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  @Override
  public long realtimeNanos() {
    Instant now = Instant.now();
    return now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
  }

  /** HotSpot's {@link System#nanoTime} is CLOCK_MONOTONIC. */
  @Override
  public long monotonicNanos() {
    return System.nanoTime();
  }
}

package org.biscotti.kernel.port;

/** The host's clocks. */
public interface Clock {
  /** Nanoseconds since 1970-01-01T00:00Z, CLOCK_REALTIME. */
  long realtimeNanos();

  /** Nanoseconds of CLOCK_MONOTONIC; comparable with {@link System#nanoTime}. */
  long monotonicNanos();
}

package org.biscotti.devices;

import org.biscotti.devices.ffi.ClockCalls;
import org.biscotti.kernel.port.Clock;

/** The host's clocks (clock_gettime(2)). */
public final class HostClock implements Clock {
  @Override
  public long realtimeNanos() {
    return ClockCalls.nanos(ClockCalls.CLOCK_REALTIME);
  }

  @Override
  public long monotonicNanos() {
    return ClockCalls.nanos(ClockCalls.CLOCK_MONOTONIC);
  }
}

package org.biscotti.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Random;
import org.biscotti.kernel.exec.Vvar;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.NoBacking;
import org.junit.jupiter.api.Test;

/** A world in which time passes when somebody looks, at times a lot of it. */
class ClockKeeperTest {
  private static final long HZ = 2_100_000_000L;
  private static final double TICKS_PER_NANO = 2.1 * (1 + 5e-6); // not quite the nominal rate
  private static final long SECOND = 1_000_000_000;
  private static final long REALTIME = 1_735_689_600 * SECOND;

  private final Random random = new Random(11);
  private long nanos = SECOND;

  /** Nanoseconds that it takes to look at a clock; twenty times as long, one time in four. */
  private int slowness = 10;

  private final GuestMemory memory =
      new GuestMemory(Arena.ofAuto().allocate(4096, 4096), new NoBacking());
  private final Clock clock = new HostClock();
  private final ClockKeeper keeper = new ClockKeeper(new Vvar(memory, 0, clock), clock);
  private final GuestCpu cpu =
      (GuestCpu)
          Proxy.newProxyInstance(
              GuestCpu.class.getClassLoader(), new Class<?>[] {GuestCpu.class}, this::answer);

  private long look() {
    int step = slowness + random.nextInt(slowness);
    nanos += random.nextInt(4) == 0 ? 20L * step : step;
    return nanos;
  }

  private Object answer(Object proxy, Method method, Object[] arguments) {
    return switch (method.getName()) {
      case "timestampFrequency" -> HZ;
      case "timestampCounter" -> (long) (look() * TICKS_PER_NANO);
      default -> throw new UnsupportedOperationException(method.getName());
    };
  }

  private final class HostClock implements Clock {
    @Override
    public long realtimeNanos() {
      return look() + REALTIME;
    }

    @Override
    public long monotonicNanos() {
      return look();
    }
  }

  private boolean clockRuns() {
    return memory.getInt(4) != 0;
  }

  /** How far the clock that programs see is ahead of the host's. */
  private long error() {
    long ticks = (long) (nanos * TICKS_PER_NANO) - memory.getLong(8);
    return Math.max(onLine(ticks, 32, 16), onLine(ticks, 64, 72)) - nanos;
  }

  private long onLine(long ticks, int base, int mult) {
    double slope = memory.getLong(mult) / Math.pow(2, memory.getInt(24));
    return memory.getLong(base) + Math.round(ticks * slope);
  }

  private void tickAfter(long pause) {
    nanos += pause;
    keeper.tick(cpu, nanos);
  }

  @Test
  void theFirstTickStartsTheClock() {
    tickAfter(0);
    assertThat(clockRuns()).isTrue();
    assertThat(error()).isBetween(-300L, 400L);
    assertThat(memory.getLong(40)).isBetween(REALTIME - 200, REALTIME + 200);
  }

  @Test
  void aClockTooUncertainIsPutOffButNotForEver() {
    slowness = 2_000;
    for (int i = 0; i < 20; i++) {
      tickAfter(20_000_000);
      assertThat(clockRuns()).isFalse();
    }
    tickAfter(20_000_000);
    assertThat(clockRuns()).isTrue();
    assertThat(Math.abs(error())).isLessThan(10_000);
    slowness = 10;
    tickAfter(SECOND);
    nanos += 3_000_000; // a hundredth slower, if it was ahead
    assertThat(Math.abs(error())).isLessThan(400);
  }

  @Test
  void theClockIsRightAfterAPauseToo() {
    for (int i = 0; i < 10; i++) {
      tickAfter(10_000_000);
    }
    for (int round = 0; round < 100; round++) {
      tickAfter(random.nextLong(20 * SECOND));
      assertThat(error()).isBetween(-400L, 400L);
      nanos += 100_000_000; // programs run
      assertThat(error()).isBetween(-700L, 700L);
    }
  }
}

package org.biscotti.kernel.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.Arena;
import java.math.BigInteger;
import java.util.Random;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.NoBacking;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads the clock page as a vDSO does, in exact arithmetic. */
class VvarTest {
  private static final long PAGE = 0x2000;
  private static final long HZ = 2_500_000_000L;
  private static final long SECOND = 1_000_000_000;
  private static final long REALTIME = 1_735_689_600 * SECOND;

  private final GuestMemory memory =
      new GuestMemory(Arena.ofAuto().allocate(4 * 4096, 4096), new NoBacking());
  private long hostNanos;
  private boolean clockBroken;
  private long hostOffset = REALTIME;
  private long offsetError;
  private final Vvar vvar = new Vvar(memory, PAGE, new HostClock());

  private final class HostClock implements Clock {
    @Override
    public long realtimeNanos() {
      return hostNanos + hostOffset;
    }

    @Override
    public long monotonicNanos() {
      if (clockBroken) {
        throw new IllegalStateException("no clock");
      }
      return hostNanos;
    }
  }

  private boolean update(long tsc) {
    return update(tsc, HZ, hostNanos, hostNanos + hostOffset, 10);
  }

  private boolean update(long tsc, long hz, long nanos, long realtime, long error) {
    return vvar.update(new ClockSample(tsc, nanos, error, realtime - nanos, offsetError), hz);
  }

  private int sequence() {
    return memory.getInt(PAGE);
  }

  private boolean usesTsc() {
    return memory.getInt(PAGE + 4) != 0;
  }

  /** CLOCK_MONOTONIC at a counter value, from what the page says now. */
  private long monotonic(long tsc) {
    assertThat(usesTsc()).isTrue();
    assertThat(sequence() & 1).isZero();
    return Math.max(onLine(tsc, 32, 16), onLine(tsc, 64, 72));
  }

  private long onLine(long tsc, int base, int mult) {
    return BigInteger.valueOf(tsc - memory.getLong(PAGE + 8))
        .multiply(BigInteger.valueOf(memory.getLong(PAGE + mult)))
        .shiftRight(memory.getInt(PAGE + 24))
        .add(BigInteger.valueOf(memory.getLong(PAGE + base)))
        .longValueExact();
  }

  private long realtime(long tsc) {
    return monotonic(tsc) + memory.getLong(PAGE + 40);
  }

  @Test
  void beforeTheFirstSampleEverythingIsASystemCall() {
    assertThat(usesTsc()).isFalse();
    assertThat(sequence() & 1).isZero();
  }

  @Test
  void theFirstSampleIsTheTime() {
    hostNanos = 77 * SECOND + 123;
    assertThat(update(1_000_000)).isTrue();
    assertThat(monotonic(1_000_000)).isBetween(77 * SECOND + 123, 77 * SECOND + 125);
    assertThat(monotonic(1_000_000 + HZ)).isBetween(78 * SECOND + 122, 78 * SECOND + 124);
    assertThat(realtime(1_000_000) - monotonic(1_000_000)).isEqualTo(REALTIME);
    assertThat(memory.getInt(PAGE + 28)).isEqualTo(Vvar.COARSE_TICK_NANOS);
    assertThat(memory.getLong(PAGE + 48)).isZero();
    assertThat(memory.getLong(PAGE + 56)).isEqualTo(memory.getLong(PAGE + 40));
  }

  @Test
  void aYearWithoutUpdateDoesNotOverflow() {
    assertThat(update(-5)).isTrue();
    long year = 365L * 86400;
    assertThat(monotonic(-5 + year * HZ)).isBetween(year * SECOND - 10_000, year * SECOND + 10_000);
  }

  @ParameterizedTest
  @ValueSource(longs = {1_000_000, 24_000_000, 999_999_999, 5_700_000_000L, 1_000_000_000_000L})
  void anyFrequencyWorks(long hz) {
    assertThat(update(0, hz, 0, REALTIME, 10)).isTrue();
    assertThat(monotonic(hz * 1000)).isBetween(1000 * SECOND - 1000, 1000 * SECOND + 1000);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-1, 0",
    "999999, 0",
    "1000000000001, 0",
    "9223372036854775807, 0",
    "2500000000, -1",
    "2500000000, 9223372036854775807",
    "2500000000, -9223372036854775808",
  })
  void senselessSamplesTurnTheClockOff(long hz, long nanos) {
    assertThat(update(1)).isTrue();
    assertThat(update(2, hz, nanos, REALTIME, 10)).isFalse();
    assertThat(usesTsc()).isFalse();
    assertThat(sequence() & 1).isZero();
    assertThat(update(3)).isTrue();
    assertThat(usesTsc()).isTrue();
  }

  @Test
  void aCounterThatGoesBackTurnsTheClockOff() {
    assertThat(update(1000)).isTrue();
    assertThat(update(999)).isFalse();
    assertThat(usesTsc()).isFalse();
    assertThat(update(5)).isTrue();
    hostNanos = 100;
    assertThat(update(Long.MIN_VALUE)).isFalse();
    assertThat(update(5)).isTrue();
    hostNanos = 99;
    assertThat(update(6)).isFalse();
  }

  @Test
  void theSameSampleTwiceIsHarmless() {
    assertThat(update(1000)).isTrue();
    assertThat(update(1000)).isTrue();
    hostNanos = SECOND;
    assertThat(update(1000)).isTrue(); // a counter that stands still
    assertThat(monotonic(1000)).isEqualTo(SECOND);
  }

  @Test
  void disabledMeansSystemCalls() {
    update(1);
    vvar.disable();
    assertThat(usesTsc()).isFalse();
    assertThat(update(2)).isTrue();
    assertThat(usesTsc()).isTrue();
  }

  @Test
  void extremeRealTimesAreCut() {
    assertThat(vvar.update(new ClockSample(1, 5, 1, Long.MIN_VALUE, 0), HZ)).isTrue();
    assertThat(realtime(1)).isBetween(0L, 2L);
    assertThat(vvar.update(new ClockSample(2, 6, 1, Long.MAX_VALUE, 0), HZ)).isTrue();
    assertThat(realtime(2)).isBetween((1L << 62) - 10, (1L << 62) + 10);
  }

  @Test
  void realTimeIsWhatAllSamplesAllowAndSettingTheClockMovesIt() {
    offsetError = 9_000;
    hostOffset = REALTIME + 8_000;
    update(0);
    assertThat(memory.getLong(PAGE + 40)).isEqualTo(REALTIME + 8_000);
    hostOffset = REALTIME - 8_000;
    next();
    assertThat(memory.getLong(PAGE + 40)).isEqualTo(REALTIME);
    hostOffset = REALTIME + 5_000_000; // a disturbed sample
    offsetError = 6_000_000;
    next();
    assertThat(memory.getLong(PAGE + 40)).isEqualTo(REALTIME);
    offsetError = 100;
    next();
    assertThat(memory.getLong(PAGE + 40)).isEqualTo(REALTIME + 5_000_000);
    hostOffset = REALTIME - 3600 * SECOND;
    next();
    assertThat(memory.getLong(PAGE + 40)).isEqualTo(REALTIME - 3600 * SECOND);
  }

  private void next() {
    hostNanos += SECOND;
    assertThat(update((long) (hostNanos * 2.5))).isTrue();
  }

  @Test
  void followsACounterThatIsOffItsNominalRate() {
    double ticksPerNano = 2.5 * (1 + 40e-6);
    for (int second = 0; second < 30; second++) {
      update((long) (hostNanos * ticksPerNano));
      hostNanos += SECOND;
    }
    long tsc = (long) (hostNanos * ticksPerNano);
    assertThat(Math.abs(monotonic(tsc) - hostNanos)).isLessThan(100);
  }

  @ParameterizedTest
  @ValueSource(longs = {10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000L})
  void staysCloseWhateverTheTimeBetweenUpdates(long period) {
    Random random = new Random(period);
    double ticksPerNano = 2.5 * (1 - 100e-6);
    long worst = 0;
    for (int round = 0; round < 1000; round++) {
      int skew = random.nextInt(-400, 401);
      long tsc = (long) ((hostNanos + skew) * ticksPerNano);
      assertThat(update(tsc, HZ, hostNanos, REALTIME, 401)).isTrue();
      hostNanos += period;
      if (round >= 500) {
        long error = monotonic((long) (hostNanos * ticksPerNano)) - hostNanos;
        worst = Math.max(worst, Math.abs(error));
      }
    }
    assertThat(worst).isLessThan(1_000);
  }

  /** As after a first sample that was taken by a program not yet compiled, and a pause. */
  @Test
  void oneGoodSampleIsEnough() {
    double ticksPerNano = 2.5 * (1 + 3e-6);
    assertThat(update((long) (9_000 * ticksPerNano), HZ, 0, REALTIME, 10_000)).isTrue();
    hostNanos = 20 * SECOND;
    assertThat(update((long) (hostNanos * ticksPerNano))).isTrue();
    assertThat(monotonic((long) (hostNanos * ticksPerNano)) - hostNanos).isBetween(-12L, 60_000L);
    hostNanos += 10_000_000;
    assertThat(monotonic((long) (hostNanos * ticksPerNano)) - hostNanos).isBetween(-50L, 50L);
  }

  @Test
  void followsAHostThatChangesItsRate() {
    double ticks = 0;
    for (int second = 0; second < 200; second++) {
      double ticksPerNano = second < 100 ? 2.5 : 2.5 * (1 + 400e-6);
      assertThat(update((long) ticks)).isTrue();
      hostNanos += SECOND;
      ticks += SECOND * ticksPerNano;
      if (second > 102) {
        assertThat(Math.abs(monotonic((long) ticks) - hostNanos)).isLessThan(100);
      }
    }
  }

  @Test
  void aClockFarBehindStepsForward() {
    update(0);
    hostNanos = 5 * SECOND;
    update(2 * HZ); // the host slept
    assertThat(monotonic(2 * HZ)).isBetween(5 * SECOND, 5 * SECOND + 100_000);
  }

  @Test
  void aClockAheadIsSlowedDownAndNeverSetBack() {
    update(0);
    hostNanos = SECOND;
    long tsc = HZ + HZ / 10; // shows 1.1 s
    long before = monotonic(tsc);
    update(tsc);
    assertThat(monotonic(tsc)).isBetween(before, before + 1_100);
    for (int second = 2; second < 60; second++) {
      hostNanos = second * SECOND;
      tsc += HZ;
      update(tsc);
    }
    assertThat(Math.abs(monotonic(tsc) - hostNanos)).isLessThan(1_000_000);
  }

  /**
   * A reader may still use the old line until the moment the writer reads the clock with the
   * counter odd; after that it uses the new one. Whatever happens, no reading is below an earlier
   * one.
   */
  @Test
  void timeNeverStepsBackAcrossAnUpdate() {
    Random random = new Random(42);
    double ticksPerNano = 2.5 * (1 + 25e-6);
    for (int start = 0; start < 200; start++) {
      vvar.disable();
      long lastSeen = Long.MIN_VALUE;
      hostNanos += 1000 * SECOND;
      for (int round = 0; round < 100; round++) {
        long delay = random.nextInt(3) == 0 ? random.nextLong(20_000_000) : random.nextLong(2_000);
        long sampledNanos = hostNanos;
        long error = random.nextInt(10_000);
        long skew = random.nextLong(-error, error + 1); // TSC and clock are not read at once
        long sampledTsc = (long) ((hostNanos + skew) * ticksPerNano);
        hostNanos += Math.max(skew, 0) + delay; // until the writer has made the counter odd
        long lastOldTsc = (long) (hostNanos * ticksPerNano);
        if (round > 0) {
          long old = monotonic(lastOldTsc);
          assertThat(old).isGreaterThanOrEqualTo(lastSeen);
          lastSeen = old;
        }
        assertThat(update(sampledTsc, HZ, sampledNanos, REALTIME, error)).isTrue();
        long now = monotonic(lastOldTsc);
        assertThat(now).isGreaterThanOrEqualTo(lastSeen);
        lastSeen = now;
        hostNanos += random.nextLong(2 * SECOND);
      }
    }
  }

  @Test
  void aFailureInTheMiddleLeavesTheOldLine() {
    update(0);
    hostNanos = SECOND;
    long tsc = HZ + HZ / 100; // ahead, so the next line is flatter
    long shown = monotonic(tsc);
    clockBroken = true;
    assertThatIllegalStateException().isThrownBy(() -> update(tsc));
    assertThat(monotonic(tsc)).isEqualTo(shown);
    clockBroken = false;
    assertThat(update(tsc + 1)).isTrue();
    assertThat(monotonic(tsc + 1)).isGreaterThanOrEqualTo(shown);
  }

  @Test
  void everyUpdateIsAnEvenNumberOfSequenceSteps() {
    int last = sequence();
    for (int i = 0; i < 10; i++) {
      hostNanos += SECOND;
      update((long) (hostNanos * 2.5));
      assertThat(sequence()).isEqualTo(last + 2);
      last = sequence();
    }
  }

  @Test
  void hostileNumbersNeverThrow() {
    Random random = new Random(7);
    long[] nasty = {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 62, 1L << 55, HZ, SECOND};
    for (int i = 0; i < 200_000; i++) {
      hostNanos = pick(nasty, random);
      ClockSample sample =
          new ClockSample(
              pick(nasty, random),
              pick(nasty, random),
              pick(nasty, random),
              pick(nasty, random),
              pick(nasty, random));
      vvar.update(sample, pick(nasty, random));
      assertThat(sequence() & 1).isZero();
      if (usesTsc()) {
        assertThat(memory.getLong(PAGE + 16)).isPositive();
        assertThat(memory.getLong(PAGE + 72)).isPositive();
        assertThat(memory.getInt(PAGE + 24)).isBetween(0, 63);
      }
    }
  }

  private static long pick(long[] nasty, Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextLong();
      case 1 -> random.nextLong(1L << (1 + random.nextInt(62)));
      default -> nasty[random.nextInt(nasty.length)];
    };
  }
}

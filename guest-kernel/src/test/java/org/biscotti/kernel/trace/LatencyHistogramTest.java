package org.biscotti.kernel.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LatencyHistogramTest {
  @Test
  void percentilesAreWithinThreePerCent() {
    Random random = new Random(7);
    long[] values = new long[20_001];
    LatencyHistogram histogram = new LatencyHistogram();
    for (int i = 0; i < values.length; i++) {
      values[i] = (long) Math.exp(random.nextDouble(0, 25));
      histogram.record(values[i]);
    }
    Arrays.sort(values);
    for (int percentile = 1; percentile < 100; percentile++) {
      long exact = values[(int) Math.ceil(percentile / 100.0 * values.length) - 1];
      assertThat(histogram.percentileNanos(percentile)).isBetween(exact, exact + exact / 32 + 1);
    }
  }

  @Test
  void smallValuesAreExact() {
    for (int value = 0; value < 64; value++) {
      LatencyHistogram histogram = new LatencyHistogram();
      histogram.record(value);
      assertThat(histogram.percentileNanos(50)).isEqualTo(value);
    }
  }

  @Test
  void everyPowerOfTwoHasItsOwnClasses() {
    for (int shift = 6; shift < 40; shift++) {
      LatencyHistogram histogram = new LatencyHistogram();
      histogram.record((1L << shift) - 1);
      histogram.record(1L << shift);
      assertThat(histogram.percentileNanos(50)).isEqualTo((1L << shift) - 1);
      assertThat(histogram.percentileNanos(100)).isGreaterThanOrEqualTo(1L << shift);
    }
  }

  @Test
  void extremesCountAndAddUp() {
    LatencyHistogram histogram = new LatencyHistogram();
    assertThat(histogram.percentileNanos(99)).isZero();
    histogram.record(-5);
    assertThat(histogram.percentileNanos(99)).isZero();
    LatencyHistogram other = new LatencyHistogram();
    other.record(Long.MAX_VALUE);
    histogram.add(other);
    assertThat(histogram.percentileNanos(50)).isZero();
    assertThat(histogram.percentileNanos(99)).isEqualTo((1L << 40) - 1);
  }
}

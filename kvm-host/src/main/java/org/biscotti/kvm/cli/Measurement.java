package org.biscotti.kvm.cli;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.ToLongFunction;

/**
 * All repetitions of smallfile on one system.
 *
 * <p>The first one is cold: it is the first time that this process does any of it. The warm value
 * is the median of the second half.
 */
record Measurement(List<Repetition> repetitions) {
  /** Who takes less than so many times the warm time is nearly warm. */
  static final int NEARLY_WARM = 3;

  /** Nearly warm is not one that is lucky, but the median of so many. */
  private static final int IN_A_ROW = 5;

  Measurement {
    if (repetitions.isEmpty()) {
      throw new IllegalArgumentException("smallfile printed nothing");
    }
    repetitions = List.copyOf(repetitions);
  }

  /** Cycles or nanoseconds of a phase in the first repetition. */
  double cold(Phase phase, ToLongFunction<Repetition.Spent> unit) {
    return unit.applyAsLong(repetitions.getFirst().of(phase));
  }

  /** Median over the second half of the repetitions; empty if there is only one. */
  OptionalDouble warm(Phase phase, ToLongFunction<Repetition.Spent> unit) {
    return repetitions.size() == 1
        ? OptionalDouble.empty()
        : OptionalDouble.of(median(warmRepetitions(), phase, unit));
  }

  /** Those that are warm, if there is more than one. */
  List<Repetition> warmRepetitions() {
    return repetitions.subList(repetitions.size() / 2, repetitions.size());
  }

  /** So many repetitions there were before they were {@link #NEARLY_WARM}. */
  int warmingUp() {
    double limit = NEARLY_WARM * median(warmRepetitions(), Phase.TOTAL, Repetition.Spent::nanos);
    int before = 0;
    while (before + IN_A_ROW < repetitions.size()
        && median(
                repetitions.subList(before, before + IN_A_ROW),
                Phase.TOTAL,
                Repetition.Spent::nanos)
            > limit) {
      before++;
    }
    return before;
  }

  /** Nanoseconds that those took. */
  long warmingUpNanos() {
    return repetitions.stream()
        .limit(warmingUp())
        .mapToLong(repetition -> repetition.of(Phase.TOTAL).nanos())
        .sum();
  }

  /** How many times as long all repetitions took as they would have if all had been warm. */
  double wholeByWarm() {
    double warm = median(warmRepetitions(), Phase.TOTAL, Repetition.Spent::nanos);
    double mean =
        repetitions.stream()
            .mapToLong(repetition -> repetition.of(Phase.TOTAL).nanos())
            .average()
            .orElseThrow();
    return mean / warm;
  }

  private static double median(
      List<Repetition> some, Phase phase, ToLongFunction<Repetition.Spent> unit) {
    long[] sorted = some.stream().mapToLong(r -> unit.applyAsLong(r.of(phase))).sorted().toArray();
    int half = sorted.length / 2;
    return sorted.length % 2 == 1
        ? sorted[half]
        : Arrays.stream(sorted, half - 1, half + 1).average().orElseThrow();
  }

  int files() {
    return repetitions.getFirst().files();
  }
}

package org.biscotti.kvm.cli;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.ToLongFunction;

/**
 * All repetitions of smallfile on one system.
 *
 * <p>The first one is cold: it is the first time that this process does any of it. The warm value
 * is the median of the others.
 */
record Measurement(List<Repetition> repetitions) {
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

  /** Median over the repetitions after the first; empty if there are none. */
  OptionalDouble warm(Phase phase, ToLongFunction<Repetition.Spent> unit) {
    long[] sorted =
        repetitions.stream()
            .skip(1)
            .mapToLong(r -> unit.applyAsLong(r.of(phase)))
            .sorted()
            .toArray();
    if (sorted.length == 0) {
      return OptionalDouble.empty();
    }
    int half = sorted.length / 2;
    return OptionalDouble.of(
        sorted.length % 2 == 1
            ? sorted[half]
            : Arrays.stream(sorted, half - 1, half + 1).average().orElseThrow());
  }

  int files() {
    return repetitions.getFirst().files();
  }
}

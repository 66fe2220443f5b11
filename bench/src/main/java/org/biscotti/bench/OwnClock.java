package org.biscotti.bench;

import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.ScalarResult;

/**
 * Puts the time by the subject's own clock next to JMH's. The two differ by the cost of handing
 * over a command; where they differ by more than a per cent or two, the batch is too short, the
 * machine is busy, or the guest's clock is wrong.
 *
 * <p>A profiler is how a benchmark gets a number of its own into JMH's results. JMH makes it apart
 * from the benchmark, so what they share is static; one benchmark runs at a time.
 */
public final class OwnClock implements InternalProfiler {
  /** Name of the secondary result, in nanoseconds per operation. */
  static final String NAME = "own.clock";

  private static volatile long nanos;
  private static volatile long operations;

  /** Counts a batch; called by the one thread of a benchmark. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, and JMH's between iterations
  static void add(long batchNanos, long batchOperations) {
    nanos += batchNanos;
    operations += batchOperations;
  }

  @Override
  public String getDescription() {
    return "Time by the clock of the program under measurement";
  }

  @Override
  public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
    nanos = 0;
    operations = 0;
  }

  @Override
  public Collection<ScalarResult> afterIteration(
      BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
    double perOperation = (double) nanos / operations;
    return List.of(new ScalarResult(NAME, perOperation, "ns/op", AggregationPolicy.AVG));
  }
}

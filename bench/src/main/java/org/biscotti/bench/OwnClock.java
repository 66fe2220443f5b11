package org.biscotti.bench;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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

  /** What parts of the operations took, in nanoseconds, by their names. */
  private static final Map<String, Long> PARTS = new ConcurrentHashMap<>();

  /** Counts a batch; called by the one thread of a benchmark. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, and JMH's between iterations
  static void add(long batchNanos, long batchOperations) {
    nanos += batchNanos;
    operations += batchOperations;
  }

  /** Counts a part of the batch that was added last; it has a result of its own. */
  static void addPart(String name, long partNanos) {
    PARTS.merge(name, partNanos, Long::sum);
  }

  /** Name of the result of a part. */
  static String nameOf(String part) {
    return NAME + "." + part;
  }

  @Override
  public String getDescription() {
    return "Time by the clock of the program under measurement";
  }

  @Override
  public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
    nanos = 0;
    operations = 0;
    PARTS.clear();
  }

  @Override
  public Collection<ScalarResult> afterIteration(
      BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
    List<ScalarResult> results = new ArrayList<>();
    results.add(perOperation(NAME, nanos));
    PARTS.forEach((part, partNanos) -> results.add(perOperation(nameOf(part), partNanos)));
    return results;
  }

  private static ScalarResult perOperation(String name, long sumNanos) {
    return new ScalarResult(name, (double) sumNanos / operations, "ns/op", AggregationPolicy.AVG);
  }
}

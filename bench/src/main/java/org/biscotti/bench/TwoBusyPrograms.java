package org.biscotti.bench;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Policies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Two programs that do nothing but call, one on each of two vCPUs: no core is idle, so nobody can
 * serve anybody, and trying to must not cost anything. An operation is one call of each.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 7, time = 1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters and calls open
public class TwoBusyPrograms {
  private static final int CALLS = 20_000;
  private static final int VCPUS = 2;
  private static final long MEMORY_BYTES = 256L << 20;

  /** Whether the kernel may try to answer without an exit: OFF is what AUTO is compared with. */
  @Param({"AUTO", "OFF"})
  Exitless side;

  private Subject subjects;

  /** Boots a machine and starts the programs. */
  @Setup
  public void open() throws IOException {
    subjects = GuestSubject.on(MEMORY_BYTES, VCPUS, VCPUS, Policies.ADAPTIVE, side);
  }

  /** Ends them. */
  @TearDown
  public void close() throws IOException {
    subjects.close();
  }

  /** getppid(2). */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public void nullCalls() throws IOException {
    OwnClock.add(subjects.run(Operation.NULL, CALLS, 0), CALLS);
  }

  /** open(2) and close(2). */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public void openClose() throws IOException {
    OwnClock.add(subjects.run(Operation.OPEN_CLOSE, CALLS, 0), CALLS);
  }
}

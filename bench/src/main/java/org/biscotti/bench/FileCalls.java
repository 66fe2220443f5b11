package org.biscotti.bench;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What short calls on files in memory cost, in nanoseconds, in the guest and natively: the calls
 * that the paper's file system and everybody else's benchmarks begin with.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class FileCalls extends FileBenchmark {
  /** Long enough that handing over the command is a fraction of a per cent. */
  private static final int CALLS = 100_000;

  private static final int PAGE_BYTES = 4096;

  /** An open(2) and a close(2), together. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public void openClose() throws IOException {
    calls(Operation.OPEN_CLOSE, 0);
  }

  @Benchmark
  @OperationsPerInvocation(CALLS)
  public void stat() throws IOException {
    calls(Operation.STAT, 0);
  }

  /** One byte. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public void pread1() throws IOException {
    calls(Operation.READ, 1);
  }

  /** A page. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public void pread4096() throws IOException {
    calls(Operation.READ, PAGE_BYTES);
  }

  /** One byte. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public void pwrite1() throws IOException {
    calls(Operation.WRITE, 1);
  }

  private void calls(Operation operation, long size) throws IOException {
    measure(operation, CALLS, size, CALLS);
  }
}

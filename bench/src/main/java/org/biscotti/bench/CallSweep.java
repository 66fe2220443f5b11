package org.biscotti.bench;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Policies;
import org.biscotti.kvm.HostCpus;
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
 * How system calls scale with the threads of one process that make them at the same time, for each
 * policy: nanoseconds of wall time per call, all threads together. Where a thread for each call
 * stops paying and a queue of closures begins to (section 3 of the paper) can be read from it.
 *
 * <p>The machine has a vCPU for each core. With fewer threads than that the idle ones serve.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters and calls open
public class CallSweep {
  /** Calls of all threads together; divided among them. */
  static final int CALLS = 48_000;

  private static final long MEMORY_BYTES = 256L << 20;

  /** How calls are served. */
  public enum Side {
    INLINE(Policies.INLINE, Exitless.ON),
    THREAD(Policies.THREAD, Exitless.ON),
    POOL(Policies.POOL, Exitless.ON),
    ADAPTIVE(Policies.ADAPTIVE, Exitless.AUTO),
    /** By an exit, always. */
    EXITS(Policies.INLINE, Exitless.OFF);

    private final Policies policy;
    private final Exitless exitless;

    Side(Policies policy, Exitless exitless) {
      this.policy = policy;
      this.exitless = exitless;
    }
  }

  /** Threads that call. */
  @Param({"1", "2", "3", "4", "8", "16"})
  long size;

  /** How calls are served. */
  @Param Side side;

  private Subject subject;

  /** Boots a machine and starts the program. */
  @Setup
  public void open() throws IOException {
    int vcpus = HostCpus.allowed().length;
    subject = GuestSubject.on(MEMORY_BYTES, vcpus, side.policy, side.exitless);
  }

  /** Ends both. */
  @TearDown
  public void close() throws IOException {
    subject.close();
  }

  /** getppid(2). */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public void nullCalls() throws IOException {
    OwnClock.add(subject.run(Operation.THREADS, CALLS / size, size), CALLS);
  }
}

package org.biscotti.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
 * What a system call costs that does nothing (getppid(2)), in nanoseconds: in the guest with the
 * kernel in Java behind it, in the guest of the least monitor that C can be, and natively. The
 * first two both leave the guest and come back with registers and segments synchronized, so their
 * ratio is what Java adds.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 8, time = 1)
@Measurement(iterations = 7, time = 2)
public class NullSyscall {
  /** Long enough that handing over the command is a fraction of a per cent. */
  static final int EXITS = 10_000;

  static final int RING_CALLS = 200_000;

  static final int NATIVE_CALLS = 2_000_000;

  private static final Path ANYWHERE = Path.of("/");
  private static final long MEMORY_BYTES = 128L << 20;

  /** A program in the guest, and the kernel in Java. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls open
  public static class JavaExit {
    private Subject subject;

    /** Boots a machine and starts the program. */
    @Setup
    public void open() throws IOException {
      subject = new GuestSubject(MEMORY_BYTES);
    }

    /** Ends both. */
    @TearDown
    public void close() throws IOException {
      subject.close();
    }
  }

  /** A program in the guest, and a second vCPU that serves its calls without an exit. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH sets the policy and calls open
  public static class JavaRing {
    /** On which thread a call runs. */
    @Param Policies side;

    private Subject subject;

    /** Boots a machine and starts the program. */
    @Setup
    public void open() throws IOException {
      subject = GuestSubject.served(MEMORY_BYTES, side);
    }

    /** Ends both. */
    @TearDown
    public void close() throws IOException {
      subject.close();
    }
  }

  /** The monitor in C with its own guest. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls open
  public static class CExit {
    private Subject subject;

    /** Starts it. */
    @Setup
    public void open() throws IOException {
      subject = monitor("serve");
    }

    /** Ends it. */
    @TearDown
    public void close() throws IOException {
      subject.close();
    }
  }

  /** The guest of the monitor in C with an entry page that returns at once. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls open
  public static class CFloor {
    private Subject subject;

    /** Starts it. */
    @Setup
    public void open() throws IOException {
      subject = monitor("floor");
    }

    /** Ends it. */
    @TearDown
    public void close() throws IOException {
      subject.close();
    }
  }

  /** The monitor in C with a thread on another core that answers in shared memory. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls open
  public static class CRing {
    private Subject subject;

    /** Starts it. */
    @Setup
    public void open() throws IOException {
      subject = monitor("ring");
    }

    /** Ends it. */
    @TearDown
    public void close() throws IOException {
      subject.close();
    }
  }

  /** The program of {@link JavaExit}, natively. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls open
  public static class Native {
    private Subject subject;

    /** Starts it. */
    @Setup
    public void open() throws IOException {
      subject = ProcessSubject.bell(ANYWHERE);
    }

    /** Ends it. */
    @TearDown
    public void close() throws IOException {
      subject.close();
    }
  }

  /** By an exit to the kernel in Java. */
  @Benchmark
  @OperationsPerInvocation(EXITS)
  public void javaExit(JavaExit state) throws IOException {
    calls(state.subject, EXITS);
  }

  /** In shared memory, by the kernel in Java on another vCPU's thread. */
  @Benchmark
  @OperationsPerInvocation(RING_CALLS)
  public void javaRing(JavaRing state) throws IOException {
    calls(state.subject, RING_CALLS);
  }

  /** Not at all: the entry page returns at once. Nothing that answers can be cheaper. */
  @Benchmark
  @OperationsPerInvocation(RING_CALLS)
  public void bounce(CFloor state) throws IOException {
    calls(state.subject, RING_CALLS);
  }

  /** In shared memory, by a thread of the monitor in C. */
  @Benchmark
  @OperationsPerInvocation(RING_CALLS)
  public void cRing(CRing state) throws IOException {
    calls(state.subject, RING_CALLS);
  }

  /** By an exit to the monitor in C. */
  @Benchmark
  @OperationsPerInvocation(EXITS)
  public void cExit(CExit state) throws IOException {
    calls(state.subject, EXITS);
  }

  /** By this host's own kernel. */
  @Benchmark
  @OperationsPerInvocation(NATIVE_CALLS)
  public void nativeLinux(Native state) throws IOException {
    calls(state.subject, NATIVE_CALLS);
  }

  private static Subject monitor(String mode) throws IOException {
    String monitor = Subject.program("baseline/nullsyscall-vmm").toString();
    String core = Integer.toString(Subject.core());
    return new ProcessSubject(ANYWHERE, List.of(monitor, mode, core));
  }

  private static void calls(Subject subject, int count) throws IOException {
    OwnClock.add(subject.run(Operation.NULL, count, 0), count);
  }
}

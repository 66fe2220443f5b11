package org.biscotti.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
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

  /** The monitor in C with its own guest. */
  @State(Scope.Benchmark)
  @SuppressWarnings("NullAway.Init") // JMH calls open
  public static class CExit {
    private Subject subject;

    /** Starts it. */
    @Setup
    public void open() throws IOException {
      String monitor = Subject.program("baseline/nullsyscall-vmm").toString();
      String core = Integer.toString(Subject.core());
      subject = new ProcessSubject(ANYWHERE, List.of(monitor, "serve", core));
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

  private static void calls(Subject subject, int count) throws IOException {
    OwnClock.add(subject.run(Operation.NULL, count, 0), count);
  }
}

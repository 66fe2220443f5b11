package org.biscotti.bench;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How fast read(2) and write(2) copy between a program's buffer and a file in memory, in the guest
 * and natively. An operation moves {@value #BYTES} bytes, in calls of {@code size} bytes; buffer
 * and file have their pages already.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters and calls open
public class CopyBandwidth {
  /** Bytes that an operation moves: four calls of the largest size. */
  static final long BYTES = 256L << 20;

  private static final long MEMORY_BYTES = 512L << 20;

  /** Bytes of one call. */
  @Param({"65536", "262144", "1048576", "4194304", "16777216", "67108864"})
  long size;

  /** Where the program runs. */
  @Param({"GUEST", "NATIVE"})
  Side side;

  private Subject subject;

  /** Starts the program. */
  @Setup
  public void open() throws IOException {
    subject =
        switch (side) {
          case GUEST -> new GuestSubject(MEMORY_BYTES);
          case NATIVE -> ProcessSubject.bell(Tmpfs.directory());
          case INLINE, THREAD, POOL ->
              throw new IllegalArgumentException("copies leave the guest: no policy serves them");
        };
  }

  /** Ends it. */
  @TearDown
  public void close() throws IOException {
    subject.close();
  }

  /** From the file. */
  @Benchmark
  public void read() throws IOException {
    transfer(Operation.READ);
  }

  /** Over what is in the file. */
  @Benchmark
  public void write() throws IOException {
    transfer(Operation.WRITE);
  }

  private void transfer(Operation operation) throws IOException {
    OwnClock.add(subject.run(operation, BYTES / size, size), 1);
  }
}

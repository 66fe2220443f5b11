package org.biscotti.bench;

import java.io.IOException;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What benchmarks of work with files have in common: the program, in the guest or natively. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH sets the parameter and calls open
public abstract class FileBenchmark {
  /** Where the program runs. */
  @Param Side side;

  private Subject subject;

  /** Starts the program. */
  @Setup
  public void open() throws IOException {
    subject = side.open();
  }

  /** Ends it. */
  @TearDown
  public void close() throws IOException {
    subject.close();
  }

  /** Lets the program do something, and counts it; nanoseconds by the program's clock. */
  final void measure(Operation operation, long count, long size, long operations)
      throws IOException {
    OwnClock.add(subject.run(operation, count, size), operations);
  }

  /** Asks the program for something that it knows. */
  final long ask(Operation operation, long size) throws IOException {
    return subject.run(operation, 1, size);
  }
}

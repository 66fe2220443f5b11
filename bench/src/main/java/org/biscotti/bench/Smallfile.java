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
 * The paper's smallfile (section 4.1, figure 4), warm: 100 files of one byte in four directories
 * are created, read and unlinked, in the guest and natively on a tmpfs. An operation is one file
 * through all three phases.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 10, time = 2)
@Measurement(iterations = 7, time = 1)
public class Smallfile extends FileBenchmark {
  /** Of the program's, in the order of their numbers. */
  static final String[] PHASES = {"create", "read", "unlink"};

  private static final int REPETITIONS = 100;
  private static final int FILES = 100 * REPETITIONS;

  /** All three phases. Making and removing the directories is in JMH's time, not in our own. */
  @Benchmark
  @OperationsPerInvocation(FILES)
  public void total() throws IOException {
    measure(Operation.SMALLFILE, REPETITIONS, 0, FILES);
    for (int phase = 0; phase < PHASES.length; phase++) {
      OwnClock.addPart(PHASES[phase], ask(Operation.PHASE, phase));
    }
  }
}

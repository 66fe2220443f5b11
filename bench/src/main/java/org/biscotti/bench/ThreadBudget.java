package org.biscotti.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
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
import org.openjdk.jmh.infra.Blackhole;

/**
 * What it costs to have a piece of work done inline, by a closure in the queue of a thread, by a
 * new virtual thread and by a new platform thread, until it is done. It is the evidence behind the
 * threshold of {@code kernel.parallel.Parallel}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters and calls open
public class ThreadBudget {
  private static final long CALIBRATION_TOKENS = 10_000_000;
  private static final int CALIBRATION_ROUNDS = 10;

  /** Who does it. */
  public enum How {
    INLINE,
    QUEUE,
    VIRTUAL,
    PLATFORM
  }

  /** Whether all cores are busy with something else too. */
  public enum Load {
    IDLE,
    LOADED
  }

  /** Nanoseconds of work. */
  @Param({"100", "1000", "10000", "100000", "1000000"})
  long nanos;

  /** Who does it. */
  @Param How how;

  /** Whether all cores are busy. */
  @Param Load load;

  private long tokens;
  private ExecutorService queue;
  private final List<Thread> busy = new ArrayList<>();
  private volatile boolean ended;

  /** Finds out how much work that is, and makes the load. */
  @Setup
  public void open() {
    double nanosPerToken = Double.MAX_VALUE;
    for (int i = 0; i < CALIBRATION_ROUNDS; i++) {
      long start = System.nanoTime();
      Blackhole.consumeCPU(CALIBRATION_TOKENS);
      double now = (double) (System.nanoTime() - start) / CALIBRATION_TOKENS;
      nanosPerToken = Math.min(nanosPerToken, now);
    }
    tokens = Math.max(1, Math.round(nanos / nanosPerToken));
    queue = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
    ended = false;
    if (load == Load.LOADED) {
      for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
        busy.add(Thread.ofPlatform().daemon().start(this::burn));
      }
    }
  }

  private void burn() {
    while (!ended) {
      Blackhole.consumeCPU(1000);
    }
  }

  /** Ends the load. */
  @TearDown
  public void close() throws InterruptedException {
    ended = true;
    for (Thread thread : busy) {
      thread.join();
    }
    busy.clear();
    queue.shutdown();
  }

  private void work() {
    Blackhole.consumeCPU(tokens);
  }

  /** One piece of work, until it is done. */
  @Benchmark
  public void piece() throws InterruptedException, ExecutionException {
    switch (how) {
      case INLINE -> work();
      case QUEUE -> queue.submit(this::work).get();
      case VIRTUAL -> Thread.ofVirtual().start(this::work).join();
      case PLATFORM -> Thread.ofPlatform().start(this::work).join();
    }
  }
}

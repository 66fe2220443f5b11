package org.biscotti.kernel.parallel;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Does work that consists of independent parts: here, on transient virtual threads, or both (the
 * paper's sections 2 and 4.3). Thread-safe; a call may hold its locks meanwhile, the parts must
 * take none that it holds.
 */
public final class Parallel {
  /** For whoever has nobody to help. */
  public static final Parallel NONE = new Parallel(Parallelism.INLINE, () -> 0);

  /**
   * Work that is worth a helper, in nanoseconds: from there on reads of a cached file were faster
   * with one ({@code run.sh figures read}, two cores). To start a thread costs some 10
   * microseconds, but to wake the core that is to run it, where that is virtual too, ten times as
   * much.
   */
  static final long WORTHWHILE_NANOS = 3_000_000;

  private final Parallelism parallelism;
  private final IntSupplier idleCores;
  private final Runnable unpin;

  /** One whose threads run where they are started. */
  public Parallel(Parallelism parallelism, IntSupplier idleCores) {
    this(parallelism, idleCores, () -> {});
  }

  /**
   * Makes one.
   *
   * @param idleCores how many cores have nothing to do besides the caller's; a hint
   * @param unpin lets the calling thread run on any core. Carriers of virtual threads are made by
   *     whoever needs them first, and inherit the one core that a vCPU's thread is bound to
   */
  public Parallel(Parallelism parallelism, IntSupplier idleCores, Runnable unpin) {
    this.parallelism = parallelism;
    this.idleCores = idleCores;
    this.unpin = unpin;
  }

  /** Some of the parts. */
  @FunctionalInterface
  public interface Work {
    /** Does the parts from one number to another, exclusive. */
    void run(int from, int to);
  }

  /** Whether work of this size would be shared out now. */
  public boolean pays(long nanos) {
    return switch (parallelism) {
      case INLINE -> false;
      case THREAD, BLOCK -> true;
      case ADAPTIVE -> nanos >= WORTHWHILE_NANOS && idleCores.getAsInt() > 0;
    };
  }

  /** How many parts are handed out at once, where a caller would have it be so many. */
  public int chunk(int wanted) {
    return parallelism == Parallelism.BLOCK ? 1 : wanted;
  }

  /**
   * Does all parts, and returns when they are done. An exception of a part ends no other; the first
   * one is thrown at the end.
   *
   * @param parts how many there are, numbered from 0
   * @param wanted how many are handed out at once; see {@link #chunk}
   * @param nanos rough estimate of what all of it takes on one core
   */
  public void run(int parts, int wanted, long nanos, Work work) {
    int chunk = chunk(wanted);
    int chunks = (parts + chunk - 1) / chunk;
    if (chunks <= 1 || !pays(nanos)) {
      work.run(0, parts);
      return;
    }
    Job job = new Job(parts, chunk, work);
    if (parallelism != Parallelism.ADAPTIVE) {
      job.startThreads(chunks, job::runNext);
    } else {
      job.startThreads(Math.min(chunks - 1, idleCores.getAsInt()), job::runAll);
      job.runAll();
    }
    job.finish();
  }

  /** Not made before there is work for them. */
  private static final class Threads {
    static final ThreadFactory FACTORY = Thread.ofVirtual().name("part").factory();
  }

  /** Work on its way. */
  private final class Job {
    private final int parts;
    private final int chunk;
    private final Work work;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private @Nullable CountDownLatch threads;

    Job(int parts, int chunk, Work work) {
      this.parts = parts;
      this.chunk = chunk;
      this.work = work;
    }

    void startThreads(int count, Runnable body) {
      CountDownLatch latch = new CountDownLatch(count);
      threads = latch;
      for (int i = 0; i < count; i++) {
        Threads.FACTORY
            .newThread(() -> {
              unpin.run();
              body.run();
              latch.countDown();
            })
            .start();
      }
    }

    void runAll() {
      while (runNext()) {}
    }

    /** Does the next chunk; false if there is none. */
    boolean runNext() {
      int from = next.getAndAdd(chunk);
      if (from < 0 || from >= parts) {
        return false;
      }
      try {
        work.run(from, Math.min(parts, from + chunk));
      } catch (RuntimeException | Error e) {
        failure.compareAndSet(null, e);
      }
      return true;
    }

    void finish() {
      CountDownLatch latch = threads;
      boolean interrupted = false;
      while (latch != null && latch.getCount() > 0) {
        try {
          latch.await();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      switch (failure.get()) {
        case null -> {}
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        case Throwable e -> throw new IllegalStateException(e);
      }
    }
  }
}

package org.biscotti.kernel.parallel;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Does work that consists of independent parts: here, on transient virtual threads, or both (the
 * paper's sections 2 and 4.3). Thread-safe; a call may hold its locks meanwhile, the parts must
 * take none that it holds, and never wait for what a program does.
 */
public final class Parallel {
  /** For whoever has nobody to help. */
  public static final Parallel NONE = new Parallel(Parallelism.INLINE, () -> 0);

  /**
   * Work that is worth a helper, in nanoseconds: reads of a cached file were faster with one from 1
   * MiB on, which is 90 microseconds' work ({@code run.sh figures read}, two cores). That is where
   * the idle core is serving calls and helps at once. To start a thread costs some 10 microseconds,
   * to wake a core, where that is virtual, ten times as much; twice the work still pays for it.
   */
  static final long WORTHWHILE_NANOS = 150_000;

  private volatile Parallelism parallelism;
  private final IntSupplier idleCores;
  private final Runnable unpin;

  /** What {@link #help} has to choose from. */
  private final Queue<Job> open = new ConcurrentLinkedQueue<>();

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

  /** Has large work done in another way from now on; an experiment may compare them. */
  public void set(Parallelism other) {
    parallelism = other;
  }

  /** Whether work of this size would be shared out now. */
  public boolean pays(long nanos) {
    return switch (parallelism) {
      case INLINE -> false;
      case THREAD, BLOCK -> true;
      case HELPER -> idleCores.getAsInt() > 0;
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
    Parallelism now = parallelism;
    if (now == Parallelism.ADAPTIVE || now == Parallelism.HELPER) {
      open.add(job);
      try {
        job.startThreads(Math.min(chunks - 1, idleCores.getAsInt()), job::runAll);
        job.runAll();
      } finally {
        open.remove(job);
      }
    } else if (job.startThreads(chunks, job::runNext) < chunks) {
      job.runAll();
    }
    job.finish();
  }

  /**
   * Does some parts of work that is under way, for a thread that waits for something to do and
   * keeps its core from others: a transient thread may have to share the caller's core meanwhile.
   *
   * @return false if there is none
   */
  public boolean help() {
    if (open.isEmpty()) {
      return false; // as nearly always, and without an iterator: who asks spins
    }
    for (Job job : open) {
      if (job.runNext()) {
        return true;
      }
    }
    return false;
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
    private final AtomicInteger left;
    private final CountDownLatch done = new CountDownLatch(1);
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Job(int parts, int chunk, Work work) {
      this.parts = parts;
      this.chunk = chunk;
      this.work = work;
      left = new AtomicInteger(parts);
    }

    /** Starts threads; returns how many there are, fewer if memory is out. */
    int startThreads(int count, Runnable body) {
      for (int i = 0; i < count; i++) {
        try {
          Threads.FACTORY
              .newThread(() -> {
                unpin.run();
                body.run();
              })
              .start();
        } catch (OutOfMemoryError e) {
          return i;
        }
      }
      return count;
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
      int to = Math.min(parts, from + chunk);
      try {
        work.run(from, to);
      } catch (RuntimeException | Error e) {
        failure.compareAndSet(null, e);
      }
      if (left.addAndGet(from - to) == 0) {
        done.countDown();
      }
      return true;
    }

    /** Waits for the parts, not for the threads: one that comes too late finds nothing to do. */
    void finish() {
      boolean interrupted = false;
      while (done.getCount() > 0) {
        try {
          done.await();
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

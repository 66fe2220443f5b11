package org.biscotti.kernel.serve;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.biscotti.kernel.wait.VirtualThreads;
import org.jspecify.annotations.Nullable;

/**
 * Virtual threads for system calls, scheduled on the vCPU threads that serve.
 *
 * <p>A thread starts on the vCPU thread that makes it, at once and without a hand-over. Once it has
 * parked, its continuation goes to whichever vCPU thread serves, and if none does to a pool: a
 * continuation must not wait for a thread that is in the guest, least of all while it holds a lock.
 *
 * <p>Where java.lang is not opened to the kernel ({@link VirtualThreads}), plain ones do.
 */
final class CallThreads implements Executor {
  private final BooleanSupplier somebodyServes;
  private final Executor elsewhere;
  private final Queue<Runnable> ready = new ConcurrentLinkedQueue<>();
  private final AtomicInteger readyCount = new AtomicInteger();

  /**
   * A scheduler.
   *
   * @param somebodyServes says whether a vCPU thread will soon look at what is ready
   * @param elsewhere runs continuations that no vCPU thread is free for
   */
  CallThreads(BooleanSupplier somebodyServes, Executor elsewhere) {
    this.somebodyServes = somebodyServes;
    this.elsewhere = elsewhere;
  }

  /**
   * Makes a thread and runs it on the caller's, a platform thread, until it first parks or ends.
   *
   * @param here the caller's own scheduler; it must be used by no other thread
   */
  void run(Runnable body, Here here) {
    if (!VirtualThreads.takeScheduler()) {
      Thread.ofVirtual().start(body);
      return;
    }
    Thread thread = VirtualThreads.make(here, body);
    here.expecting = true;
    thread.start();
    here.runStarted();
  }

  /** The scheduler of threads that start on one vCPU thread. */
  final class Here implements Executor {
    private boolean expecting;
    private @Nullable Runnable started;
    private final Thread owner = Thread.currentThread();

    @Override
    public void execute(Runnable continuation) {
      if (Thread.currentThread() == owner && expecting) {
        expecting = false;
        started = continuation;
      } else {
        CallThreads.this.execute(continuation);
      }
    }

    private void runStarted() {
      Runnable first = started;
      started = null;
      if (first != null) {
        first.run();
      }
    }
  }

  /** Schedules a continuation whose thread may run again. */
  @Override
  public void execute(Runnable continuation) {
    if (somebodyServes.getAsBoolean()) {
      ready.add(continuation);
      readyCount.incrementAndGet();
      // Whoever served may have stopped without having seen it.
      if (somebodyServes.getAsBoolean()) {
        return;
      }
      Runnable mine = next();
      if (mine != null) {
        elsewhere.execute(mine);
      }
      return;
    }
    elsewhere.execute(continuation);
  }

  /** True if a continuation waits for a vCPU thread. */
  boolean hasReady() {
    return readyCount.get() > 0;
  }

  /** Runs one continuation that waits, if there is one; on a vCPU's thread. */
  boolean runOne() {
    Runnable continuation = next();
    if (continuation == null) {
      return false;
    }
    continuation.run();
    return true;
  }

  /** Gives what is left to the pool; for a vCPU thread that stops serving. */
  void flush() {
    for (Runnable left; (left = next()) != null; ) {
      elsewhere.execute(left);
    }
  }

  private @Nullable Runnable next() {
    Runnable continuation = ready.poll();
    if (continuation != null) {
      readyCount.decrementAndGet();
    }
    return continuation;
  }
}

package org.biscotti.kernel.serve;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Virtual threads for system calls, scheduled on the vCPU threads that serve.
 *
 * <p>A thread starts on the vCPU thread that makes it, at once and without a hand-over. Once it has
 * parked, its continuation goes to whichever vCPU thread serves, and if none does to a pool: a
 * continuation must not wait for a thread that is in the guest, least of all while it holds a lock.
 *
 * <p>The JDK has virtual threads with a scheduler of one's choice behind {@code
 * ThreadBuilders.newVirtualThread}; where java.lang is not opened to the kernel, plain ones do.
 */
final class CallThreads implements Executor {
  private static final @Nullable MethodHandle NEW_THREAD = findFactory();

  private final BooleanSupplier somebodyServes;
  private final Runnable unpin;
  private final ReentrantLock lock = new ReentrantLock();

  /** Made when first needed, under the lock. */
  private volatile @Nullable ForkJoinPool elsewhere;

  private final Queue<Runnable> ready = new ConcurrentLinkedQueue<>();
  private final AtomicInteger readyCount = new AtomicInteger();

  /**
   * A scheduler.
   *
   * @param somebodyServes says whether a vCPU thread will soon look at what is ready
   * @param unpin lets the calling thread run on any core
   */
  CallThreads(BooleanSupplier somebodyServes, Runnable unpin) {
    this.somebodyServes = somebodyServes;
    this.unpin = unpin;
  }

  /**
   * The pool for continuations that no vCPU thread is free for. Its threads are made by whoever
   * needs one first, and inherit the one core that a vCPU's thread is bound to.
   */
  private ForkJoinPool elsewhere() {
    ForkJoinPool pool = elsewhere;
    if (pool == null) {
      lock.lock();
      try {
        pool = elsewhere;
        if (pool == null) {
          int threads = Runtime.getRuntime().availableProcessors();
          pool = new ForkJoinPool(threads, p -> new Worker(p, unpin), null, true);
          elsewhere = pool;
        }
      } finally {
        lock.unlock();
      }
    }
    return pool;
  }

  /** A thread that may run on any core. */
  private static final class Worker extends ForkJoinWorkerThread {
    private final Runnable unpin;

    Worker(ForkJoinPool pool, Runnable unpin) {
      super(pool);
      this.unpin = unpin;
    }

    @Override
    protected void onStart() {
      super.onStart();
      unpin.run();
    }
  }

  private static @Nullable MethodHandle findFactory() {
    try {
      Class<?> builders = Class.forName("java.lang.ThreadBuilders");
      Method factory =
          builders.getDeclaredMethod(
              "newVirtualThread", Executor.class, String.class, int.class, Runnable.class);
      factory.setAccessible(true);
      return MethodHandles.lookup()
          .unreflect(factory)
          .asType(
              MethodType.methodType(
                  Thread.class, Executor.class, String.class, int.class, Runnable.class));
    } catch (ReflectiveOperationException | RuntimeException notOpened) {
      return null;
    }
  }

  /** True if threads start where they are made; else they start on the JDK's own pool. */
  static boolean startHere() {
    return NEW_THREAD != null;
  }

  /**
   * Makes a thread and runs it on the caller's, a platform thread, until it first parks or ends.
   *
   * @param here the caller's own scheduler; it must be used by no other thread
   */
  void run(Runnable body, Here here) {
    MethodHandle factory = NEW_THREAD;
    if (factory == null) {
      Thread.ofVirtual().start(body);
      return;
    }
    Thread thread;
    try {
      thread = (Thread) factory.invokeExact((Executor) here, (String) null, 0, body);
    } catch (Throwable t) {
      throw new AssertionError("making a virtual thread failed", t);
    }
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
        elsewhere().execute(mine);
      }
      return;
    }
    elsewhere().execute(continuation);
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
      elsewhere().execute(left);
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

package org.biscotti.kernel.wait;

import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A pool of threads for continuations that no other thread is free for. It is made when first
 * needed, and each of its threads may run on any core: whoever makes one may be a vCPU's thread,
 * whose one core it would inherit.
 */
public final class UnboundPool implements Executor {
  private final Runnable unpin;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile @Nullable ForkJoinPool pool;

  /**
   * A pool without a thread.
   *
   * @param unpin lets the calling thread run on any core
   */
  public UnboundPool(Runnable unpin) {
    this.unpin = unpin;
  }

  @Override
  public void execute(Runnable task) {
    pool().execute(task);
  }

  private ForkJoinPool pool() {
    ForkJoinPool made = pool;
    if (made == null) {
      lock.lock();
      try {
        made = pool;
        if (made == null) {
          int threads = Runtime.getRuntime().availableProcessors();
          made = new ForkJoinPool(threads, p -> new Worker(p, unpin), null, true);
          pool = made;
        }
      } finally {
        lock.unlock();
      }
    }
    return made;
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
}

package org.biscotti.kernel.serve;

import java.util.concurrent.Executor;
import org.biscotti.kernel.wait.HelpedScheduler;
import org.biscotti.kernel.wait.VirtualThreads;
import org.jspecify.annotations.Nullable;

/**
 * Virtual threads for system calls, scheduled on the vCPU threads that serve.
 *
 * <p>A thread starts on the vCPU thread that makes it, at once and without a hand-over. Once it has
 * parked, its continuation goes to whichever vCPU thread serves; if none does to the vCPU thread
 * that has woken it, which runs it before it does anything else; and if it was no vCPU thread to a
 * pool: a continuation must not wait for a thread that is in the guest, least of all while it holds
 * a lock.
 *
 * <p>Where java.lang is not opened to the kernel ({@link VirtualThreads}), plain ones do.
 */
final class CallThreads {
  private final HelpedScheduler scheduler;

  /**
   * No threads yet.
   *
   * @param scheduler runs continuations of threads that have parked
   */
  CallThreads(HelpedScheduler scheduler) {
    this.scheduler = scheduler;
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
        scheduler.execute(continuation);
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
}

package org.biscotti.kernel.task;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.biscotti.kernel.wait.MustWait;

/**
 * A memory barrier in other programs (membarrier(2)): each of them that runs is made to leave the
 * guest, which is one. Who does not run has come out since its last access, and passes the locks of
 * a run queue before its next.
 */
public final class MemoryBarrier {
  private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  /** A task in the guest, and since when. */
  private record Running(Task task, long since) {
    boolean stillRuns() {
      return task.runningSince() == since;
    }
  }

  private MemoryBarrier() {}

  /**
   * Returns when every task that counts has passed a barrier since the call.
   *
   * @param which those that count
   * @throws MustWait if one of them runs and the thread may not wait
   */
  public static void await(Task caller, Predicate<Task> which) {
    VarHandle.fullFence();
    List<Running> running = new ArrayList<>(0);
    caller
        .kernel()
        .scheduler()
        .isRunning(task -> {
          long since = task.runningSince();
          if (since != 0 && !task.equals(caller) && which.test(task)) {
            running.add(new Running(task, since));
          }
          return false;
        });
    if (!running.isEmpty()) {
      MustWait.unlessVirtual();
    }
    for (Running each : running) {
      while (each.stillRuns() && !caller.mustEnd()) {
        caller.kernel().scheduler().kick(each.task);
        LockSupport.parkNanos(LOOK_NANOS);
      }
    }
    VarHandle.fullFence();
  }
}

package org.biscotti.kernel.task;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.wait.WaitQueue;

/**
 * A process's part of signals: what waits for whichever of its tasks takes it, whether it is
 * stopped, and who watches. Guarded by the process's lock, but for what is volatile.
 */
public final class ProcessSignals {
  final PendingSignals pending;

  private final Process process;
  private final ProcessTimers timers;
  private final List<Task> parked = new ArrayList<>();
  private final WaitQueue arrivals = new WaitQueue();
  private volatile boolean stopped;
  private boolean stopTaken;
  private int stopSignal;
  private boolean stopReported = true;
  private boolean continueReported = true;

  ProcessSignals(Process process) {
    this.process = process;
    pending = new PendingSignals(process.kernel().processes().queuedSignals());
    timers = new ProcessTimers(process);
  }

  /** Woken when a signal comes to wait, for the process or for one of its tasks. */
  WaitQueue arrivals() {
    return arrivals;
  }

  /**
   * Whether a stop signal has been taken and not been undone by SIGCONT since; under the process's
   * lock. Without that a SIGCONT between the two steps of a stop would be lost.
   */
  void setStopTaken(boolean taken) {
    stopTaken = taken;
  }

  /** The process's timers. */
  public ProcessTimers timers() {
    return timers;
  }

  /** True while the process is stopped: its tasks leave the vCPUs. */
  public boolean isStopped() {
    return stopped;
  }

  /**
   * The signal that has stopped the process, once for each stop (wait4(2) with WUNTRACED).
   *
   * @param consume false to leave the report for another (WNOWAIT)
   * @return 0 if there is nothing to report
   */
  public int takeStopReport(boolean consume) {
    process.lock().lock();
    try {
      if (!stopped || stopReported) {
        return 0;
      }
      stopReported = consume;
      return stopSignal;
    } finally {
      process.lock().unlock();
    }
  }

  /** True once for each time the process has been continued (wait4(2) with WCONTINUED). */
  public boolean takeContinueReport(boolean consume) {
    process.lock().lock();
    try {
      if (continueReported) {
        return false;
      }
      continueReported = consume;
      return true;
    } finally {
      process.lock().unlock();
    }
  }

  /** Stops the process: its tasks leave the vCPUs as each notices. */
  void stop(int signal) {
    change(() -> setStopped(signal), SignalInfo.CLD_STOPPED, signal);
    for (Task task : process.snapshotOfTasks()) {
      task.interrupt();
    }
  }

  private boolean setStopped(int signal) {
    process.lock().lock();
    try {
      if (stopped || !stopTaken || process.isExiting()) {
        return false;
      }
      stopTaken = false;
      stopped = true;
      stopSignal = signal;
      stopReported = false;
      continueReported = true;
      return true;
    } finally {
      process.lock().unlock();
    }
  }

  /** Lets a stopped process go on. */
  void resume() {
    if (!stopped) {
      return;
    }
    change(this::setContinued, SignalInfo.CLD_CONTINUED, Signals.SIGCONT);
    releaseParked();
  }

  private boolean setContinued() {
    process.lock().lock();
    try {
      if (!stopped) {
        return false;
      }
      stopped = false;
      stopReported = true;
      continueReported = false;
      return true;
    } finally {
      process.lock().unlock();
    }
  }

  private void change(BooleanSupplier how, int code, int status) {
    Kinship kinship = process.kernel().processes().kinship();
    kinship.changeChild(process, how, () -> tellParent(code, status));
  }

  /** Puts stopped tasks back into the run queue, to go on or to end. */
  void releaseParked() {
    List<Task> all;
    process.lock().lock();
    try {
      all = List.copyOf(parked);
      parked.clear();
    } finally {
      process.lock().unlock();
    }
    for (Task task : all) {
      process.kernel().scheduler().enqueue(task);
    }
  }

  /**
   * Keeps a task off the vCPUs while the process is stopped.
   *
   * @param task off its vCPU, registers saved; not the caller's any more if this is true
   * @return false if the process is not stopped, or has to end
   */
  boolean park(Task task) {
    process.lock().lock();
    try {
      if (!stopped || process.isExiting()) {
        return false;
      }
      parked.add(task);
      return true;
    } finally {
      process.lock().unlock();
    }
  }

  /** SIGCHLD, unless the parent does not want to know of stops (SA_NOCLDSTOP). */
  private void tellParent(int code, int status) {
    Process parent = process.kernel().processes().find(process.parentPid());
    if (parent == null || (parent.actions().flags(Signals.SIGCHLD) & Signals.SA_NOCLDSTOP) != 0) {
      return;
    }
    SignalDelivery.send(
        parent, SignalInfo.child(code, process.pid(), process.credentials().uid(), status, 0, 0));
  }
}

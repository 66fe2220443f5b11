package org.biscotti.kernel.trace;

import java.util.List;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.syscall.Syscall;
import org.biscotti.kernel.syscall.SyscallObserver;
import org.biscotti.kernel.task.Task;
import org.jspecify.annotations.Nullable;

/** Tells several observers, so that a trace and statistics can be had at once. */
public final class CompositeObserver implements SyscallObserver {
  private final SyscallObserver[] observers;

  private CompositeObserver(List<SyscallObserver> observers) {
    this.observers = observers.toArray(SyscallObserver[]::new);
  }

  /** What tells all of {@code observers}: null if there are none, the one if there is one. */
  public static @Nullable SyscallObserver of(List<SyscallObserver> observers) {
    return switch (observers.size()) {
      case 0 -> null;
      case 1 -> observers.getFirst();
      default -> new CompositeObserver(observers);
    };
  }

  @Override
  public void started(Task task, String path, List<String> arguments, int variables) {
    for (SyscallObserver observer : observers) {
      observer.started(task, path, arguments, variables);
    }
  }

  @Override
  public void entered(Task task, long number, @Nullable Syscall call, long[] arguments) {
    for (SyscallObserver observer : observers) {
      observer.entered(task, number, call, arguments);
    }
  }

  @Override
  public void returned(
      Task task, long number, @Nullable Syscall call, long[] arguments, long result, long nanos) {
    for (SyscallObserver observer : observers) {
      observer.returned(task, number, call, arguments, result, nanos);
    }
  }

  @Override
  public void signalled(Task task, SignalInfo info) {
    for (SyscallObserver observer : observers) {
      observer.signalled(task, info);
    }
  }

  @Override
  public void ended(Task task) {
    for (SyscallObserver observer : observers) {
      observer.ended(task);
    }
  }
}

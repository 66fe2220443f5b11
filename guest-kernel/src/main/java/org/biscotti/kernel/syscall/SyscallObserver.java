package org.biscotti.kernel.syscall;

import java.util.List;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.task.Task;
import org.jspecify.annotations.Nullable;

/** Watches system calls, for tracing and statistics. Called on the thread that serves the call. */
public interface SyscallObserver {
  /**
   * A program has been loaded, by the user and not by execve(2), and is about to start.
   *
   * @param path as the user gave it
   * @param arguments its arguments, the first its name; one char is one byte
   * @param variables how many environment variables it has
   */
  default void started(Task task, String path, List<String> arguments, int variables) {}

  /**
   * A call is about to be served for the first time.
   *
   * @param call its row, or null if there is no such call
   */
  void entered(Task task, long number, @Nullable Syscall call, long[] arguments);

  /**
   * A call has been served.
   *
   * @param result its result, or a negative error number
   * @param nanos how long it took in the kernel, waiting included
   */
  void returned(
      Task task, long number, @Nullable Syscall call, long[] arguments, long result, long nanos);

  /** A task takes a signal, and is about to do what its process does with it. */
  default void signalled(Task task, SignalInfo info) {}

  /** A task has ended; {@code exiting} calls never return. */
  void ended(Task task);
}

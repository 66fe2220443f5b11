package org.biscotti.kernel.task;

import org.jspecify.annotations.Nullable;

/**
 * A clock of the CPU time of a process or a task (clock_getcpuclockid(3)).
 *
 * @param process whose it is
 * @param task of the process, or null for all of it
 * @param userOnly true if the time that calls take does not count
 */
public record CpuTime(Process process, @Nullable Task task, boolean userOnly) {
  /** What has been used, in nanoseconds. */
  public long nanos() {
    if (task != null) {
      return userOnly ? task.userNanos() : task.cpuNanos();
    }
    return userOnly ? process.userNanos() : process.cpuNanos();
  }

  @SuppressWarnings("ReferenceEquality") // the very same task
  boolean counts(Task other) {
    return task == null || task == other;
  }
}

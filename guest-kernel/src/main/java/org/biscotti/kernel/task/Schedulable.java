package org.biscotti.kernel.task;

/**
 * What a run queue holds: something that wants a vCPU, and what the scheduler remembers of it.
 *
 * <p>The fields belong to the scheduler. Whoever owns the task may touch them; a task that stands
 * in a run queue belongs to that queue's lock.
 */
abstract class Schedulable {
  /** Niceness from which the weight is 1024 (sched(7)). */
  private static final int NEUTRAL = 20;

  /** A step of niceness is a quarter more or less of the processor's time (sched(7)). */
  private static final double STEP = 1.25;

  private static final int NEUTRAL_WEIGHT = 1024;
  private static final int[] WEIGHTS = weights();

  /** The vCPU that it ran on last, or that its maker ran on; -1 for none. */
  int lastCpu = -1;

  /** Time that it has had, weighted, by the clock of the queue that it was in last. */
  long virtualNanos;

  /** How much of {@link #cpuNanos} is in that. */
  long chargedNanos;

  private static int[] weights() {
    int[] weights = new int[2 * NEUTRAL];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (int) Math.round(NEUTRAL_WEIGHT * Math.pow(STEP, NEUTRAL - i));
    }
    return weights;
  }

  /** Bit set of the vCPUs that it may run on. */
  abstract long affinity();

  /** True if one can follow the other on a vCPU without leaving the guest. */
  public abstract boolean isSiblingOf(Schedulable other);

  /** Nanoseconds of processor that it has had. */
  abstract long cpuNanos();

  /** From -20, which gets most, to 19. */
  abstract int niceness();

  /** Time by its own clock, which runs the slower the less nice it is. */
  final long weighted(long nanos) {
    return nanos * NEUTRAL_WEIGHT / WEIGHTS[niceness() + NEUTRAL];
  }

  final boolean mayRunOn(int cpu) {
    return (affinity() & 1L << cpu) != 0;
  }

  /** It is made by a task that runs on a vCPU, and begins where that is. */
  final void startBeside(Schedulable maker) {
    lastCpu = maker.lastCpu;
    virtualNanos = maker.virtualNanos;
  }
}

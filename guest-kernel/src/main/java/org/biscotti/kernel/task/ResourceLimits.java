package org.biscotti.kernel.task;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.biscotti.kernel.fs.ProcessView;

/**
 * Resource limits of a process (getrlimit(2)); unsigned, {@link #INFINITY} for none. Guarded by the
 * process's lock for changes.
 */
public final class ResourceLimits {
  public static final int RLIMIT_CPU = 0;
  public static final int RLIMIT_FSIZE = 1;
  public static final int RLIMIT_DATA = 2;
  public static final int RLIMIT_STACK = 3;
  public static final int RLIMIT_CORE = 4;
  public static final int RLIMIT_RSS = 5;
  public static final int RLIMIT_NPROC = 6;
  public static final int RLIMIT_NOFILE = 7;
  public static final int RLIMIT_MEMLOCK = 8;
  public static final int RLIMIT_AS = 9;
  public static final int RLIMIT_LOCKS = 10;
  public static final int RLIMIT_SIGPENDING = 11;
  public static final int RLIMIT_MSGQUEUE = 12;
  public static final int RLIMIT_NICE = 13;
  public static final int RLIMIT_RTPRIO = 14;
  public static final int RLIMIT_RTTIME = 15;

  /** How many resources there are. */
  public static final int COUNT = 16;

  /** No limit, RLIM_INFINITY. */
  public static final long INFINITY = -1;

  private static final long STACK_BYTES = 8L << 20;
  private static final long DESCRIPTORS = 1024;
  private static final long DESCRIPTORS_MAX = 1L << 20;
  private static final long MEMLOCK_BYTES = 8L << 20;
  private static final long MESSAGE_QUEUE_BYTES = 819200;
  private static final long PROCESSES = 31717;

  private final long[] soft = new long[COUNT];
  private final long[] hard = new long[COUNT];

  /** The limits that Linux gives its first process. */
  public ResourceLimits() {
    Arrays.fill(soft, INFINITY);
    Arrays.fill(hard, INFINITY);
    soft[RLIMIT_STACK] = STACK_BYTES;
    soft[RLIMIT_CORE] = 0;
    set(RLIMIT_NPROC, PROCESSES, PROCESSES);
    set(RLIMIT_NOFILE, DESCRIPTORS, DESCRIPTORS_MAX);
    set(RLIMIT_MEMLOCK, MEMLOCK_BYTES, MEMLOCK_BYTES);
    set(RLIMIT_SIGPENDING, PROCESSES, PROCESSES);
    set(RLIMIT_MSGQUEUE, MESSAGE_QUEUE_BYTES, MESSAGE_QUEUE_BYTES);
    set(RLIMIT_NICE, 0, 0);
    set(RLIMIT_RTPRIO, 0, 0);
  }

  public long soft(int resource) {
    return soft[resource];
  }

  public long hard(int resource) {
    return hard[resource];
  }

  /** Sets both limits; the caller has checked that soft is not above hard. */
  public void set(int resource, long newSoft, long newHard) {
    soft[resource] = newSoft;
    hard[resource] = newHard;
  }

  /** Takes all limits of another process (fork(2)). */
  void copyFrom(ResourceLimits other) {
    System.arraycopy(other.soft, 0, soft, 0, COUNT);
    System.arraycopy(other.hard, 0, hard, 0, COUNT);
  }

  /** All of them, for /proc/pid/limits. */
  List<ProcessView.Limit> list() {
    List<ProcessView.Limit> all = new ArrayList<>(COUNT);
    for (int resource = 0; resource < COUNT; resource++) {
      all.add(new ProcessView.Limit(resource, soft[resource], hard[resource]));
    }
    return all;
  }
}

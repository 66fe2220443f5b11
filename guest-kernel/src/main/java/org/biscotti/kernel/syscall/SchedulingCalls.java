package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.ResourceLimits;
import org.biscotti.kernel.task.Task;

/** Who runs where and before whom: sched_setscheduler(2), sched_setaffinity(2), setpriority(2). */
final class SchedulingCalls {
  private static final int SCHED_POLICY_LAST = 6;
  private static final int SCHED_FIFO = 1;
  private static final int SCHED_RR = 2;
  private static final int SCHED_RESET_ON_FORK = 0x40000000;
  private static final long RR_INTERVAL_NANOS = 10_000_000;
  private static final int REALTIME_PRIORITY_MAX = 99;

  private static final int PRIO_PROCESS = 0;
  private static final int PRIO_PGRP = 1;
  private static final int PRIO_USER = 2;
  private static final int NICE_MIN = -20;
  private static final int NICE_MAX = 19;

  private SchedulingCalls() {}

  static long schedGetaffinity(Task t, long pid, long bytes, long mask, long d, long e, long f) {
    Task target = ProcessCalls.findTask(t, pid);
    if (bytes < 8 || (bytes & 7) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    t.memory().setLong(mask, target.affinity());
    return 8;
  }

  static long schedSetaffinity(Task t, long pid, long bytes, long mask, long d, long e, long f) {
    Task target = ProcessCalls.findTask(t, pid);
    byte[] wanted = new byte[8];
    t.memory().copyInFully(mask, wanted, 0, (int) Math.min(bytes & 0xffff_ffffL, 8));
    long cpus = 0;
    for (int i = 0; i < 8; i++) {
      cpus |= (wanted[i] & 0xffL) << (8 * i);
    }
    int count = t.kernel().cpus();
    cpus &= count == 64 ? -1 : (1L << count) - 1;
    requireOwner(t, target.process());
    if (cpus == 0) {
      throw ErrnoException.of(EINVAL);
    }
    target.setAffinity(cpus);
    return 0;
  }

  /** sched_yield(2): the vCPU loop gives way when a task waits. */
  static long schedYield(Task t, long a, long b, long c, long d, long e, long f) {
    t.requestYield();
    return 0;
  }

  static long schedGetscheduler(Task t, long pid, long b, long c, long d, long e, long f) {
    ProcessCalls.findTask(t, pid);
    return 0;
  }

  /** Only the normal policies, whose priority is 0; the real-time ones need a right nobody has. */
  static long schedSetscheduler(
      Task t, long pid, long policy, long parameter, long d, long e, long f) {
    if (parameter == 0 || (int) pid < 0) {
      throw ErrnoException.of(EINVAL);
    }
    Task target = ProcessCalls.findTask(t, pid);
    int which = (int) policy & ~SCHED_RESET_ON_FORK;
    int priority = t.memory().getInt(parameter);
    boolean realtime = which == SCHED_FIFO || which == SCHED_RR;
    if (which < 0 || which > SCHED_POLICY_LAST || which == 4 || (!realtime && priority != 0)) {
      throw ErrnoException.of(EINVAL);
    }
    if (realtime) {
      throw ErrnoException.of(priority < 1 || priority > REALTIME_PRIORITY_MAX ? EINVAL : EPERM);
    }
    requireOwner(t, target.process());
    return 0;
  }

  /** The only policy there is has no priorities but 0. */
  static long schedSetparam(Task t, long pid, long parameter, long c, long d, long e, long f) {
    if (parameter == 0 || (int) pid < 0) {
      throw ErrnoException.of(EINVAL);
    }
    int priority = t.memory().getInt(parameter);
    Task target = ProcessCalls.findTask(t, pid);
    if (priority != 0) {
      throw ErrnoException.of(EINVAL);
    }
    requireOwner(t, target.process());
    return 0;
  }

  static long schedGetparam(Task t, long pid, long parameter, long c, long d, long e, long f) {
    if (parameter == 0 || (int) pid < 0) {
      throw ErrnoException.of(EINVAL);
    }
    ProcessCalls.findTask(t, pid);
    t.memory().setInt(parameter, 0);
    return 0;
  }

  static long schedPriorityMax(Task t, long policy, long b, long c, long d, long e, long f) {
    return priorityBound(policy, REALTIME_PRIORITY_MAX);
  }

  static long schedPriorityMin(Task t, long policy, long b, long c, long d, long e, long f) {
    return priorityBound(policy, 1);
  }

  private static long priorityBound(long policy, int realtime) {
    return switch ((int) policy) {
      case SCHED_FIFO, SCHED_RR -> realtime;
      case 0, 3, 5, 6 -> 0;
      default -> throw ErrnoException.of(EINVAL);
    };
  }

  static long schedRrInterval(Task t, long pid, long timespec, long c, long d, long e, long f) {
    if ((int) pid < 0) {
      throw ErrnoException.of(EINVAL);
    }
    ProcessCalls.findTask(t, pid);
    TimeCalls.putTimespec(t.memory(), timespec, RR_INTERVAL_NANOS);
    return 0;
  }

  /** getcpu(2); a call that waits has no vCPU and names the first one. */
  static long getcpu(Task t, long cpu, long node, long c, long d, long e, long f) {
    GuestCpu on = t.cpu();
    if (cpu != 0) {
      t.memory().setInt(cpu, on == null ? 0 : on.index());
    }
    if (node != 0) {
      t.memory().setInt(node, 0);
    }
    return 0;
  }

  /** How another process is scheduled is for its own user to say (sched_setscheduler(2)). */
  private static void requireOwner(Task t, Process process) {
    if (!ownsOrRules(t, process)) {
      throw ErrnoException.of(EPERM);
    }
  }

  private static boolean ownsOrRules(Task t, Process process) {
    Credentials own = t.credentials();
    Credentials other = process.credentials();
    return own.euid() == other.euid() || own.euid() == other.uid() || own.euid() == 0;
  }

  /** What setpriority(2) and getpriority(2) are about: a process, a group, or all of a user. */
  private record Whose(int which, int number) {
    static Whose of(Task t, long which, long who) {
      int number = (int) who;
      return switch ((int) which) {
        case PRIO_PROCESS -> new Whose(PRIO_PROCESS, number == 0 ? t.processId() : number);
        case PRIO_PGRP -> new Whose(PRIO_PGRP, number == 0 ? t.process().processGroup() : number);
        case PRIO_USER -> new Whose(PRIO_USER, number == 0 ? t.credentials().uid() : number);
        default -> throw ErrnoException.of(EINVAL);
      };
    }

    boolean includes(Process process) {
      return which == PRIO_PGRP
          ? process.processGroup() == number
          : process.credentials().uid() == number;
    }

    /** The processes; niceness is theirs, so a thread stands for all of its own. */
    List<Process> find(Task t) {
      if (which == PRIO_PROCESS) {
        Task task = t.kernel().processes().findTask(number);
        Process process = task == null ? t.kernel().processes().find(number) : task.process();
        return process == null ? List.of() : List.of(process);
      }
      List<Process> found = new ArrayList<>();
      for (Process process : t.kernel().processes().all()) {
        if (includes(process)) {
          found.add(process);
        }
      }
      return found;
    }
  }

  /** getpriority(2): the raw call returns 20 less the niceness, the highest of all that count. */
  static long getpriority(Task t, long which, long who, long c, long d, long e, long f) {
    long highest = 0;
    for (Process process : Whose.of(t, which, who).find(t)) {
      highest = Math.max(highest, 20L - process.niceness());
    }
    if (highest == 0) {
      throw ErrnoException.of(ESRCH);
    }
    return highest;
  }

  /** setpriority(2): of those that count all are changed that may be, whatever the others say. */
  static long setpriority(Task t, long which, long who, long niceness, long d, long e, long f) {
    int wanted = (int) niceness;
    int value = Math.clamp(wanted, NICE_MIN, NICE_MAX);
    int errno = ESRCH;
    for (Process process : Whose.of(t, which, who).find(t)) {
      if (!ownsOrRules(t, process)) {
        errno = EPERM;
      } else if (value < process.niceness() && !mayRaise(t, process, value)) {
        errno = EACCES;
      } else {
        process.setNiceness(value);
        errno = errno == ESRCH ? 0 : errno;
      }
    }
    if (errno != 0) {
      throw ErrnoException.of(errno);
    }
    return 0;
  }

  /** RLIMIT_NICE counts from 1 for the niceness 19 to 40 for -20 (getrlimit(2)). */
  private static boolean mayRaise(Task t, Process process, int niceness) {
    long allowed = process.limitTable().soft(ResourceLimits.RLIMIT_NICE);
    return Long.compareUnsigned(20L - niceness, allowed) <= 0 || t.credentials().euid() == 0;
  }
}

package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import java.nio.charset.StandardCharsets;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Rseq;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.mem.Layout;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.HostRandom;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.ResourceLimits;
import org.biscotti.kernel.task.SystemName;
import org.biscotti.kernel.task.Task;

/** Who and what a process is: its numbers, groups, limits and registers; and what the system is. */
final class ProcessCalls {
  private static final int ARCH_SET_GS = 0x1001;
  private static final int ARCH_SET_FS = 0x1002;
  private static final int ARCH_GET_FS = 0x1003;
  private static final int ARCH_GET_GS = 0x1004;

  private static final int UTSNAME_FIELD = 65;
  private static final long ROBUST_LIST_BYTES = 24;
  private static final int RANDOM_CHUNK = 256;
  private static final int GRND_FLAGS = 7;
  private static final int GRND_RANDOM_AND_INSECURE = 6;
  private static final int SYSINFO_BYTES = 112;

  private ProcessCalls() {}

  /** exit(2) of the system: the calling thread alone. */
  static long exit(Task t, long status, long b, long c, long d, long e, long f) {
    t.exit((int) status);
    return 0;
  }

  static long exitGroup(Task t, long status, long b, long c, long d, long e, long f) {
    t.process().exit((int) status);
    return 0;
  }

  static long getpid(Task t, long a, long b, long c, long d, long e, long f) {
    return t.processId();
  }

  static long getppid(Task t, long a, long b, long c, long d, long e, long f) {
    return t.process().parentPid();
  }

  static long gettid(Task t, long a, long b, long c, long d, long e, long f) {
    return t.threadId();
  }

  static void requireRoot(Credentials credentials) {
    if (credentials.euid() != 0) {
      throw ErrnoException.of(EPERM);
    }
  }

  private static Process find(Task t, long pid) {
    Process process = (int) pid == 0 ? t.process() : t.kernel().processes().find((int) pid);
    if (process == null) {
      throw ErrnoException.of(ESRCH);
    }
    return process;
  }

  static long getpgrp(Task t, long a, long b, long c, long d, long e, long f) {
    return t.process().processGroup();
  }

  static long getpgid(Task t, long pid, long b, long c, long d, long e, long f) {
    return find(t, pid).processGroup();
  }

  static long getsid(Task t, long pid, long b, long c, long d, long e, long f) {
    return find(t, pid).session();
  }

  static long setpgid(Task t, long pid, long group, long c, long d, long e, long f) {
    if ((int) group < 0) {
      throw ErrnoException.of(EINVAL);
    }
    t.kernel().processes().kinship().setGroup(t.process(), (int) pid, (int) group);
    return 0;
  }

  static long setsid(Task t, long a, long b, long c, long d, long e, long f) {
    t.kernel().processes().kinship().newSession(t.process());
    return t.processId();
  }

  static long uname(Task t, long buffer, long b, long c, long d, long e, long f) {
    byte[] name = new byte[6 * UTSNAME_FIELD];
    String[] fields = {
      SystemName.SYSTEM,
      SystemName.HOST,
      SystemName.RELEASE,
      SystemName.VERSION,
      SystemName.MACHINE,
      SystemName.DOMAIN
    };
    for (int i = 0; i < fields.length; i++) {
      byte[] field = fields[i].getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(field, 0, name, i * UTSNAME_FIELD, field.length);
    }
    t.memory().copyOutFully(buffer, name, 0, name.length);
    return 0;
  }

  static long sysinfo(Task t, long info, long b, long c, long d, long e, long f) {
    UserMemory memory = t.memory();
    if (memory.zero(info, SYSINFO_BYTES) != SYSINFO_BYTES) {
      throw ErrnoException.of(EFAULT);
    }
    long frame = GuestMemory.PAGE_SIZE;
    memory.setLong(info, t.kernel().uptimeNanos() / 1_000_000_000L);
    memory.setLong(info + 32, t.kernel().frames().totalFrames() * frame);
    memory.setLong(info + 40, t.kernel().frames().freeFrames() * frame);
    memory.setShort(info + 80, (short) t.kernel().processes().size());
    memory.setInt(info + 104, 1);
    return 0;
  }

  /**
   * getrandom(2); never waits: the host has started long ago. A signal ends it after what there is
   * by then.
   */
  static long getrandom(Task t, long to, long count, long flags, long d, long e, long f) {
    if (((int) flags & ~GRND_FLAGS) != 0
        || (flags & GRND_RANDOM_AND_INSECURE) == GRND_RANDOM_AND_INSECURE) {
      throw ErrnoException.of(EINVAL);
    }
    UserBuffer buffer = t.buffer();
    buffer.reset(t.memory(), to, Math.min(count & Long.MAX_VALUE, 0x1ff_ffffL));
    byte[] chunk = new byte[RANDOM_CHUNK];
    long done = 0;
    while (buffer.remaining() > 0) {
      int want = (int) Math.min(chunk.length, buffer.remaining());
      HostRandom.SOURCE.nextBytes(chunk, want);
      long put = buffer.put(chunk, 0, want);
      done += put;
      if (put < want || t.hasDeliverableSignal() || t.mustEnd()) {
        break;
      }
    }
    if (done == 0 && count != 0) {
      throw ErrnoException.of(EFAULT);
    }
    return done;
  }

  static long getrlimit(Task t, long resource, long limit, long c, long d, long e, long f) {
    int which = validResource(resource);
    t.memory().setLong(limit, t.process().limitTable().soft(which));
    t.memory().setLong(limit + 8, t.process().limitTable().hard(which));
    return 0;
  }

  static long setrlimit(Task t, long resource, long limit, long c, long d, long e, long f) {
    validResource(resource);
    if (limit == 0) {
      throw ErrnoException.of(EFAULT);
    }
    return prlimit(t, 0, resource, limit, 0, e, f);
  }

  private static int validResource(long resource) {
    if (Integer.compareUnsigned((int) resource, ResourceLimits.COUNT) >= 0) {
      throw ErrnoException.of(EINVAL);
    }
    return (int) resource;
  }

  static long prlimit(Task t, long pid, long resource, long to, long from, long e, long f) {
    int which = validResource(resource);
    Process process = find(t, pid);
    requireSameIds(t, process);
    ResourceLimits limits = process.limitTable();
    long soft = to == 0 ? 0 : t.memory().getLong(to);
    long hard = to == 0 ? 0 : t.memory().getLong(to + 8);
    long oldSoft;
    long oldHard;
    process.lock().lock();
    try {
      oldSoft = limits.soft(which);
      oldHard = limits.hard(which);
      if (to != 0) {
        checkLimit(t, which, soft, hard, oldHard);
        limits.set(which, soft, hard);
      }
    } finally {
      process.lock().unlock();
    }
    if (to != 0) {
      apply(process, which, soft);
    }
    if (from != 0) {
      t.memory().setLong(from, oldSoft);
      t.memory().setLong(from + 8, oldHard);
    }
    return 0;
  }

  /** Another process's limits: only of one whose ids are all those of the caller (prlimit(2)). */
  private static void requireSameIds(Task t, Process process) {
    Credentials own = t.credentials();
    Credentials other = process.credentials();
    boolean same =
        own.uid() == other.uid()
            && own.uid() == other.euid()
            && own.uid() == other.suid()
            && own.gid() == other.gid()
            && own.gid() == other.egid()
            && own.gid() == other.sgid();
    if (process != t.process() && !same) {
      requireRoot(own);
    }
  }

  private static void checkLimit(Task t, int which, long soft, long hard, long oldHard) {
    if (Long.compareUnsigned(soft, hard) > 0) {
      throw ErrnoException.of(EINVAL);
    }
    if (Long.compareUnsigned(hard, oldHard) > 0) {
      requireRoot(t.credentials());
    }
    if (which == ResourceLimits.RLIMIT_NOFILE && Long.compareUnsigned(hard, 1 << 20) > 0) {
      throw ErrnoException.of(EPERM);
    }
  }

  private static void apply(Process process, int which, long soft) {
    switch (which) {
      case ResourceLimits.RLIMIT_CPU -> process.signalState().timers().limitChanged();
      case ResourceLimits.RLIMIT_AS -> process.space().setAddressSpaceLimit(soft);
      case ResourceLimits.RLIMIT_DATA -> process.space().setDataLimit(soft);
      case ResourceLimits.RLIMIT_STACK -> process.space().setStackLimit(soft);
      case ResourceLimits.RLIMIT_MEMLOCK -> process.space().setLockLimit(process.lockLimit());
      case ResourceLimits.RLIMIT_NOFILE ->
          process.files().setLimit(soft < 0 ? Long.MAX_VALUE : soft);
      default -> {
        // Asked for where it matters, or without effect.
      }
    }
  }

  static Task findTask(Task t, long threadId) {
    int id = (int) threadId;
    if (id == 0) {
      return t;
    }
    Task task = t.kernel().processes().findTask(id);
    if (task != null) {
      return task;
    }
    throw ErrnoException.of(id < 0 ? EINVAL : ESRCH);
  }

  static long archPrctl(Task t, long code, long address, long c, long d, long e, long f) {
    switch ((int) code) {
      case ARCH_SET_FS -> t.setFsBase(userAddress(address));
      case ARCH_SET_GS -> t.setGsBase(userAddress(address));
      case ARCH_GET_FS -> t.memory().setLong(address, t.fsBase());
      case ARCH_GET_GS -> t.memory().setLong(address, t.gsBase());
      default -> throw ErrnoException.of(EINVAL);
    }
    return 0;
  }

  private static long userAddress(long address) {
    if (Long.compareUnsigned(address, Layout.POINTER_END) >= 0) {
      throw ErrnoException.of(EPERM);
    }
    return address;
  }

  static long setTidAddress(Task t, long address, long b, long c, long d, long e, long f) {
    t.setClearChildTid(address);
    return t.threadId();
  }

  static long setRobustList(Task t, long head, long bytes, long c, long d, long e, long f) {
    if (bytes != ROBUST_LIST_BYTES) {
      throw ErrnoException.of(EINVAL);
    }
    t.setRobustList(head, bytes);
    return 0;
  }

  static long getRobustList(Task t, long pid, long head, long bytes, long d, long e, long f) {
    Task target = findTask(t, pid);
    t.memory().setLong(bytes, ROBUST_LIST_BYTES);
    t.memory().setLong(head, target.robustListHead());
    return 0;
  }

  static long refuse(Task t, long a, long b, long c, long d, long e, long f) {
    throw ErrnoException.of(ENOSYS);
  }

  static long rseq(Task t, long area, long bytes, long flags, long signature, long e, long f) {
    long length = Integer.toUnsignedLong((int) bytes);
    switch ((int) flags) {
      case 0 -> t.restartableSequence().register(t, area, length, (int) signature);
      case Rseq.RSEQ_FLAG_UNREGISTER ->
          t.restartableSequence().unregister(t, area, length, (int) signature);
      default -> throw ErrnoException.of(EINVAL);
    }
    return 0;
  }
}

package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.mem.Layout;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.ResourceLimits;
import org.biscotti.kernel.task.SystemName;
import org.biscotti.kernel.task.Task;

/** Identity, limits, scheduling parameters and other properties of processes and the system. */
final class ProcessCalls {
  private static final int ARCH_SET_GS = 0x1001;
  private static final int ARCH_SET_FS = 0x1002;
  private static final int ARCH_GET_FS = 0x1003;
  private static final int ARCH_GET_GS = 0x1004;

  private static final int PR_SET_PDEATHSIG = 1;
  private static final int PR_GET_PDEATHSIG = 2;
  private static final int PR_GET_DUMPABLE = 3;
  private static final int PR_GET_KEEPCAPS = 7;
  private static final int PR_SET_NAME = 15;
  private static final int PR_GET_NAME = 16;
  private static final int PR_GET_SECCOMP = 21;
  private static final int PR_CAPBSET_READ = 23;
  private static final int PR_SET_CHILD_SUBREAPER = 36;
  private static final int PR_GET_CHILD_SUBREAPER = 37;
  private static final int PR_GET_NO_NEW_PRIVS = 39;
  private static final int NAME_BYTES = 16;
  private static final int LAST_CAPABILITY = 40;

  private static final int UTSNAME_FIELD = 65;
  private static final long ROBUST_LIST_BYTES = 24;
  private static final int RANDOM_CHUNK = 256;
  private static final int GRND_FLAGS = 7;
  private static final int GRND_RANDOM_AND_INSECURE = 6;
  private static final int SYSINFO_BYTES = 112;
  private static final int NGROUPS_MAX = 65536;
  private static final int SCHED_POLICY_LAST = 6;
  private static final int SCHED_FIFO = 1;
  private static final int SCHED_RR = 2;
  private static final int SCHED_RESET_ON_FORK = 0x40000000;
  private static final long RR_INTERVAL_NANOS = 10_000_000;
  private static final long PERSONALITY_QUERY = 0xffff_ffffL;
  private static final int REALTIME_PRIORITY_MAX = 99;

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

  static long getuid(Task t, long a, long b, long c, long d, long e, long f) {
    return t.credentials().uid();
  }

  static long geteuid(Task t, long a, long b, long c, long d, long e, long f) {
    return t.credentials().euid();
  }

  static long getgid(Task t, long a, long b, long c, long d, long e, long f) {
    return t.credentials().gid();
  }

  static long getegid(Task t, long a, long b, long c, long d, long e, long f) {
    return t.credentials().egid();
  }

  static long getresuid(Task t, long real, long effective, long saved, long d, long e, long f) {
    t.memory().setInt(real, t.credentials().uid());
    t.memory().setInt(effective, t.credentials().euid());
    t.memory().setInt(saved, t.credentials().suid());
    return 0;
  }

  static long getresgid(Task t, long real, long effective, long saved, long d, long e, long f) {
    t.memory().setInt(real, t.credentials().gid());
    t.memory().setInt(effective, t.credentials().egid());
    t.memory().setInt(saved, t.credentials().sgid());
    return 0;
  }

  static long getgroups(Task t, long size, long list, long c, long d, long e, long f) {
    List<Integer> groups = t.credentials().groups();
    int room = (int) size;
    if (room < 0 || (room > 0 && room < groups.size())) {
      throw ErrnoException.of(EINVAL);
    }
    if (room > 0) {
      for (int i = 0; i < groups.size(); i++) {
        t.memory().setInt(list + 4L * i, groups.get(i));
      }
    }
    return groups.size();
  }

  static long setgroups(Task t, long size, long list, long c, long d, long e, long f) {
    Credentials old = t.credentials();
    requireRoot(old);
    if (size < 0 || size > NGROUPS_MAX) {
      throw ErrnoException.of(EINVAL);
    }
    List<Integer> groups = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      groups.add(t.memory().getInt(list + 4L * i));
    }
    t.process()
        .setCredentials(
            new Credentials(
                old.uid(),
                old.euid(),
                old.suid(),
                old.fsuid(),
                old.gid(),
                old.egid(),
                old.sgid(),
                old.fsgid(),
                groups));
    return 0;
  }

  private static void requireRoot(Credentials credentials) {
    if (credentials.euid() != 0) {
      throw ErrnoException.of(EPERM);
    }
  }

  /** setuid(2): root sets all three, anyone else the effective id to one it has. */
  static long setuid(Task t, long uid, long b, long c, long d, long e, long f) {
    int id = validId(uid);
    Credentials old = t.credentials();
    if (old.euid() == 0) {
      setUids(t, id, id, id);
    } else if (id == old.uid() || id == old.suid()) {
      setUids(t, old.uid(), id, old.suid());
    } else {
      throw ErrnoException.of(EPERM);
    }
    return 0;
  }

  static long setgid(Task t, long gid, long b, long c, long d, long e, long f) {
    int id = validId(gid);
    Credentials old = t.credentials();
    if (old.euid() == 0) {
      setGids(t, id, id, id);
    } else if (id == old.gid() || id == old.sgid()) {
      setGids(t, old.gid(), id, old.sgid());
    } else {
      throw ErrnoException.of(EPERM);
    }
    return 0;
  }

  private static int validId(long id) {
    if ((int) id == -1) {
      throw ErrnoException.of(EINVAL);
    }
    return (int) id;
  }

  /** setresuid(2): -1 leaves one as it is; without root each must be one that the process has. */
  static long setresuid(Task t, long real, long effective, long saved, long d, long e, long f) {
    Credentials old = t.credentials();
    setUids(
        t,
        pick(old, (int) real, old.uid(), old.uid(), old.euid(), old.suid()),
        pick(old, (int) effective, old.euid(), old.uid(), old.euid(), old.suid()),
        pick(old, (int) saved, old.suid(), old.uid(), old.euid(), old.suid()));
    return 0;
  }

  static long setresgid(Task t, long real, long effective, long saved, long d, long e, long f) {
    Credentials old = t.credentials();
    setGids(
        t,
        pick(old, (int) real, old.gid(), old.gid(), old.egid(), old.sgid()),
        pick(old, (int) effective, old.egid(), old.gid(), old.egid(), old.sgid()),
        pick(old, (int) saved, old.sgid(), old.gid(), old.egid(), old.sgid()));
    return 0;
  }

  static long setreuid(Task t, long real, long effective, long c, long d, long e, long f) {
    Credentials old = t.credentials();
    int uid = pick(old, (int) real, old.uid(), old.uid(), old.euid(), old.uid());
    int euid = pick(old, (int) effective, old.euid(), old.uid(), old.euid(), old.suid());
    boolean setsSaved = (int) real != -1 || ((int) effective != -1 && euid != old.uid());
    setUids(t, uid, euid, setsSaved ? euid : old.suid());
    return 0;
  }

  static long setregid(Task t, long real, long effective, long c, long d, long e, long f) {
    Credentials old = t.credentials();
    int gid = pick(old, (int) real, old.gid(), old.gid(), old.egid(), old.gid());
    int egid = pick(old, (int) effective, old.egid(), old.gid(), old.egid(), old.sgid());
    boolean setsSaved = (int) real != -1 || ((int) effective != -1 && egid != old.gid());
    setGids(t, gid, egid, setsSaved ? egid : old.sgid());
    return 0;
  }

  private static int pick(Credentials who, int wanted, int current, int x, int y, int z) {
    if (wanted == -1) {
      return current;
    }
    if (who.euid() != 0 && wanted != x && wanted != y && wanted != z) {
      throw ErrnoException.of(EPERM);
    }
    return wanted;
  }

  private static void setUids(Task t, int uid, int euid, int suid) {
    Credentials old = t.credentials();
    t.process()
        .setCredentials(
            new Credentials(
                uid,
                euid,
                suid,
                euid,
                old.gid(),
                old.egid(),
                old.sgid(),
                old.fsgid(),
                old.groups()));
  }

  private static void setGids(Task t, int gid, int egid, int sgid) {
    Credentials old = t.credentials();
    t.process()
        .setCredentials(
            new Credentials(
                old.uid(),
                old.euid(),
                old.suid(),
                old.fsuid(),
                gid,
                egid,
                sgid,
                egid,
                old.groups()));
  }

  /** setfsuid(2) returns the old id and has no errors. */
  static long setfsuid(Task t, long uid, long b, long c, long d, long e, long f) {
    Credentials old = t.credentials();
    int id = (int) uid;
    boolean allowed =
        old.euid() == 0
            || id == old.uid()
            || id == old.euid()
            || id == old.suid()
            || id == old.fsuid();
    if (id != -1 && allowed) {
      t.process()
          .setCredentials(
              new Credentials(
                  old.uid(),
                  old.euid(),
                  old.suid(),
                  id,
                  old.gid(),
                  old.egid(),
                  old.sgid(),
                  old.fsgid(),
                  old.groups()));
    }
    return old.fsuid();
  }

  static long setfsgid(Task t, long gid, long b, long c, long d, long e, long f) {
    Credentials old = t.credentials();
    int id = (int) gid;
    boolean allowed =
        old.euid() == 0
            || id == old.gid()
            || id == old.egid()
            || id == old.sgid()
            || id == old.fsgid();
    if (id != -1 && allowed) {
      t.process()
          .setCredentials(
              new Credentials(
                  old.uid(),
                  old.euid(),
                  old.suid(),
                  old.fsuid(),
                  old.gid(),
                  old.egid(),
                  old.sgid(),
                  id,
                  old.groups()));
    }
    return old.fsgid();
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

  /** getrandom(2); never waits: the generator is seeded when the JVM starts. */
  static long getrandom(Task t, long to, long count, long flags, long d, long e, long f) {
    if ((flags & ~GRND_FLAGS) != 0
        || (flags & GRND_RANDOM_AND_INSECURE) == GRND_RANDOM_AND_INSECURE) {
      throw ErrnoException.of(EINVAL);
    }
    UserBuffer buffer = t.buffer();
    buffer.reset(t.memory(), to, Math.min(count & Long.MAX_VALUE, 0x1ff_ffffL));
    byte[] chunk = new byte[RANDOM_CHUNK];
    long done = 0;
    while (buffer.remaining() > 0) {
      Entropy.SOURCE.nextBytes(chunk);
      int want = (int) Math.min(chunk.length, buffer.remaining());
      long put = buffer.put(chunk, 0, want);
      done += put;
      if (put < want) {
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

  /** How another process is scheduled is for its own user to say (sched_setscheduler(2)). */
  private static void requireOwner(Task t, Process process) {
    Credentials own = t.credentials();
    Credentials other = process.credentials();
    if (own.euid() != other.euid() && own.euid() != other.uid()) {
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
      case ResourceLimits.RLIMIT_NOFILE ->
          process.files().setLimit(soft < 0 ? Long.MAX_VALUE : soft);
      default -> {
        // Asked for where it matters, or without effect.
      }
    }
  }

  static long schedGetaffinity(Task t, long pid, long bytes, long mask, long d, long e, long f) {
    Task target = findTask(t, pid);
    if (bytes < 8 || (bytes & 7) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    t.memory().setLong(mask, target.affinity());
    return 8;
  }

  static long schedSetaffinity(Task t, long pid, long bytes, long mask, long d, long e, long f) {
    Task target = findTask(t, pid);
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

  private static Task findTask(Task t, long threadId) {
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

  /** sched_yield(2): the vCPU loop gives way when a task waits. */
  static long schedYield(Task t, long a, long b, long c, long d, long e, long f) {
    t.requestYield();
    return 0;
  }

  static long schedGetscheduler(Task t, long pid, long b, long c, long d, long e, long f) {
    findTask(t, pid);
    return 0;
  }

  /** Only the normal policies, whose priority is 0; the real-time ones need a right nobody has. */
  static long schedSetscheduler(
      Task t, long pid, long policy, long parameter, long d, long e, long f) {
    if (parameter == 0 || (int) pid < 0) {
      throw ErrnoException.of(EINVAL);
    }
    Task target = findTask(t, pid);
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
    Task target = findTask(t, pid);
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
    findTask(t, pid);
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
    findTask(t, pid);
    TimeCalls.putTimespec(t.memory(), timespec, RR_INTERVAL_NANOS);
    return 0;
  }

  /** getpriority(2): the raw call returns 20 less the niceness. */
  static long getpriority(Task t, long which, long who, long c, long d, long e, long f) {
    if (which < 0 || which > 2) {
      throw ErrnoException.of(EINVAL);
    }
    return 20L - (which == 0 ? find(t, who) : t.process()).niceness();
  }

  static long setpriority(Task t, long which, long who, long niceness, long d, long e, long f) {
    if (which < 0 || which > 2) {
      throw ErrnoException.of(EINVAL);
    }
    Process process = which == 0 ? find(t, who) : t.process();
    requireOwner(t, process);
    int value = Math.max(-20, Math.min(19, (int) niceness));
    // RLIMIT_NICE counts from 1 for the niceness 19 to 40 for -20 (getrlimit(2)).
    long allowed = process.limitTable().soft(ResourceLimits.RLIMIT_NICE);
    boolean within = Long.compareUnsigned(20L - value, allowed) <= 0;
    if (value < process.niceness() && !within && t.credentials().euid() != 0) {
      throw ErrnoException.of(EACCES);
    }
    process.setNiceness(value);
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

  static long prctl(Task t, long option, long a, long b, long c, long d, long f) {
    return switch ((int) option) {
      case PR_SET_NAME -> setName(t, a);
      case PR_GET_NAME -> getName(t, a);
      case PR_GET_DUMPABLE -> 1;
      case PR_SET_CHILD_SUBREAPER -> {
        t.kernel().processes().kinship().setSubreaper(t.process(), a != 0);
        yield 0;
      }
      case PR_GET_CHILD_SUBREAPER -> {
        t.memory().setInt(a, t.kernel().processes().kinship().isSubreaper(t.process()) ? 1 : 0);
        yield 0;
      }
      case PR_GET_KEEPCAPS, PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP -> 0;
      case PR_SET_PDEATHSIG -> {
        if (a < 0 || a > Signals.MAX) {
          throw ErrnoException.of(EINVAL);
        }
        t.setParentDeathSignal((int) a);
        yield 0;
      }
      case PR_GET_PDEATHSIG -> {
        t.memory().setInt(a, t.parentDeathSignal());
        yield 0;
      }
      case PR_CAPBSET_READ -> {
        if (a < 0 || a > LAST_CAPABILITY) {
          throw ErrnoException.of(EINVAL);
        }
        yield t.credentials().euid() == 0 ? 1 : 0;
      }
      default -> throw ErrnoException.of(EINVAL);
    };
  }

  private static long setName(Task t, long from) {
    byte[] name = new byte[NAME_BYTES];
    int length = 0;
    while (length < NAME_BYTES - 1 && (name[length] = t.memory().getByte(from + length)) != 0) {
      length++;
    }
    t.setName(new String(name, 0, length, StandardCharsets.ISO_8859_1));
    return 0;
  }

  private static long getName(Task t, long to) {
    byte[] name = new byte[NAME_BYTES];
    byte[] set = t.name().getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(set, 0, name, 0, set.length);
    t.memory().copyOutFully(to, name, 0, NAME_BYTES);
    return 0;
  }

  /** personality(2): the default one, and no other. */
  static long personality(Task t, long persona, long b, long c, long d, long e, long f) {
    if ((persona & PERSONALITY_QUERY) != PERSONALITY_QUERY && (int) persona != 0) {
      throw ErrnoException.of(EINVAL);
    }
    return 0;
  }

  static long refuse(Task t, long a, long b, long c, long d, long e, long f) {
    throw ErrnoException.of(ENOSYS);
  }

  /** The platform's generator; made when a program first asks. */
  private static final class Entropy {
    static final SecureRandom SOURCE = new SecureRandom();
  }
}

package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.fs.Credentials;
import org.biscotti.kernel.fs.Groups;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.task.Task;

/**
 * On whose behalf a process acts: user and group ids, and capabilities, which come with user 0 and
 * are all or none (credentials(7), capabilities(7)). A process has one identity for all threads.
 */
final class IdentityCalls {
  private static final int CAPABILITY_VERSION_1 = 0x1998_0330;
  private static final int CAPABILITY_VERSION_2 = 0x2007_1026;
  private static final int CAPABILITY_VERSION_3 = 0x2008_0522;

  /** Bytes of a {@code struct __user_cap_data_struct}: effective, permitted, inheritable. */
  private static final int CAPABILITY_BYTES = 12;

  private IdentityCalls() {}

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
    Credentials who = t.credentials();
    return putThree(t, real, who.uid(), effective, who.euid(), saved, who.suid());
  }

  static long getresgid(Task t, long real, long effective, long saved, long d, long e, long f) {
    Credentials who = t.credentials();
    return putThree(t, real, who.gid(), effective, who.egid(), saved, who.sgid());
  }

  private static long putThree(Task t, long at, int id, long at2, int id2, long at3, int id3) {
    t.memory().setInt(at, id);
    t.memory().setInt(at2, id2);
    t.memory().setInt(at3, id3);
    return 0;
  }

  // ---- groups ----

  static long getgroups(Task t, long size, long list, long c, long d, long e, long f) {
    Groups groups = t.credentials().groups();
    int room = (int) size;
    if (room < 0 || (room > 0 && room < groups.size())) {
      throw ErrnoException.of(EINVAL);
    }
    for (int i = 0; room > 0 && i < groups.size(); i++) {
      t.memory().setInt(list + 4L * i, groups.get(i));
    }
    return groups.size();
  }

  static long setgroups(Task t, long size, long list, long c, long d, long e, long f) {
    ProcessCalls.requireRoot(t.credentials());
    int count = (int) size;
    if (count < 0 || count > Groups.MAX) {
      throw ErrnoException.of(EINVAL);
    }
    int[] numbers = new int[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = t.memory().getInt(list + 4L * i);
    }
    Groups groups = Groups.of(numbers);
    t.process().changeCredentials(old -> old.withGroups(groups));
    return 0;
  }

  // ---- users ----

  /** setuid(2): root sets all three, anyone else the effective id to one it has. */
  static long setuid(Task t, long uid, long b, long c, long d, long e, long f) {
    int id = validId(uid);
    t.process()
        .changeCredentials(old -> {
          if (old.euid() == 0) {
            return old.withUsers(id, id, id);
          }
          require(id == old.uid() || id == old.suid());
          return old.withUsers(old.uid(), id, old.suid());
        });
    return 0;
  }

  static long setgid(Task t, long gid, long b, long c, long d, long e, long f) {
    int id = validId(gid);
    t.process()
        .changeCredentials(old -> {
          if (old.euid() == 0) {
            return old.withGroupIds(id, id, id);
          }
          require(id == old.gid() || id == old.sgid());
          return old.withGroupIds(old.gid(), id, old.sgid());
        });
    return 0;
  }

  private static int validId(long id) {
    if ((int) id == -1) {
      throw ErrnoException.of(EINVAL);
    }
    return (int) id;
  }

  private static void require(boolean allowed) {
    if (!allowed) {
      throw ErrnoException.of(EPERM);
    }
  }

  /** setresuid(2): -1 leaves one as it is; without root each must be one that the process has. */
  static long setresuid(Task t, long real, long effective, long saved, long d, long e, long f) {
    t.process()
        .changeCredentials(old ->
            old.withUsers(
                pick(old, (int) real, old.uid(), old.uid(), old.euid(), old.suid()),
                pick(old, (int) effective, old.euid(), old.uid(), old.euid(), old.suid()),
                pick(old, (int) saved, old.suid(), old.uid(), old.euid(), old.suid())));
    return 0;
  }

  static long setresgid(Task t, long real, long effective, long saved, long d, long e, long f) {
    t.process()
        .changeCredentials(old ->
            old.withGroupIds(
                pick(old, (int) real, old.gid(), old.gid(), old.egid(), old.sgid()),
                pick(old, (int) effective, old.egid(), old.gid(), old.egid(), old.sgid()),
                pick(old, (int) saved, old.sgid(), old.gid(), old.egid(), old.sgid())));
    return 0;
  }

  /** setreuid(2): the saved id follows if the real one is set, or the effective one differs. */
  static long setreuid(Task t, long real, long effective, long c, long d, long e, long f) {
    t.process()
        .changeCredentials(old -> {
          int uid = pick(old, (int) real, old.uid(), old.uid(), old.euid(), old.uid());
          int euid = pick(old, (int) effective, old.euid(), old.uid(), old.euid(), old.suid());
          boolean setsSaved = (int) real != -1 || ((int) effective != -1 && euid != old.uid());
          return old.withUsers(uid, euid, setsSaved ? euid : old.suid());
        });
    return 0;
  }

  static long setregid(Task t, long real, long effective, long c, long d, long e, long f) {
    t.process()
        .changeCredentials(old -> {
          int gid = pick(old, (int) real, old.gid(), old.gid(), old.egid(), old.gid());
          int egid = pick(old, (int) effective, old.egid(), old.gid(), old.egid(), old.sgid());
          boolean setsSaved = (int) real != -1 || ((int) effective != -1 && egid != old.gid());
          return old.withGroupIds(gid, egid, setsSaved ? egid : old.sgid());
        });
    return 0;
  }

  private static int pick(Credentials who, int wanted, int current, int x, int y, int z) {
    if (wanted == -1) {
      return current;
    }
    require(who.euid() == 0 || wanted == x || wanted == y || wanted == z);
    return wanted;
  }

  /** setfsuid(2) returns the old id and has no errors. */
  static long setfsuid(Task t, long uid, long b, long c, long d, long e, long f) {
    int id = (int) uid;
    return t.process()
        .changeCredentials(old -> {
          boolean had =
              id == old.uid() || id == old.euid() || id == old.suid() || id == old.fsuid();
          return id != -1 && (old.euid() == 0 || had) ? old.withFileUser(id) : old;
        })
        .fsuid();
  }

  static long setfsgid(Task t, long gid, long b, long c, long d, long e, long f) {
    int id = (int) gid;
    return t.process()
        .changeCredentials(old -> {
          boolean had =
              id == old.gid() || id == old.egid() || id == old.sgid() || id == old.fsgid();
          return id != -1 && (old.euid() == 0 || had) ? old.withFileGroup(id) : old;
        })
        .fsgid();
  }

  // ---- capabilities ----

  /** capget(2); without a place for the sets it only tells which version this kernel prefers. */
  static long capget(Task t, long header, long data, long c, long d, long e, long f) {
    UserMemory memory = t.memory();
    int words = words(memory, header);
    if (words == 0 && data == 0) {
      return 0;
    }
    requireVersion(words);
    int pid = memory.getInt(header + 4);
    if (pid < 0) {
      throw ErrnoException.of(EINVAL);
    }
    Credentials who = ProcessCalls.findTask(t, pid).credentials();
    if (data != 0) {
      for (int word = 0; word < words; word++) {
        long at = data + (long) word * CAPABILITY_BYTES;
        memory.setInt(at, (int) (who.effectiveCapabilities() >>> (32 * word)));
        memory.setInt(at + 4, (int) (who.permittedCapabilities() >>> (32 * word)));
        memory.setInt(at + 8, 0);
      }
    }
    return 0;
  }

  /**
   * capset(2): accepts what the process has. Rights come with user 0 and cannot be given up one by
   * one, so EPERM for less too: a program must not believe that it has lost what it still has.
   */
  static long capset(Task t, long header, long data, long c, long d, long e, long f) {
    UserMemory memory = t.memory();
    int words = words(memory, header);
    requireVersion(words);
    int pid = memory.getInt(header + 4);
    require(pid == 0 || pid == t.threadId());
    Credentials who = t.credentials();
    boolean same = true;
    for (int word = 0; word < words; word++) {
      long at = data + (long) word * CAPABILITY_BYTES;
      same &= memory.getInt(at) == (int) (who.effectiveCapabilities() >>> (32 * word));
      same &= memory.getInt(at + 4) == (int) (who.permittedCapabilities() >>> (32 * word));
      same &= memory.getInt(at + 8) == 0;
    }
    require(same);
    return 0;
  }

  /** How many 32-bit words a set has in a header's version; 0 if it is unknown, and told so. */
  private static int words(UserMemory memory, long header) {
    return switch (memory.getInt(header)) {
      case CAPABILITY_VERSION_1 -> 1;
      case CAPABILITY_VERSION_2, CAPABILITY_VERSION_3 -> 2;
      default -> {
        memory.setInt(header, CAPABILITY_VERSION_3);
        yield 0;
      }
    };
  }

  private static void requireVersion(int words) {
    if (words == 0) {
      throw ErrnoException.of(EINVAL);
    }
  }
}

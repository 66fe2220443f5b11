package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.task.Kinship;
import org.biscotti.kernel.task.Task;
import org.jspecify.annotations.Nullable;

/** Waiting for children: wait4(2), waitid(2). */
final class WaitCalls {
  private static final int WNOHANG = 1;
  private static final int WSTOPPED = 2;
  private static final int WEXITED = 4;
  private static final int WCONTINUED = 8;
  private static final int WNOWAIT = 0x0100_0000;

  /** Only children of the calling thread; here all are the process's. */
  private static final int WNOTHREAD = 0x2000_0000;

  private static final int WALL = 0x4000_0000;
  private static final int WCLONE = 0x8000_0000;
  private static final int KINDS = WNOTHREAD | WALL | WCLONE;

  private static final int P_ALL = 0;
  private static final int P_PID = 1;
  private static final int P_PGID = 2;
  private static final int SIGINFO_BYTES = 128;

  private WaitCalls() {}

  static long wait4(Task t, long pid, long status, long options, long usage, long e, long f) {
    int flags = (int) options;
    if ((flags & ~(WNOHANG | WSTOPPED | WCONTINUED | KINDS)) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    if ((int) pid == Integer.MIN_VALUE) {
      throw ErrnoException.of(ESRCH);
    }
    Kinship.Change change = await(t, children(t, (int) pid, kind(flags)), flags | WEXITED);
    if (change == null) {
      return 0;
    }
    if (status != 0) {
      t.memory().setInt(status, change.waitStatus());
    }
    putUsage(t, usage, change);
    return change.pid();
  }

  /** -1 is any child, 0 one of the caller's group, -n one of group n. */
  private static Kinship.Children children(Task t, int pid, Kinship.Kind kind) {
    if (pid > 0) {
      return new Kinship.Children(pid, 0, kind);
    }
    int group = pid == -1 ? 0 : pid == 0 ? t.process().processGroup() : -pid;
    return new Kinship.Children(0, group, kind);
  }

  private static Kinship.Kind kind(int flags) {
    if ((flags & WALL) != 0) {
      return Kinship.Kind.ALL;
    }
    return (flags & WCLONE) != 0 ? Kinship.Kind.CLONES : Kinship.Kind.USUAL;
  }

  static long waitid(Task t, long type, long id, long info, long options, long usage, long f) {
    int flags = (int) options;
    if ((flags & ~(WNOHANG | WSTOPPED | WEXITED | WCONTINUED | WNOWAIT | KINDS)) != 0
        || (flags & (WSTOPPED | WEXITED | WCONTINUED)) == 0) {
      throw ErrnoException.of(EINVAL);
    }
    Kinship.Change change = await(t, childrenById(t, (int) type, (int) id, kind(flags)), flags);
    if (info != 0) {
      putInfo(t.memory(), info, change);
    }
    if (change != null) {
      putUsage(t, usage, change);
    }
    return 0;
  }

  private static Kinship.Children childrenById(Task t, int type, int id, Kinship.Kind kind) {
    if (type == P_ALL) {
      return new Kinship.Children(0, 0, kind);
    }
    if (id < 0 || (type == P_PID && id == 0)) {
      throw ErrnoException.of(EINVAL);
    }
    return switch (type) {
      case P_PID -> new Kinship.Children(id, 0, kind);
      case P_PGID -> new Kinship.Children(0, id == 0 ? t.process().processGroup() : id, kind);
      default -> throw ErrnoException.of(EINVAL);
    };
  }

  private static Kinship.@Nullable Change await(Task t, Kinship.Children which, int flags) {
    return t.kernel()
        .processes()
        .kinship()
        .await(
            t.process(),
            which,
            new Kinship.Wanted(
                (flags & WEXITED) != 0,
                (flags & WSTOPPED) != 0,
                (flags & WCONTINUED) != 0,
                (flags & WNOWAIT) != 0,
                (flags & WNOHANG) != 0));
  }

  /** With WNOHANG and nothing to tell, signal and process number are 0 (waitid(2)). */
  private static void putInfo(UserMemory memory, long info, Kinship.@Nullable Change change) {
    byte[] none = new byte[SIGINFO_BYTES];
    memory.copyOutFully(info, none, 0, none.length);
    if (change != null) {
      memory.setInt(info, Signals.SIGCHLD);
      memory.setInt(info + 8, change.code());
      memory.setInt(info + 16, change.pid());
      memory.setInt(info + 20, change.uid());
      memory.setInt(info + 24, change.status());
    }
  }

  private static void putUsage(Task t, long usage, Kinship.Change change) {
    if (usage != 0) {
      TimeCalls.putUsage(t.memory(), usage, change.userNanos(), change.systemNanos());
    }
  }
}

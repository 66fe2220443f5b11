package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.abi.SyscallNames;
import org.biscotti.kernel.mem.Layout;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.CpuContext;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.port.RegisterFile;
import org.biscotti.kernel.task.Process;
import org.biscotti.kernel.task.Task;
import org.biscotti.kernel.task.TaskMaker;

/** Making processes and threads: fork(2), vfork(2), clone(2), clone3(2). */
final class CloneCalls {
  private static final long CSIGNAL = 0xff;
  private static final long CLONE_VM = 0x100;
  private static final long CLONE_FS = 0x200;
  private static final long CLONE_FILES = 0x400;
  private static final long CLONE_SIGHAND = 0x800;
  private static final long CLONE_PIDFD = 0x1000;
  private static final long CLONE_VFORK = 0x4000;
  private static final long CLONE_PARENT = 0x8000;
  private static final long CLONE_THREAD = 0x1_0000;
  private static final long CLONE_SETTLS = 0x8_0000;
  private static final long CLONE_PARENT_SETTID = 0x10_0000;
  private static final long CLONE_CHILD_CLEARTID = 0x20_0000;
  private static final long CLONE_DETACHED = 0x40_0000;
  private static final long CLONE_CHILD_SETTID = 0x100_0000;
  private static final long CLONE_CLEAR_SIGHAND = 0x1_0000_0000L;

  /** CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
  private static final long NAMESPACES = 0x7e02_0080L;

  /** SYSVSEM, UNTRACED, PTRACE and IO, which say nothing here. */
  private static final long WITHOUT_EFFECT = 0x8084_2000L;

  private static final long CLONE3_FLAGS =
      CLONE_VM
          | CLONE_FS
          | CLONE_FILES
          | CLONE_SIGHAND
          | CLONE_VFORK
          | CLONE_PARENT
          | CLONE_THREAD
          | CLONE_SETTLS
          | CLONE_PARENT_SETTID
          | CLONE_CHILD_CLEARTID
          | CLONE_CHILD_SETTID
          | CLONE_CLEAR_SIGHAND
          | WITHOUT_EFFECT;

  private static final int CLONE = SyscallNames.numberOf("clone");
  private static final int CLONE3 = SyscallNames.numberOf("clone3");

  // struct clone_args
  private static final int ARGS_BYTES_MIN = 64;
  private static final int ARGS_BYTES_MAX = 88;
  private static final int PAGE = 4096;

  private CloneCalls() {}

  static long fork(Task t, long a, long b, long c, long d, long e, long f) {
    return make(t, 0, Signals.SIGCHLD, 0, 0, 0, 0);
  }

  static long vfork(Task t, long a, long b, long c, long d, long e, long f) {
    return make(t, CLONE_VM | CLONE_VFORK, Signals.SIGCHLD, 0, 0, 0, 0);
  }

  static long clone(
      Task t, long flags, long stack, long parentTid, long childTid, long tls, long f) {
    long word = flags & 0xffff_ffffL;
    if ((word & CLONE_PIDFD) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    return make(
        t,
        word & ~(CSIGNAL | CLONE_DETACHED),
        (int) (word & CSIGNAL),
        stack,
        parentTid,
        childTid,
        tls);
  }

  /** clone3(2): {@code struct clone_args} of 64, 80 or 88 bytes, zero where we know nothing. */
  static long clone3(Task t, long args, long bytes, long c, long d, long e, long f) {
    if (Long.compareUnsigned(bytes, PAGE) > 0) {
      throw ErrnoException.of(E2BIG);
    }
    if (bytes < ARGS_BYTES_MIN) {
      throw ErrnoException.of(EINVAL);
    }
    UserMemory memory = t.memory();
    byte[] rest = new byte[(int) bytes];
    memory.copyInFully(args, rest, 0, rest.length);
    for (int i = ARGS_BYTES_MAX; i < rest.length; i++) {
      if (rest[i] != 0) {
        throw ErrnoException.of(E2BIG);
      }
    }
    long flags = memory.getLong(args);
    long signal = memory.getLong(args + 32);
    long stack = memory.getLong(args + 40);
    long stackBytes = memory.getLong(args + 48);
    boolean setsTid = bytes >= 80 && memory.getLong(args + 72) != 0;
    if ((flags & ~CLONE3_FLAGS) != 0
        || setsTid
        || (signal & ~CSIGNAL) != 0
        || ((flags & (CLONE_THREAD | CLONE_PARENT)) != 0 && signal != 0)
        || (stack == 0) != (stackBytes == 0)
        || Long.compareUnsigned(stack, Layout.USER_END) >= 0
        || Long.compareUnsigned(stackBytes, Layout.USER_END - stack) > 0) {
      throw ErrnoException.of(EINVAL);
    }
    return make(
        t,
        flags,
        (int) signal,
        stack + stackBytes,
        memory.getLong(args + 24),
        memory.getLong(args + 16),
        memory.getLong(args + 56));
  }

  private static void check(long flags, int signal) {
    boolean thread = (flags & CLONE_THREAD) != 0;
    boolean handlers = (flags & CLONE_SIGHAND) != 0;
    if (thread != handlers // shared handlers without a shared process: nobody uses them any more
        || (handlers && (flags & CLONE_VM) == 0)
        || (handlers && (flags & CLONE_CLEAR_SIGHAND) != 0)
        || (flags & NAMESPACES) != 0
        || (signal != 0 && !Signals.isValid(signal))) {
      throw ErrnoException.of(EINVAL);
    }
  }

  private static long make(
      Task t, long flags, int signal, long stack, long parentTid, long childTid, long tls) {
    check(flags, signal);
    boolean thread = (flags & CLONE_THREAD) != 0;
    if (isPosted(t) && !isForRing(flags)) {
      throw ErrnoException.of(EAGAIN); // the program has changed its mind since makesThread
    }
    if ((flags & CLONE_SETTLS) != 0 && Long.compareUnsigned(tls, Layout.POINTER_END) >= 0) {
      throw ErrnoException.of(EPERM);
    }
    CpuContext context = registers(t);
    context.registers[CpuContext.RAX] = 0;
    if (stack != 0) {
      context.registers[CpuContext.RSP] = stack;
    }
    if ((flags & CLONE_SETTLS) != 0) {
      context.fsBase = tls;
    }
    Process.CloneRequest request =
        new Process.CloneRequest(
            thread,
            (flags & CLONE_VM) != 0,
            (flags & CLONE_FILES) != 0,
            (flags & CLONE_FS) != 0,
            (flags & CLONE_VFORK) != 0,
            (flags & CLONE_PARENT) != 0,
            (flags & CLONE_CLEAR_SIGHAND) != 0,
            thread ? 0 : signal,
            (flags & CLONE_CHILD_CLEARTID) != 0 ? childTid : 0);
    return TaskMaker.make(
        t,
        request,
        context,
        (flags & CLONE_PARENT_SETTID) != 0 ? parentTid : 0,
        (flags & CLONE_CHILD_SETTID) != 0 ? childTid : 0);
  }

  /** True if a call makes a thread, and the caller's vCPU may go on meanwhile. */
  static boolean makesThread(Task t, long number, long firstArgument) {
    try {
      return ((int) number == CLONE && isForRing(firstArgument))
          || ((int) number == CLONE3 && isForRing(t.memory().getLong(firstArgument)));
    } catch (ErrnoException _) {
      return false;
    }
  }

  private static boolean isForRing(long flags) {
    return (flags & CLONE_THREAD) != 0 && (flags & CLONE_VFORK) == 0;
  }

  /** True if the caller waits in the entry page. */
  private static boolean isPosted(Task t) {
    return !(t.registerFile() instanceof GuestCpu);
  }

  /** The caller's registers, vector state included: on its vCPU, or as it has posted them. */
  private static CpuContext registers(Task t) {
    RegisterFile from = t.registerFile();
    if (from == null) {
      throw new IllegalStateException("a task is copied on a vCPU");
    }
    CpuContext copy = new CpuContext();
    for (int i = 0; i < CpuContext.COUNT; i++) {
      copy.registers[i] = from.register(i);
    }
    copy.fsBase = from.fsBase();
    copy.gsBase = from.gsBase();
    copy.vector = new byte[from.vectorBytes()];
    from.readVector(copy.vector, copy.vector.length);
    return copy;
  }
}

package org.biscotti.kernel.task;

import static org.biscotti.kernel.abi.Rseq.*;
import static org.biscotti.kernel.port.CpuContext.RIP;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.mem.Layout;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.GuestCpu;

/**
 * The area that a task shares with the kernel for restartable sequences (rseq(2), {@code
 * linux/rseq.h}): the program finds there on which vCPU it runs, and says there what code is to be
 * left for its abort handler if it is interrupted.
 *
 * <p>Looked at whenever the task comes onto a vCPU, and before a signal's frame is made; whatever
 * the area says, it can only lead to a jump within the program, or to its SIGSEGV. All methods are
 * for the task's owner.
 */
public final class RestartableSequence {
  /** A processor that no vCPU is. */
  private static final int NOWHERE = -1;

  private long address;
  private long length;
  private int signature;

  /** The vCPU that the area names. */
  private int cpu = NOWHERE;

  /**
   * Registers an area.
   *
   * @param area its address
   * @param bytes its length
   * @param sign what precedes every abort handler
   * @throws ErrnoException EINVAL, EPERM, EBUSY, EFAULT as rseq(2) has them
   */
  public void register(Task task, long area, long bytes, int sign) {
    if (address != 0) {
      requireSame(area, bytes, sign);
      throw ErrnoException.of(Errno.EBUSY);
    }
    boolean aligned = (area & (ALIGNMENT - 1)) == 0;
    if (!aligned || bytes < ORIGINAL_BYTES) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (area == 0 || Long.compareUnsigned(area, Layout.USER_END - bytes) > 0) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    GuestCpu on = task.cpu();
    nameCpu(task.memory(), area, on == null ? 0 : on.index());
    address = area;
    length = bytes;
    signature = sign;
    cpu = on == null ? NOWHERE : on.index();
  }

  /** Takes the area back; errors as {@link #register}. */
  public void unregister(Task task, long area, long bytes, int sign) {
    if (address == 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    requireSame(area, bytes, sign);
    UserMemory memory = task.memory();
    memory.setInt(area + CPU_ID_START, 0);
    memory.setInt(area + CPU_ID, RSEQ_CPU_ID_UNINITIALIZED);
    memory.setInt(area + NODE_ID, 0);
    memory.setInt(area + MM_CID, 0);
    clear();
  }

  private void requireSame(long area, long bytes, int sign) {
    if (area != address || bytes != length) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (sign != signature) {
      throw ErrnoException.of(Errno.EPERM);
    }
  }

  /** There is no area any more: another program, or another thread of one (clone(2)). */
  void clear() {
    address = 0;
    length = 0;
    signature = 0;
    cpu = NOWHERE;
  }

  /** Takes over what the maker of the task has, with the memory (fork(2)). */
  void inherit(RestartableSequence maker) {
    address = maker.address;
    length = maker.length;
    signature = maker.signature;
    cpu = maker.cpu;
  }

  /** True if the task may go on there without the kernel's looking at the area. */
  public boolean isGoodFor(int vcpu) {
    return address == 0 || cpu == vcpu;
  }

  /** The task is about to run on a vCPU, after others have. */
  void resumes(Task task, int vcpu) {
    if (address != 0) {
      abortIfInside(task);
      if (cpu != vcpu && address != 0) {
        try {
          nameCpu(task.memory(), address, vcpu);
          cpu = vcpu;
        } catch (ErrnoException _) {
          fail(task);
        }
      }
    }
  }

  /** A handler of a signal is about to interrupt the task. */
  void interrupted(Task task) {
    if (address != 0) {
      abortIfInside(task);
    }
  }

  private static void nameCpu(UserMemory memory, long area, int vcpu) {
    memory.setInt(area + CPU_ID_START, vcpu);
    memory.setInt(area + CPU_ID, vcpu);
    memory.setInt(area + NODE_ID, 0);
    memory.setInt(area + MM_CID, vcpu); // no two threads of a program have the same
  }

  private void abortIfInside(Task task) {
    try {
      UserMemory memory = task.memory();
      long sequence = memory.getLong(address + RSEQ_CS);
      if (sequence == 0) {
        return;
      }
      long start = memory.getLong(sequence + CS_START_IP);
      long bytes = memory.getLong(sequence + CS_POST_COMMIT_OFFSET);
      long abort = memory.getLong(sequence + CS_ABORT_IP);
      boolean possible =
          memory.getInt(sequence + CS_VERSION) == 0
              && isUser(start)
              && isUser(start + bytes)
              && Long.compareUnsigned(start + bytes, start) >= 0
              && isUser(abort)
              && !isInside(abort, start, bytes)
              && memory.getInt(abort - Integer.BYTES) == signature;
      if (!possible) {
        fail(task);
        return;
      }
      memory.setLong(address + RSEQ_CS, 0);
      if (isInside(task.register(RIP), start, bytes)) {
        task.setRegister(RIP, abort);
      }
    } catch (ErrnoException _) {
      fail(task);
    }
  }

  private static boolean isUser(long pointer) {
    return Long.compareUnsigned(pointer, Layout.USER_END) < 0;
  }

  private static boolean isInside(long pointer, long start, long bytes) {
    return Long.compareUnsigned(pointer - start, bytes) < 0;
  }

  /** The area, or what it leads to, is not what it has to be: SIGSEGV, and no second one of it. */
  private void fail(Task task) {
    clear();
    SignalDelivery.force(task, Signals.SIGSEGV);
  }
}

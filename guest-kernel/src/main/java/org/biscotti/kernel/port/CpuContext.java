package org.biscotti.kernel.port;

import org.jspecify.annotations.Nullable;

/**
 * The saved register file of a task that is not on a vCPU.
 *
 * <p>Plain data, owned by whoever owns the task: the vCPU thread while it runs the task, the thread
 * of its system call while that waits.
 */
public final class CpuContext {
  /** Indices into {@link #registers}; the order of {@code struct kvm_regs} is the host's affair. */
  public static final int RAX = 0;

  public static final int RBX = 1;
  public static final int RCX = 2;
  public static final int RDX = 3;
  public static final int RSI = 4;
  public static final int RDI = 5;
  public static final int RSP = 6;
  public static final int RBP = 7;
  public static final int R8 = 8;
  public static final int R9 = 9;
  public static final int R10 = 10;
  public static final int R11 = 11;
  public static final int R12 = 12;
  public static final int R13 = 13;
  public static final int R14 = 14;
  public static final int R15 = 15;
  public static final int RIP = 16;
  public static final int RFLAGS = 17;

  /** How many registers a context has. */
  public static final int COUNT = 18;

  /** CF, PF, AF, ZF, SF, TF, DF, OF, NT, RF, AC and ID: what a program may set. */
  private static final long USER_FLAGS = 0x25_4dd5;

  /** What is set in every program: IF, and a bit that always is. */
  private static final long FIXED_FLAGS = 0x202;

  /** General registers, RIP and RFLAGS, by the indices above. */
  public final long[] registers = new long[COUNT];

  /** Base of FS, a canonical user address. */
  public long fsBase;

  /** Base of GS, a canonical user address. */
  public long gsBase;

  /**
   * Vector state as XSAVE lays it out in standard form (SDM vol. 1, 13.4), or an empty array for
   * the initial state.
   */
  public byte[] vector = new byte[0];

  /** The vCPU that holds the same vector state as {@link #vector} unless it has loaded another. */
  public @Nullable GuestCpu vectorHolder;

  /** The RFLAGS that a program has if it asks for {@code flags}. */
  public static long userFlags(long flags) {
    return (flags & USER_FLAGS) | FIXED_FLAGS;
  }

  /** Copies another context into this one. */
  public void set(CpuContext other) {
    System.arraycopy(other.registers, 0, registers, 0, COUNT);
    fsBase = other.fsBase;
    gsBase = other.gsBase;
    vector = other.vector.clone();
    vectorHolder = null;
  }
}

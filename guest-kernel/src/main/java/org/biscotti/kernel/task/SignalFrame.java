package org.biscotti.kernel.task;

import static org.biscotti.kernel.port.CpuContext.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.port.RegisterFile;

/**
 * What a handler finds on its stack, and rt_sigreturn(2) there again: {@code struct rt_sigframe} of
 * Linux on x86-64 (arch/x86/include/asm/sigframe.h, uapi/asm/sigcontext.h), and above it the XSAVE
 * area.
 *
 * <p>Everything in a frame is the program's to change. What is taken back from one is reduced to
 * what a program may have; a frame that makes no sense is SIGSEGV.
 */
public final class SignalFrame {
  private static final int RED_ZONE = 128;

  // struct rt_sigframe
  private static final int FLAGS = 8;
  private static final int STACK = 24;
  private static final int CONTEXT = 48;
  private static final int MASK = 304;
  private static final int INFO = 312;
  private static final int FRAME_BYTES = INFO + SignalInfo.BYTES;

  // struct sigcontext_64, from CONTEXT on
  private static final int[] REGISTERS = {
    R8, R9, R10, R11, R12, R13, R14, R15, RDI, RSI, RBP, RBX, RDX, RAX, RCX, RSP, RIP, RFLAGS
  };
  private static final int SEGMENTS = CONTEXT + 144;
  private static final int STACK_SEGMENT = SEGMENTS + 6;
  private static final int ERROR = CONTEXT + 152;
  private static final int TRAP = CONTEXT + 160;
  private static final int OLD_MASK = CONTEXT + 168;
  private static final int FAULT_ADDRESS = CONTEXT + 176;
  private static final int VECTOR = CONTEXT + 184;

  private static final int UC_FP_XSTATE = 1;
  private static final int UC_SIGCONTEXT_SS = 2;
  private static final int UC_STRICT_RESTORE_SS = 4;

  private static final int USER_CS = 0x33;
  private static final int USER_SS = 0x2b;

  private static final long TRAP_FLAG = 1 << 8;
  private static final long DIRECTION_FLAG = 1 << 10;
  private static final long RESUME_FLAG = 1 << 16;

  /** AC, OF, DF, TF, SF, ZF, AF, PF, CF, RF: what rt_sigreturn takes from a frame. */
  private static final long RESTORED_FLAGS = 0x5_0dd5;

  // The XSAVE area and what Linux adds (SDM vol. 1, 13.4; struct _fpx_sw_bytes).
  private static final int XMM = 160;
  private static final int XMM_BYTES = 256;
  private static final int SOFTWARE = 464;
  private static final int SOFTWARE_BYTES = 48;
  private static final int HEADER = 512;
  private static final int HEADER_BYTES = 64;
  private static final int LEGACY_BYTES = HEADER + HEADER_BYTES;
  private static final int MAGIC1 = 0x46505853;
  private static final int MAGIC2 = 0x46505845;
  private static final int MAGIC_BYTES = 4;
  private static final int X87 = 1;
  private static final int SSE = 2;
  private static final int VECTOR_ALIGNMENT = 64;
  private static final short INITIAL_CONTROL = 0x37f;
  private static final int INITIAL_MXCSR = 0x1f80;

  private SignalFrame() {}

  /** AT_MINSIGSTKSZ for an XSAVE area of so many bytes: the most that a frame can take. */
  public static long maximumBytes(int vectorBytes) {
    int most = FRAME_BYTES + 15 + vectorBytes + MAGIC_BYTES + VECTOR_ALIGNMENT - 1;
    return (most + 15L) & ~15;
  }

  /**
   * Makes a frame and points the registers at the handler.
   *
   * @return false if the stack cannot take it, or the handler has no restorer
   */
  static boolean push(Task task, SignalInfo info, SignalActions.Action action) {
    RegisterFile cpu = task.registerFile();
    if (cpu == null) {
      throw new IllegalStateException("a frame is made on a vCPU");
    }
    TaskSignals state = task.signalState();
    long pointer = task.register(RSP);
    boolean nested = state.onStack(pointer);
    boolean entering = (action.flags() & Signals.SA_ONSTACK) != 0 && state.canEnterStack(pointer);
    long top = entering ? state.stackAddress() + state.stackBytes() : pointer - RED_ZONE;
    int vectorBytes = cpu.vectorBytes();
    long vector = (top - vectorBytes - MAGIC_BYTES) & -VECTOR_ALIGNMENT;
    long frame = ((vector - FRAME_BYTES) & -16) - 8;
    if ((nested || entering) && !state.within(frame)) {
      return false;
    }
    if ((action.flags() & Signals.SA_RESTORER) == 0) {
      return false;
    }
    byte[] area = vectorArea(cpu, vectorBytes);
    if (task.memory().copyOut(vector, area, 0, area.length) != area.length) {
      return false;
    }
    byte[] bytes = frame(task, info, action, vector);
    if (task.memory().copyOut(frame, bytes, 0, bytes.length) != bytes.length) {
      return false;
    }
    enter(task, info.signal(), action, frame);
    if (!isNeutral(little(area))) {
      cpu.clearVector();
    }
    return true;
  }

  /**
   * True if a handler can begin with the vector state as it is: nothing that changes what
   * instructions do differs from the initial state, and what the registers hold is not a handler's
   * concern. Setting the state costs as much as the rest of a frame on some hosts.
   */
  private static boolean isNeutral(ByteBuffer area) {
    return area.getShort(0) == INITIAL_CONTROL
        && area.getShort(2) == 0
        && area.get(4) == 0
        && area.getInt(24) == INITIAL_MXCSR;
  }

  private static byte[] vectorArea(RegisterFile cpu, int vectorBytes) {
    byte[] area = new byte[vectorBytes + MAGIC_BYTES];
    cpu.readVector(area, vectorBytes);
    ByteBuffer to = little(area);
    for (int i = 0; i < SOFTWARE_BYTES; i += 8) {
      to.putLong(SOFTWARE + i, 0);
    }
    to.putInt(SOFTWARE, MAGIC1).putInt(SOFTWARE + 4, vectorBytes + MAGIC_BYTES);
    to.putLong(SOFTWARE + 8, cpu.vectorFeatures()).putInt(SOFTWARE + 16, vectorBytes);
    // The host may keep more in use than the guest can: protection keys, for one.
    to.putLong(HEADER, (to.getLong(HEADER) & cpu.vectorFeatures()) | X87 | SSE);
    to.putInt(vectorBytes, MAGIC2);
    return area;
  }

  private static byte[] frame(
      Task task, SignalInfo info, SignalActions.Action action, long vector) {
    TaskSignals state = task.signalState();
    byte[] bytes = new byte[FRAME_BYTES];
    ByteBuffer to = little(bytes);
    to.putLong(0, action.restorer());
    to.putLong(FLAGS, UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS);
    to.putLong(STACK, state.stackAddress()).putInt(STACK + 8, state.stackFlags());
    to.putLong(STACK + 16, state.stackBytes());
    for (int i = 0; i < REGISTERS.length; i++) {
      to.putLong(CONTEXT + 8 * i, task.register(REGISTERS[i]));
    }
    to.putShort(SEGMENTS, (short) USER_CS).putShort(STACK_SEGMENT, (short) USER_SS);
    to.putLong(ERROR, state.errorCode()).putLong(TRAP, state.trapNumber());
    to.putLong(FAULT_ADDRESS, state.faultAddress()).putLong(VECTOR, vector);
    long mask = state.takeMaskForFrame();
    to.putLong(OLD_MASK, mask).putLong(MASK, mask);
    info.encode(to, INFO);
    if ((state.stackFlags() & Signals.SS_AUTODISARM) != 0) {
      state.setStack(0, 0, Signals.SS_DISABLE);
    }
    return bytes;
  }

  private static void enter(Task task, int signal, SignalActions.Action action, long frame) {
    task.setRegister(RAX, 0);
    task.setRegister(RDI, signal);
    task.setRegister(RSI, frame + INFO);
    task.setRegister(RDX, frame + FLAGS);
    task.setRegister(RIP, action.handler());
    task.setRegister(RSP, frame);
    long cleared = DIRECTION_FLAG | RESUME_FLAG | TRAP_FLAG;
    task.setRegister(RFLAGS, task.register(RFLAGS) & ~cleared);
  }

  /**
   * rt_sigreturn(2): takes registers, mask, vector state and alternate stack from the frame that
   * the stack pointer shows.
   *
   * @return the RAX of the frame; after a bad frame SIGSEGV waits
   */
  public static long pop(Task task) {
    RegisterFile cpu = task.registerFile();
    if (cpu == null) {
      throw new IllegalStateException("a frame is taken back on a vCPU");
    }
    long frame = task.register(RSP) - 8;
    byte[] bytes = new byte[FRAME_BYTES];
    if (task.memory().copyIn(frame, bytes, 0, bytes.length) != bytes.length) {
      return bad(task);
    }
    ByteBuffer from = little(bytes);
    task.signalState().setBlocked(from.getLong(MASK));
    if (!restoreRegisters(task, from) || !restoreVector(task, cpu, from)) {
      return bad(task);
    }
    TaskSignals state = task.signalState();
    long pointer = task.register(RSP);
    state.restoreStack(
        pointer, from.getLong(STACK), from.getLong(STACK + 16), from.getInt(STACK + 8));
    return task.register(RAX);
  }

  private static long bad(Task task) {
    SignalDelivery.force(task, Signals.SIGSEGV);
    return task.register(RAX);
  }

  private static boolean restoreRegisters(Task task, ByteBuffer from) {
    long flags = task.register(RFLAGS);
    for (int i = 0; i < REGISTERS.length; i++) {
      long value = from.getLong(CONTEXT + 8 * i);
      boolean isFlags = REGISTERS[i] == RFLAGS;
      task.setRegister(
          REGISTERS[i], isFlags ? (flags & ~RESTORED_FLAGS) | (value & RESTORED_FLAGS) : value);
    }
    // A program has one code segment and one stack segment here; others do not exist.
    boolean strict = (from.getLong(FLAGS) & UC_STRICT_RESTORE_SS) != 0;
    return (from.getShort(SEGMENTS) | 3) == USER_CS
        && (!strict || (from.getShort(STACK_SEGMENT) | 3) == USER_SS);
  }

  private static boolean restoreVector(Task task, RegisterFile cpu, ByteBuffer frame) {
    long address = frame.getLong(VECTOR);
    if (address == 0) {
      cpu.clearVector();
      return true;
    }
    int vectorBytes = cpu.vectorBytes();
    byte[] area = new byte[vectorBytes + MAGIC_BYTES];
    if ((address & (VECTOR_ALIGNMENT - 1)) != 0
        || task.memory().copyIn(address, area, 0, LEGACY_BYTES) != LEGACY_BYTES) {
      return false;
    }
    ByteBuffer from = little(area);
    boolean extended =
        (frame.getLong(FLAGS) & UC_FP_XSTATE) != 0 && isSaidExtended(from, vectorBytes);
    if (extended) {
      byte[] magic = new byte[MAGIC_BYTES];
      long end = address + from.getInt(SOFTWARE + 16);
      if (task.memory().copyIn(end, magic, 0, MAGIC_BYTES) != MAGIC_BYTES) {
        return false;
      }
      extended = little(magic).getInt(0) == MAGIC2;
    }
    long wanted = X87 | SSE;
    if (extended) {
      int rest = vectorBytes - LEGACY_BYTES;
      if (task.memory().copyIn(address + LEGACY_BYTES, area, LEGACY_BYTES, rest) != rest) {
        return false;
      }
      wanted = from.getLong(SOFTWARE + 8) & cpu.vectorFeatures();
      if (!isValidHeader(from, cpu.vectorFeatures())) {
        return false;
      }
      wanted &= from.getLong(HEADER);
    }
    return cpu.writeVector(sanitized(area, from, wanted), vectorBytes);
  }

  /** True if the software's part of the area says that an extended area follows. */
  private static boolean isSaidExtended(ByteBuffer from, int vectorBytes) {
    int bytes = from.getInt(SOFTWARE + 16);
    return from.getInt(SOFTWARE) == MAGIC1
        && bytes >= LEGACY_BYTES
        && bytes <= vectorBytes
        && Integer.compareUnsigned(bytes, from.getInt(SOFTWARE + 4)) <= 0;
  }

  /** What XRSTOR accepts: known features, the standard form, bytes 8 to 23 zero. */
  private static boolean isValidHeader(ByteBuffer from, long features) {
    if ((from.getLong(HEADER) & ~features) != 0) {
      return false;
    }
    return from.getLong(HEADER + 8) == 0 && from.getLong(HEADER + 16) == 0;
  }

  /** Leaves of an area what is wanted; MXCSR is loaded in any case, as XRSTOR does. */
  private static byte[] sanitized(byte[] area, ByteBuffer from, long wanted) {
    if ((wanted & SSE) == 0) {
      for (int i = 0; i < XMM_BYTES; i += 8) {
        from.putLong(XMM + i, 0);
      }
    }
    for (int i = 0; i < SOFTWARE_BYTES; i += 8) {
      from.putLong(SOFTWARE + i, 0);
    }
    for (int i = 0; i < HEADER_BYTES; i += 8) {
      from.putLong(HEADER + i, i == 0 ? wanted | SSE : 0);
    }
    return area;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}

package org.biscotti.kernel;

import static org.biscotti.kernel.port.CpuContext.RIP;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.mem.FaultOutcome;
import org.biscotti.kernel.port.GuestCpu;
import org.biscotti.kernel.port.Trap;
import org.biscotti.kernel.task.SignalDelivery;
import org.biscotti.kernel.task.Task;
import org.jspecify.annotations.Nullable;

/** The signals that Linux makes of the processor's exceptions (SDM vol. 3, table 6-1). */
final class ExceptionSignals {
  private static final int DIVIDE_ERROR = 0;
  static final int DEBUG = 1;
  private static final int BREAKPOINT = 3;
  private static final int INVALID_OPCODE = 6;
  private static final int STACK_FAULT = 12;
  private static final int GENERAL_PROTECTION = 13;
  private static final int PAGE_FAULT = 14;
  private static final int FPU_ERROR = 16;
  private static final int ALIGNMENT_CHECK = 17;
  private static final int SIMD_ERROR = 19;
  private static final byte INT_OPCODE = (byte) 0xcd;
  private static final byte INT1_OPCODE = (byte) 0xf1;

  private static final int INT_BYTES = 2;

  // Page-fault error code (SDM vol. 3, 4.7).
  private static final long PRESENT = 1;
  private static final long WRITE = 1 << 1;
  private static final long USER = 1 << 2;
  private static final long FETCH = 1 << 4;

  private static final int LEGACY_BYTES = 512;

  private ExceptionSignals() {}

  /** A page fault that the address space could not serve. */
  static void pageFault(Task task, Trap.PageFault fault, FaultOutcome outcome) {
    long error =
        USER
            | (fault.present() ? PRESENT : 0)
            | (fault.write() ? WRITE : 0)
            | (fault.fetch() ? FETCH : 0);
    task.signalState().trapped(PAGE_FAULT, error);
    task.signalState().faultedAt(fault.address());
    SignalInfo info =
        switch (outcome) {
          case SEGV_ACCERR ->
              SignalInfo.fault(Signals.SIGSEGV, SignalInfo.SEGV_ACCERR, fault.address());
          case BUS_ADRERR ->
              SignalInfo.fault(Signals.SIGBUS, SignalInfo.BUS_ADRERR, fault.address());
          default -> SignalInfo.fault(Signals.SIGSEGV, SignalInfo.SEGV_MAPERR, fault.address());
        };
    SignalDelivery.force(task, info);
  }

  /** Any other exception. */
  static void exception(Task task, Trap.Fault fault, GuestCpu cpu) {
    boolean interruptInstruction = fault.vector() == INVALID_OPCODE && isInterrupt(task);
    int vector = interruptInstruction ? GENERAL_PROTECTION : fault.vector();
    long error = interruptInstruction ? interruptError(task) : fault.errorCode();
    task.signalState().trapped(vector, error);
    SignalInfo info = info(task, vector, error, cpu);
    if (info != null) {
      SignalDelivery.force(task, info);
    }
  }

  private static @Nullable SignalInfo info(Task task, int vector, long error, GuestCpu cpu) {
    long rip = task.register(RIP);
    return switch (vector) {
      case DIVIDE_ERROR -> SignalInfo.fault(Signals.SIGFPE, SignalInfo.FPE_INTDIV, rip);
      case DEBUG -> SignalInfo.fault(Signals.SIGTRAP, debugCode(task), rip);
      case BREAKPOINT -> SignalInfo.kernel(Signals.SIGTRAP);
      case INVALID_OPCODE -> SignalInfo.fault(Signals.SIGILL, SignalInfo.ILL_ILLOPN, rip);
      // With an error code it is about a selector: #GP on hardware, since a program has no
      // segments of its own; hosts that emulate the load say #SS.
      case STACK_FAULT -> SignalInfo.kernel(error == 0 ? Signals.SIGBUS : Signals.SIGSEGV);
      case FPU_ERROR, SIMD_ERROR -> {
        int code = floatingCode(vector, cpu);
        yield code == 0 ? null : SignalInfo.fault(Signals.SIGFPE, code, rip);
      }
      case ALIGNMENT_CHECK -> SignalInfo.fault(Signals.SIGBUS, SignalInfo.BUS_ADRALN, 0);
      default -> SignalInfo.kernel(Signals.SIGSEGV);
    };
  }

  /** An {@code int1} instruction, or a single step. */
  private static int debugCode(Task task) {
    byte[] opcode = new byte[1];
    boolean read = task.memory().copyIn(task.register(RIP) - 1, opcode, 0, 1) == 1;
    return read && opcode[0] == INT1_OPCODE ? SignalInfo.TRAP_BRKPT : SignalInfo.TRAP_TRACE;
  }

  /** Which floating-point exception is not masked; 0 if none is (SDM vol. 1, 8.5 and 11.5). */
  private static int floatingCode(int vector, GuestCpu cpu) {
    byte[] area = new byte[LEGACY_BYTES];
    cpu.readVector(area, area.length);
    ByteBuffer from = ByteBuffer.wrap(area).order(ByteOrder.LITTLE_ENDIAN);
    int raised =
        vector == FPU_ERROR
            ? from.getShort(2) & ~from.getShort(0)
            : from.getInt(24) & ~(from.getInt(24) >> 7);
    if ((raised & 1) != 0) {
      return SignalInfo.FPE_FLTINV;
    } else if ((raised & 4) != 0) {
      return SignalInfo.FPE_FLTDIV;
    } else if ((raised & 8) != 0) {
      return SignalInfo.FPE_FLTOVF;
    } else if ((raised & 0x12) != 0) {
      return SignalInfo.FPE_FLTUND;
    }
    return (raised & 0x20) != 0 ? SignalInfo.FPE_FLTRES : 0;
  }

  /**
   * Some hosts raise #UD for {@code int n}, where the processor raises #GP for a vector that a
   * program may not use.
   */
  private static boolean isInterrupt(Task task) {
    byte[] opcode = new byte[1];
    return task.memory().copyIn(task.register(RIP), opcode, 0, 1) == 1 && opcode[0] == INT_OPCODE;
  }

  /** The error code of such a #GP: the vector's place in the IDT. */
  private static long interruptError(Task task) {
    byte[] instruction = new byte[INT_BYTES];
    task.memory().copyIn(task.register(RIP), instruction, 0, INT_BYTES);
    return (long) (instruction[1] & 0xff) << 3 | 2;
  }
}

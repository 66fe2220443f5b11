package org.biscotti.kernel.abi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What comes with a signal: {@code siginfo_t} (sigaction(2)), 128 bytes on x86-64, of which the
 * first 48 can be other than zero.
 *
 * <p>The union that follows the three numbers is kept as four words; which of the accessors says
 * something depends on signal and code.
 *
 * @param signal si_signo
 * @param error si_errno
 * @param code si_code
 * @param first bytes 16 to 23: si_pid and si_uid, si_timerid and si_overrun, or si_addr
 * @param second bytes 24 to 31: si_value, si_status, or si_addr_lsb
 * @param third bytes 32 to 39: si_utime
 * @param fourth bytes 40 to 47: si_stime
 */
public record SignalInfo(
    int signal, int error, int code, long first, long second, long third, long fourth) {
  /** {@code sizeof(siginfo_t)}. */
  public static final int BYTES = 128;

  /** Bytes of it that can be other than zero. */
  public static final int USED_BYTES = 48;

  /** {@code sizeof(struct signalfd_siginfo)} (signalfd(2)). */
  public static final int DESCRIPTOR_BYTES = 128;

  public static final int SI_USER = 0;
  public static final int SI_KERNEL = 0x80;
  public static final int SI_QUEUE = -1;
  public static final int SI_TIMER = -2;
  public static final int SI_SIGIO = -5;
  public static final int SI_TKILL = -6;

  public static final int ILL_ILLOPN = 2;
  public static final int FPE_INTDIV = 1;
  public static final int FPE_FLTDIV = 3;
  public static final int FPE_FLTOVF = 4;
  public static final int FPE_FLTUND = 5;
  public static final int FPE_FLTRES = 6;
  public static final int FPE_FLTINV = 7;
  public static final int SEGV_MAPERR = 1;
  public static final int SEGV_ACCERR = 2;
  public static final int BUS_ADRALN = 1;
  public static final int BUS_ADRERR = 2;
  public static final int TRAP_BRKPT = 1;
  public static final int TRAP_TRACE = 2;
  public static final int CLD_EXITED = 1;
  public static final int CLD_KILLED = 2;
  public static final int CLD_STOPPED = 5;
  public static final int CLD_CONTINUED = 6;

  private static final long LOW = 0xffff_ffffL;

  private static long pair(int low, int high) {
    return (low & LOW) | ((long) high << 32);
  }

  /** Sent by a process; {@code code} is SI_USER or SI_TKILL. */
  public static SignalInfo sent(int signal, int code, int pid, int uid) {
    return new SignalInfo(signal, 0, code, pair(pid, uid), 0, 0, 0);
  }

  /** Sent by the kernel, with no more to say (SI_KERNEL). */
  public static SignalInfo kernel(int signal) {
    return new SignalInfo(signal, 0, SI_KERNEL, 0, 0, 0, 0);
  }

  /** About an instruction or an access. */
  public static SignalInfo fault(int signal, int code, long address) {
    return new SignalInfo(signal, 0, code, address, 0, 0, 0);
  }

  /** The expiry of a timer of timer_create(2). */
  public static SignalInfo timer(int signal, int timer, int overrun, long value) {
    return new SignalInfo(signal, 0, SI_TIMER, pair(timer, overrun), value, 0, 0);
  }

  /** SIGCHLD: a child has ended, stopped or gone on; times in clock ticks of 10 ms. */
  public static SignalInfo child(
      int code, int pid, int uid, int status, long userTicks, long systemTicks) {
    return new SignalInfo(
        Signals.SIGCHLD, 0, code, pair(pid, uid), status & LOW, userTicks, systemTicks);
  }

  /** Reads the bytes that a program gave, at least {@link #USED_BYTES} of them. */
  public static SignalInfo decode(byte[] bytes) {
    ByteBuffer from = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return new SignalInfo(
        from.getInt(0),
        from.getInt(4),
        from.getInt(8),
        from.getLong(16),
        from.getLong(24),
        from.getLong(32),
        from.getLong(40));
  }

  /** Writes the 128 bytes. */
  public void encode(ByteBuffer to, int at) {
    to.putInt(at, signal).putInt(at + 4, error).putInt(at + 8, code).putInt(at + 12, 0);
    to.putLong(at + 16, first).putLong(at + 24, second);
    to.putLong(at + 32, third).putLong(at + 40, fourth);
    for (int i = USED_BYTES; i < BYTES; i += 8) {
      to.putLong(at + i, 0);
    }
  }

  /** The 128 bytes. */
  public byte[] encode() {
    byte[] bytes = new byte[BYTES];
    encode(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), 0);
    return bytes;
  }

  public int pid() {
    return (int) first;
  }

  public int uid() {
    return (int) (first >>> 32);
  }

  public long address() {
    return first;
  }

  public long value() {
    return second;
  }

  public int status() {
    return (int) second;
  }

  /** The same with another signal number. */
  public SignalInfo withSignal(int number) {
    return new SignalInfo(number, error, code, first, second, third, fourth);
  }

  /** The same with another si_overrun. */
  public SignalInfo withOverrun(int overrun) {
    return new SignalInfo(signal, error, code, pair((int) first, overrun), second, third, fourth);
  }

  /** {@code struct signalfd_siginfo}, 128 bytes. */
  public byte[] encodeForDescriptor() {
    byte[] bytes = new byte[DESCRIPTOR_BYTES];
    ByteBuffer to = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    to.putInt(0, signal).putInt(4, error).putInt(8, code);
    boolean byKernel = code > 0 && code < SI_KERNEL;
    if (code == SI_TIMER) {
      to.putInt(24, (int) first).putInt(32, (int) (first >>> 32));
      to.putInt(44, (int) second).putLong(48, second);
    } else if (code == SI_SIGIO || (byKernel && signal == Signals.SIGIO)) {
      to.putInt(28, (int) first).putInt(20, (int) second);
    } else if (byKernel && signal != Signals.SIGCHLD && Signals.isSynchronous(signal)) {
      to.putLong(72, first).putShort(80, (short) second);
    } else {
      to.putInt(12, pid()).putInt(16, uid());
      if (byKernel && signal == Signals.SIGCHLD) {
        to.putInt(40, status()).putLong(56, third).putLong(64, fourth);
      } else if (code < 0) {
        to.putInt(44, (int) second).putLong(48, second);
      }
    }
    return bytes;
  }
}

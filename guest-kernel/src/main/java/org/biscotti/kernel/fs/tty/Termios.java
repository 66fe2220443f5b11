package org.biscotti.kernel.fs.tty;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.biscotti.kernel.abi.Ioctl;

/** The modes of a terminal: {@code struct termios2} of the kernel (termios(3)). Immutable. */
final class Termios {
  static final int CONTROLS = 19;

  // c_iflag
  static final int ISTRIP = 0x20;
  static final int INLCR = 0x40;
  static final int IGNCR = 0x80;
  static final int ICRNL = 0x100;
  static final int IUCLC = 0x200;
  static final int IXON = 0x400;
  static final int IXANY = 0x800;
  static final int IMAXBEL = 0x2000;
  static final int IUTF8 = 0x4000;

  // c_oflag
  static final int OPOST = 1;
  static final int OLCUC = 2;
  static final int ONLCR = 4;
  static final int OCRNL = 8;
  static final int ONOCR = 0x10;
  static final int ONLRET = 0x20;
  static final int XTABS = 0x1800;

  // c_cflag; what a pseudo-terminal has cannot be changed but for the speeds
  private static final int CSIZE = 0x30;
  private static final int CS8 = 0x30;
  private static final int CREAD = 0x80;
  private static final int PARENB = 0x100;
  private static final int CBAUD = 0x100f;
  private static final int CBAUDEX = 0x1000;
  private static final int BOTHER = 0x1000;
  private static final int INPUT_SPEED_SHIFT = 16;

  // c_lflag
  static final int ISIG = 1;
  static final int ICANON = 2;
  static final int ECHO = 8;
  static final int ECHOE = 0x10;
  static final int ECHOK = 0x20;
  static final int ECHONL = 0x40;
  static final int NOFLSH = 0x80;
  static final int TOSTOP = 0x100;
  static final int ECHOCTL = 0x200;
  static final int ECHOKE = 0x800;
  static final int IEXTEN = 0x8000;

  // c_cc
  static final int VINTR = 0;
  static final int VQUIT = 1;
  static final int VERASE = 2;
  static final int VKILL = 3;
  static final int VEOF = 4;
  static final int VTIME = 5;
  static final int VMIN = 6;
  static final int VSTART = 8;
  static final int VSTOP = 9;
  static final int VSUSP = 10;
  static final int VEOL = 11;
  static final int VREPRINT = 12;
  static final int VWERASE = 14;
  static final int VLNEXT = 15;
  static final int VEOL2 = 16;

  private static final int B38400 = 0xf;

  /**
   * What the numbers of speeds mean, in bits a second: 0 to 15, then those with CBAUDEX, from 1.
   */
  private static final int[] SPEEDS = {
    0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19_200, 38_400, 57_600,
    115_200, 230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000, 1_152_000, 1_500_000,
    2_000_000, 2_500_000, 3_000_000, 3_500_000, 4_000_000
  };

  private static final long TENTH_NANOS = 100_000_000;
  private static final byte[] CONTROLS_INITIAL = {
    3, 0x1c, 0x7f, 0x15, 4, 0, 1, 0, 0x11, 0x13, 0x1a, 0, 0x12, 0x0f, 0x17, 0x16, 0, 0, 0
  };

  /** As Linux opens a terminal: {@code tty_std_termios}. */
  static final Termios INITIAL = initial();

  final int input;
  final int output;
  final int control;
  final int local;
  private final byte line;
  private final byte[] controls;
  private final int inputSpeed;
  private final int outputSpeed;

  /** The speeds are used where the control word has no number for them. */
  private Termios(
      int input,
      int output,
      int control,
      int local,
      byte line,
      byte[] controls,
      int inputSpeed,
      int outputSpeed) {
    this.input = input;
    this.output = output;
    this.control = (control & ~(CSIZE | PARENB)) | CS8 | CREAD;
    this.local = local;
    this.line = line;
    this.controls = controls;
    this.outputSpeed = speed(control & CBAUD, outputSpeed);
    int asked = (control >>> INPUT_SPEED_SHIFT) & CBAUD;
    this.inputSpeed = asked == 0 ? this.outputSpeed : speed(asked, inputSpeed);
  }

  private static int speed(int number, int other) {
    if (number == BOTHER) {
      return other;
    }
    return SPEEDS[(number & CBAUDEX) == 0 ? number : (number & ~CBAUDEX) + (CBAUD & ~CBAUDEX)];
  }

  private static Termios initial() {
    int local = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    return new Termios(
        ICRNL | IXON,
        OPOST | ONLCR,
        B38400,
        local,
        (byte) 0,
        CONTROLS_INITIAL.clone(),
        SPEEDS[B38400],
        SPEEDS[B38400]);
  }

  /** From the bytes of TCSETS, which leaves out the speeds, or of TCSETS2. */
  Termios changed(byte[] bytes) {
    ByteBuffer from = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    byte[] fresh = new byte[CONTROLS];
    System.arraycopy(bytes, 17, fresh, 0, CONTROLS);
    boolean speeds = bytes.length == Ioctl.TERMIOS2_SIZE;
    return new Termios(
        from.getInt(0),
        from.getInt(4),
        from.getInt(8),
        from.getInt(12),
        bytes[16],
        fresh,
        speeds ? from.getInt(36) : inputSpeed,
        speeds ? from.getInt(40) : outputSpeed);
  }

  /** To the bytes of TCGETS2, the first of which are those of TCGETS. */
  byte[] encode() {
    byte[] bytes = new byte[Ioctl.TERMIOS2_SIZE];
    ByteBuffer to = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    to.putInt(0, input).putInt(4, output).putInt(8, control).putInt(12, local);
    bytes[16] = line;
    System.arraycopy(controls, 0, bytes, 17, CONTROLS);
    to.putInt(36, inputSpeed).putInt(40, outputSpeed);
    return bytes;
  }

  // ---- how much a read waits for ----

  /** Bytes that end a read at once: VMIN, one if that is zero and of lines. */
  int leastBytes() {
    return has(ICANON) ? 1 : Math.max(control(VMIN), 1);
  }

  /** How long a read waits for a first byte in nanoseconds, {@link Long#MAX_VALUE} for ever. */
  long firstByteNanos() {
    return has(ICANON) || control(VMIN) != 0 ? Long.MAX_VALUE : control(VTIME) * TENTH_NANOS;
  }

  /** How long it waits for each that follows. */
  long nextByteNanos() {
    return control(VTIME) == 0 ? Long.MAX_VALUE : control(VTIME) * TENTH_NANOS;
  }

  /** True if output is stopped and started by the characters that packet mode is about. */
  boolean hasUsualFlowControl() {
    return in(IXON) && control(VSTOP) == 0x13 && control(VSTART) == 0x11;
  }

  boolean in(int flag) {
    return (input & flag) != 0;
  }

  boolean out(int flag) {
    return (output & flag) != 0;
  }

  boolean has(int flag) {
    return (local & flag) != 0;
  }

  /** A control character, 0 to 255; for VMIN and VTIME a number. */
  int control(int index) {
    return controls[index] & 0xff;
  }

  /** True if a byte is this control character, which is not switched off (_POSIX_VDISABLE). */
  boolean is(int index, int character) {
    return character != 0 && controls[index] == (byte) character;
  }
}

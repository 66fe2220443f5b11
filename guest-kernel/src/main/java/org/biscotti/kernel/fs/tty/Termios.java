package org.biscotti.kernel.fs.tty;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The modes of a terminal: {@code struct termios} of the kernel (termios(3)). Immutable. */
final class Termios {
  static final int BYTES = 36;
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

  private static final int B38400_CS8_CREAD = 0xbf;
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

  private Termios(int input, int output, int control, int local, byte line, byte[] controls) {
    this.input = input;
    this.output = output;
    this.control = control;
    this.local = local;
    this.line = line;
    this.controls = controls;
  }

  private static Termios initial() {
    int local = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    return new Termios(
        ICRNL | IXON, OPOST | ONLCR, B38400_CS8_CREAD, local, (byte) 0, CONTROLS_INITIAL.clone());
  }

  /** From the {@link #BYTES} bytes of TCSETS. */
  static Termios decode(byte[] bytes) {
    ByteBuffer from = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    byte[] controls = new byte[CONTROLS];
    System.arraycopy(bytes, 17, controls, 0, CONTROLS);
    return new Termios(
        from.getInt(0), from.getInt(4), from.getInt(8), from.getInt(12), bytes[16], controls);
  }

  /** To the bytes of TCGETS. */
  byte[] encode() {
    byte[] bytes = new byte[BYTES];
    ByteBuffer to = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    to.putInt(0, input).putInt(4, output).putInt(8, control).putInt(12, local);
    bytes[16] = line;
    System.arraycopy(controls, 0, bytes, 17, CONTROLS);
    return bytes;
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

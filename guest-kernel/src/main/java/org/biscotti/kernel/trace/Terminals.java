package org.biscotti.kernel.trace;

import java.nio.ByteBuffer;
import java.util.List;

/** Terminal settings (termios(3), {@code asm-generic/termbits.h}). */
final class Terminals {
  private static final int CBAUD = 0010017;
  private static final int CIBAUD_SHIFT = 16;
  private static final int CSIZE = 060;
  private static final int CSIZE_SHIFT = 4;
  private static final int HIGH_SPEED = 0010000;

  private static final int[] SPEEDS = {
    0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400
  };
  private static final int[] HIGH_SPEEDS = {
    0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000,
    2500000, 3000000, 3500000, 4000000
  };

  /** Delays of output: mask and names by value. */
  private record Delay(int mask, List<String> names) {}

  private static final Delay[] DELAYS = {
    new Delay(0000400, List.of("NL0", "NL1")),
    new Delay(0003000, List.of("CR0", "CR1", "CR2", "CR3")),
    new Delay(0014000, List.of("TAB0", "TAB1", "TAB2", "XTABS")),
    new Delay(0020000, List.of("BS0", "BS1")),
    new Delay(0040000, List.of("VT0", "VT1")),
    new Delay(0100000, List.of("FF0", "FF1")),
  };

  private Terminals() {}

  static void termios(ByteBuffer s, CallText out) {
    out.add("{c_iflag=");
    ConstantSets.flags("termios_iflag").printFlags(out, s.getInt(0) & 0xffff_ffffL);
    out.add(", c_oflag=");
    output(s.getInt(4) & 0xffff_ffffL, out);
    out.add(", c_cflag=");
    control(s.getInt(8) & 0xffff_ffffL, out);
    out.add(", c_lflag=");
    ConstantSets.flags("termios_lflag").printFlags(out, s.getInt(12) & 0xffff_ffffL);
    out.add(", ...}");
  }

  private static void output(long flags, CallText out) {
    long rest = flags;
    for (int i = 0; i < DELAYS.length; i++) {
      int mask = DELAYS[i].mask();
      int value = (int) (flags & mask) >> Integer.numberOfTrailingZeros(mask);
      out.add(i == 0 ? "" : "|").add(DELAYS[i].names().get(value));
      rest &= ~mask;
    }
    if (rest != 0) {
      out.add('|');
      ConstantSets.flags("termios_oflag").printFlags(out, rest);
    }
  }

  private static void control(long flags, CallText out) {
    int outputSpeed = (int) flags & CBAUD;
    int inputSpeed = (int) (flags >>> CIBAUD_SHIFT) & CBAUD;
    speed(outputSpeed, out);
    if (inputSpeed != 0) {
      out.add('|');
      speed(inputSpeed, out);
      out.add("<<IBSHIFT");
    }
    out.add("|CS").decimal(5 + ((flags & CSIZE) >> CSIZE_SHIFT));
    long rest = flags & ~CBAUD & ~((long) CBAUD << CIBAUD_SHIFT) & ~CSIZE;
    if (rest != 0) {
      out.add('|');
      ConstantSets.flags("termios_cflag").printFlags(out, rest);
    }
  }

  private static void speed(int code, CallText out) {
    if (code == HIGH_SPEED) {
      out.add("BOTHER");
    } else {
      out.add('B').decimal((code & HIGH_SPEED) == 0 ? SPEEDS[code] : HIGH_SPEEDS[code & 017]);
    }
  }
}

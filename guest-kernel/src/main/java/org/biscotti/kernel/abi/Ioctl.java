package org.biscotti.kernel.abi;

/** Requests of ioctl(2) that are served ({@code asm-generic/ioctls.h}). */
public final class Ioctl {
  public static final int TCGETS = 0x5401;
  public static final int TCSETS = 0x5402;
  public static final int TCSETSW = 0x5403;
  public static final int TCSETSF = 0x5404;
  public static final int TIOCGPGRP = 0x540f;
  public static final int TIOCGWINSZ = 0x5413;
  public static final int FIONREAD = 0x541b;
  public static final int FIONBIO = 0x5421;
  public static final int FIONCLEX = 0x5450;
  public static final int FIOCLEX = 0x5451;
  public static final int FIOASYNC = 0x5452;
  public static final int FIOQSIZE = 0x5460;

  /** {@code sizeof(struct termios)} as the kernel has it, in bytes. */
  public static final int TERMIOS_SIZE = 36;

  /** {@code sizeof(struct winsize)}, in bytes. */
  public static final int WINSIZE_SIZE = 8;

  private Ioctl() {}
}

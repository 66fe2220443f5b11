package org.biscotti.kernel.abi;

import org.jspecify.annotations.Nullable;

/** Signal numbers and what they do by default (signal(7)), for x86-64. */
public final class Signals {
  public static final int SIGHUP = 1;
  public static final int SIGINT = 2;
  public static final int SIGQUIT = 3;
  public static final int SIGILL = 4;
  public static final int SIGTRAP = 5;
  public static final int SIGABRT = 6;
  public static final int SIGBUS = 7;
  public static final int SIGFPE = 8;
  public static final int SIGKILL = 9;
  public static final int SIGUSR1 = 10;
  public static final int SIGSEGV = 11;
  public static final int SIGUSR2 = 12;
  public static final int SIGPIPE = 13;
  public static final int SIGALRM = 14;
  public static final int SIGTERM = 15;
  public static final int SIGSTKFLT = 16;
  public static final int SIGCHLD = 17;
  public static final int SIGCONT = 18;
  public static final int SIGSTOP = 19;
  public static final int SIGTSTP = 20;
  public static final int SIGTTIN = 21;
  public static final int SIGTTOU = 22;
  public static final int SIGURG = 23;
  public static final int SIGXCPU = 24;
  public static final int SIGXFSZ = 25;
  public static final int SIGVTALRM = 26;
  public static final int SIGPROF = 27;
  public static final int SIGWINCH = 28;
  public static final int SIGIO = 29;
  public static final int SIGPWR = 30;
  public static final int SIGSYS = 31;

  /** The highest signal number. */
  public static final int MAX = 64;

  /** Handler value: default action. */
  public static final long SIG_DFL = 0;

  /** Handler value: ignore. */
  public static final long SIG_IGN = 1;

  public static final int SIG_BLOCK = 0;
  public static final int SIG_UNBLOCK = 1;
  public static final int SIG_SETMASK = 2;

  public static final int SS_ONSTACK = 1;
  public static final int SS_DISABLE = 2;
  public static final int SS_AUTODISARM = 1 << 31;

  public static final long SA_NOCLDWAIT = 2;
  public static final long SA_NOCLDSTOP = 1;
  public static final long SA_SIGINFO = 4;
  public static final long SA_RESTORER = 0x0400_0000;
  public static final long SA_ONSTACK = 0x0800_0000;
  public static final long SA_RESTART = 0x1000_0000;
  public static final long SA_NODEFER = 0x4000_0000;
  public static final long SA_RESETHAND = 0x8000_0000L;

  /** The first real-time signal as the kernel counts them (signal(7)). */
  public static final int SIGRTMIN = 32;

  /** Size in bytes of the kernel's signal set. */
  public static final int SIGSET_BYTES = 8;

  private static final long IGNORED_BY_DEFAULT =
      bit(SIGCHLD) | bit(SIGCONT) | bit(SIGURG) | bit(SIGWINCH);
  private static final long STOPPING = bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU);

  /** The signals that stop a process by default, as a set. */
  public static final long STOP_SET = STOPPING;

  /** The signals that exceptions of the processor become; they go before all others. */
  public static final long SYNCHRONOUS_SET =
      bit(SIGSEGV) | bit(SIGBUS) | bit(SIGILL) | bit(SIGTRAP) | bit(SIGFPE) | bit(SIGSYS);

  private static final @Nullable String[] NAMES = {
    null,
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS"
  };

  private Signals() {}

  /** The bit of a signal in a signal set. */
  public static long bit(int signal) {
    return 1L << (signal - 1);
  }

  /** True for a number that is a signal's. */
  public static boolean isValid(int signal) {
    return signal >= 1 && signal <= MAX;
  }

  /** True for a signal that an exception of the processor becomes. */
  public static boolean isSynchronous(int signal) {
    return (SYNCHRONOUS_SET & bit(signal)) != 0;
  }

  /** True if the default action is to do nothing. */
  public static boolean ignoredByDefault(int signal) {
    return (IGNORED_BY_DEFAULT & bit(signal)) != 0;
  }

  /** True if the default action is to stop the process. */
  public static boolean stopsByDefault(int signal) {
    return (STOPPING & bit(signal)) != 0;
  }

  /** For example {@code "SIGSEGV"}, {@code "SIGRT_3"}, or the number if there is no such signal. */
  public static String name(int signal) {
    if (signal >= 32 && signal <= MAX) {
      return "SIGRT_" + (signal - 32);
    }
    String name = signal > 0 && signal < NAMES.length ? NAMES[signal] : null;
    return name != null ? name : Integer.toString(signal);
  }
}

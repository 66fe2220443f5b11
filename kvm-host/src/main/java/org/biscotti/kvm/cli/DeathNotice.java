package org.biscotti.kvm.cli;

import org.biscotti.kernel.abi.Signals;
import org.jspecify.annotations.Nullable;

/** What a shell says of a program that a signal has killed. */
final class DeathNotice {
  private DeathNotice() {}

  /**
   * The line, or null for the signals that a shell passes over in silence: the user has caused
   * SIGINT, and SIGPIPE is how pipelines end.
   */
  static @Nullable String of(int signal) {
    return switch (signal) {
      case Signals.SIGINT, Signals.SIGPIPE -> null;
      case Signals.SIGHUP -> "Hangup";
      case Signals.SIGQUIT -> "Quit";
      case Signals.SIGILL -> "Illegal instruction";
      case Signals.SIGTRAP -> "Trace/breakpoint trap";
      case Signals.SIGABRT -> "Aborted";
      case Signals.SIGBUS -> "Bus error";
      case Signals.SIGFPE -> "Floating point exception";
      case Signals.SIGKILL -> "Killed";
      case Signals.SIGUSR1 -> "User defined signal 1";
      case Signals.SIGSEGV -> "Segmentation fault";
      case Signals.SIGUSR2 -> "User defined signal 2";
      case Signals.SIGALRM -> "Alarm clock";
      case Signals.SIGTERM -> "Terminated";
      case Signals.SIGSTKFLT -> "Stack fault";
      case Signals.SIGXCPU -> "CPU time limit exceeded";
      case Signals.SIGXFSZ -> "File size limit exceeded";
      case Signals.SIGVTALRM -> "Virtual timer expired";
      case Signals.SIGPROF -> "Profiling timer expired";
      case Signals.SIGIO -> "I/O possible";
      case Signals.SIGPWR -> "Power failure";
      case Signals.SIGSYS -> "Bad system call";
      default -> "Killed by " + Signals.name(signal);
    };
  }
}

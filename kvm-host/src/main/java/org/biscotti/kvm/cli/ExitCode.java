package org.biscotti.kvm.cli;

/** Exit codes that are not the program's, as POSIX shells and env(1) use them. */
final class ExitCode {
  static final int SUCCESS = 0;

  /** Biscotti itself failed, or was asked for something that it does not understand. */
  static final int OWN_FAILURE = 125;

  /** The program is there but cannot be started. */
  static final int NOT_EXECUTABLE = 126;

  /** The program, or the interpreter that it names, is not there. */
  static final int NOT_FOUND = 127;

  private ExitCode() {}
}

package org.biscotti.kvm.cli;

/** A failure that the user can do something about; the message is the one line that says so. */
final class CommandException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  /** A failure of ours, exit code {@link ExitCode#OWN_FAILURE}. */
  CommandException(String message) {
    this(ExitCode.OWN_FAILURE, message);
  }

  CommandException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }
}

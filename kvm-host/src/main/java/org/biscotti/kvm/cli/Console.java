package org.biscotti.kvm.cli;

import java.io.PrintStream;

/**
 * Where a command writes: results to {@code out}, everything about Biscotti itself to {@code err},
 * so that the program's own output can be piped on.
 *
 * @param debug whether failures are shown with their stack traces
 */
record Console(PrintStream out, PrintStream err, boolean debug) {
  /** The process's own streams. */
  static Console standard() {
    return new Console(System.out, System.err, "1".equals(System.getenv("BISCOTTI_DEBUG")));
  }

  /** Says one thing about Biscotti itself. */
  void say(String message) {
    err.println("biscotti: " + oneLine(message));
  }

  /** Says why a command failed. */
  void failure(String message, Throwable cause) {
    say(message);
    if (debug) {
      cause.printStackTrace(err);
    }
  }

  private static String oneLine(String message) {
    return message.replaceAll("\\s*\\R\\s*", " ");
  }
}

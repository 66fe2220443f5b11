package org.biscotti.kvm.cli;

/** A program that runs in the guest. */
interface GuestProgram {
  /**
   * How a program ended.
   *
   * @param code its exit code, 0 to 255
   * @param signal the signal that killed it, or 0
   */
  record Outcome(int code, int signal) {
    /** What a shell makes of it. */
    int exitCode() {
      return signal != 0 ? 128 + signal : code;
    }
  }

  /** Waits until it has ended. */
  Outcome await();

  /** Ends it by a signal. */
  void kill(int signal);
}

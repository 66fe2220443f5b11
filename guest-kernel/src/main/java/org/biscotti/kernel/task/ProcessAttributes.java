package org.biscotti.kernel.task;

/**
 * What a process may say about itself (prctl(2), personality(2), membarrier(2)). Linux keeps some
 * of it for each thread; here all of it is the process's. Any thread may read and write it.
 */
public final class ProcessAttributes {
  private static final long TIMER_SLACK_NANOS = 50_000;

  /** Bits of {@link #personality} that a set-id program does not inherit (PER_CLEAR_ON_SETID). */
  private static final int PERSONALITY_WITHOUT_SET_ID = ~0x0074_0000;

  private volatile boolean dumpable = true;
  private volatile boolean noNewPrivileges;
  private volatile boolean keepsCapabilities;
  private volatile int personality;
  private volatile int barriers;
  private volatile long defaultTimerSlack = TIMER_SLACK_NANOS;
  private volatile long timerSlack = TIMER_SLACK_NANOS;

  ProcessAttributes() {}

  /** What a child inherits (fork(2)). */
  void inherit(ProcessAttributes parent) {
    dumpable = parent.dumpable;
    noNewPrivileges = parent.noNewPrivileges;
    keepsCapabilities = parent.keepsCapabilities;
    personality = parent.personality;
    barriers = parent.barriers;
    defaultTimerSlack = parent.timerSlack;
    timerSlack = parent.timerSlack;
  }

  /**
   * What is left of it for another program (execve(2)).
   *
   * @param secure true if the program acts for somebody else
   */
  void executed(boolean secure) {
    dumpable = !secure;
    keepsCapabilities = false;
    barriers = 0;
    if (secure) {
      personality &= PERSONALITY_WITHOUT_SET_ID;
    }
  }

  /** PR_SET_DUMPABLE: true if others of the same user may look into the process. */
  public boolean isDumpable() {
    return dumpable;
  }

  public void setDumpable(boolean value) {
    dumpable = value;
  }

  /** PR_SET_NO_NEW_PRIVS: true if set-id bits mean nothing to it; for good. */
  public boolean hasNoNewPrivileges() {
    return noNewPrivileges;
  }

  public void setNoNewPrivileges() {
    noNewPrivileges = true;
  }

  /** PR_SET_KEEPCAPS: kept, and without effect. */
  public boolean keepsCapabilities() {
    return keepsCapabilities;
  }

  public void setKeepsCapabilities(boolean value) {
    keepsCapabilities = value;
  }

  /** Bits as personality(2) takes them: kept, and without effect. */
  public int personality() {
    return personality;
  }

  public void setPersonality(int value) {
    personality = value;
  }

  /** Commands that it has registered for, as a set of membarrier(2)'s numbers. */
  public int barriers() {
    return barriers;
  }

  /** Registers for some; nobody takes that back, so two at once do no harm but to themselves. */
  @SuppressWarnings("NonAtomicVolatileUpdate")
  public void registerBarrier(int command) {
    barriers |= command;
  }

  /** PR_SET_TIMERSLACK in nanoseconds: kept, and without effect. */
  public long timerSlack() {
    return timerSlack;
  }

  /** Sets it; what is not above 0 brings back what the process has inherited. */
  public void setTimerSlack(long nanos) {
    timerSlack = nanos > 0 ? nanos : defaultTimerSlack;
  }
}

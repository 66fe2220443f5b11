package org.biscotti.kvm;

/** The processor that tests run on, as far as they have to know. */
public final class Processor {
  /** True on an emulated machine ({@code make test-svm}), which is some thirty times as slow. */
  public static final boolean EMULATED = Boolean.getBoolean("biscotti.emulated");

  private static final long SLOWER = 20;

  private Processor() {}

  /** How long to wait for something before a test fails, in seconds. */
  public static long limitSeconds(long seconds) {
    return EMULATED ? SLOWER * seconds : seconds;
  }
}

package org.biscotti.kernel.task;

/** What uname(2) and /proc say the system is: the Linux whose behaviour this kernel follows. */
public final class SystemName {
  public static final String SYSTEM = "Linux";
  public static final String HOST = "biscotti";
  public static final String RELEASE = "6.12.0-biscotti";
  public static final String VERSION = "#1 SMP Biscotti";
  public static final String MACHINE = "x86_64";
  public static final String DOMAIN = "(none)";

  private SystemName() {}
}

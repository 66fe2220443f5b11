package org.biscotti.kernel.serve;

/** Whether system calls may be answered without leaving the guest. */
public enum Exitless {
  /** While some vCPU is idle and programs call often enough. */
  AUTO,
  /** Whenever some vCPU is idle. */
  ON,
  /** Never: every call is an exit. */
  OFF
}

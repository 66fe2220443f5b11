package org.biscotti.kernel.serve;

/**
 * On which thread a system call runs. A policy is one class; {@link Policies} lists them.
 *
 * <p>{@link #serve} is called by a vCPU's thread that has taken the call, its own program's by an
 * exit or another vCPU's through the ring. On return the call is finished, or refused, or on its
 * way on another thread: parked if it waits, still taken if it runs.
 */
public interface SyscallPolicy {
  /** Has a call served. */
  void serve(Call call, Server server);
}

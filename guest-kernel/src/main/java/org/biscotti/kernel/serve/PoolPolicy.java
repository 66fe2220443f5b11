package org.biscotti.kernel.serve;

/**
 * Queues every call, as a closure, for the pool of vCPU threads that serve: whichever is free first
 * takes it, the one that queued it among them.
 */
final class PoolPolicy implements SyscallPolicy {
  @Override
  public void serve(Call call, Server server) {
    server.queue(call);
  }
}

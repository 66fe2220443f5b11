package org.biscotti.kernel.serve;

/** Runs every call on the thread that took it; one that has to wait starts again on its own. */
final class InlinePolicy implements SyscallPolicy {
  @Override
  public void serve(Call call, Server server) {
    server.runHere(call);
  }
}

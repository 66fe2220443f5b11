package org.biscotti.kernel.serve;

/**
 * A new virtual thread for every call, as the paper would have it. Its scheduler is the thread that
 * took the call, so it starts there at once, and goes on elsewhere only if it waits.
 */
final class ThreadPolicy implements SyscallPolicy {
  @Override
  public void serve(Call call, Server server) {
    server.runOnOwnThread(call);
  }
}

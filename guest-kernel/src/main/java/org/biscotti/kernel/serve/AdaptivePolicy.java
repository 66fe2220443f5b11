package org.biscotti.kernel.serve;

import org.biscotti.kernel.abi.SyscallNames;

/**
 * Whichever of the others is best for the call and the load.
 *
 * <p>A call runs on the thread that took it: nothing is cheaper, and one that has to wait gets a
 * thread of its own then. Every idle vCPU looks at every ring, so a short call never stands behind
 * a long one while another vCPU is idle. A posted call that will take longer than an exit does is
 * sent back: its own vCPU has nothing to do meanwhile but to spin, and can as well run it.
 */
final class AdaptivePolicy implements SyscallPolicy {
  /** Copying this much takes about as long as an exit on hosts where exits are dear, 30 µs. */
  private static final long LONG_COPY_BYTES = 256 << 10;

  private static final int READ = SyscallNames.numberOf("read");
  private static final int WRITE = SyscallNames.numberOf("write");
  private static final int PREAD64 = SyscallNames.numberOf("pread64");
  private static final int PWRITE64 = SyscallNames.numberOf("pwrite64");

  @Override
  public void serve(Call call, Server server) {
    if (call.posted && isLong(call)) {
      server.refuse(call);
    } else {
      server.runHere(call);
    }
  }

  private static boolean isLong(Call call) {
    long number = call.number;
    return Long.compareUnsigned(call.c, LONG_COPY_BYTES) >= 0
        && (number == READ || number == WRITE || number == PREAD64 || number == PWRITE64);
  }
}

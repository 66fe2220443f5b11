package org.biscotti.kernel;

import org.biscotti.kernel.fs.InodePolicies;
import org.biscotti.kernel.mem.MemoryPolicy;
import org.biscotti.kernel.parallel.Parallelism;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.HostStream;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Patching;
import org.biscotti.kernel.serve.Policies;
import org.biscotti.kernel.syscall.SyscallObserver;
import org.jspecify.annotations.Nullable;

/**
 * How a kernel is to boot.
 *
 * @param memoryPolicy how much is mapped ahead of faults
 * @param observer told of every system call, or null
 * @param root directory of the host that the root file system shows, with all changes kept in
 *     memory; null for an empty one
 * @param terminal what /dev/tty and /dev/console are, or null if there is none
 * @param syscalls on which thread a system call runs
 * @param exitless whether calls may be answered without leaving the guest
 * @param patching whether busy calls may become jumps
 * @param parallelism who does the parts of large work
 * @param inodes whether an inode has a lock or a thread
 * @param researchCalls whether there are calls that Linux does not have, for experiments
 */
public record KernelOptions(
    MemoryPolicy memoryPolicy,
    @Nullable SyscallObserver observer,
    @Nullable HostDirectory root,
    @Nullable HostStream terminal,
    Policies syscalls,
    Exitless exitless,
    Patching patching,
    Parallelism parallelism,
    InodePolicies inodes,
    boolean researchCalls) {
  /** An empty root, nobody watching, no terminal. */
  public static final KernelOptions DEFAULT =
      new KernelOptions(
          MemoryPolicy.DEFAULT,
          null,
          null,
          null,
          Policies.ADAPTIVE,
          Exitless.AUTO,
          Patching.AUTO,
          Parallelism.ADAPTIVE,
          InodePolicies.LOCK,
          false);
}

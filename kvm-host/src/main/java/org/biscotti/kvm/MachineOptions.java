package org.biscotti.kvm;

import org.biscotti.kernel.KernelOptions;

/**
 * What a machine is to be like.
 *
 * @param memoryBytes guest-physical memory, a multiple of 4096
 * @param cpus number of vCPUs, 1 to 64
 * @param kernel how the kernel is to boot
 */
public record MachineOptions(long memoryBytes, int cpus, KernelOptions kernel) {
  /** The least memory with which a machine can start. */
  public static final long MEMORY_MIN = 16L << 20;

  /** The most vCPUs: the kernel keeps sets of them in a {@code long}. */
  public static final int CPUS_MAX = 64;

  /** Checks the ranges. */
  public MachineOptions {
    if (memoryBytes < MEMORY_MIN || memoryBytes % 4096 != 0) {
      throw new IllegalArgumentException("memory: " + memoryBytes);
    }
    if (cpus < 1 || cpus > CPUS_MAX) {
      throw new IllegalArgumentException("cpus: " + cpus);
    }
  }
}

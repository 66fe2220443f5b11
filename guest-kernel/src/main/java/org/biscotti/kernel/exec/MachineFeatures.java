package org.biscotti.kernel.exec;

import org.biscotti.kernel.abi.Auxv;

/**
 * What programs are told about the processor in their auxiliary vector.
 *
 * @param hwcap AT_HWCAP: EDX of CPUID leaf 1
 * @param hwcap2 AT_HWCAP2: bits such as {@link Auxv#HWCAP2_FSGSBASE}
 * @param minimumSignalStack AT_MINSIGSTKSZ: bytes that a signal frame needs, vector state included
 */
public record MachineFeatures(long hwcap, long hwcap2, long minimumSignalStack) {}

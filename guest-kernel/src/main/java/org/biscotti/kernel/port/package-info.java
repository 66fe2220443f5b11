/**
 * What the kernel stands on: a processor that runs programs, memory, clocks, and the devices of the
 * host. The machine (kvm-host) and the devices module implement these; unit tests bring simple ones
 * of their own, so the kernel runs and is tested without KVM.
 */
@NullMarked
package org.biscotti.kernel.port;

import org.jspecify.annotations.NullMarked;

/**
 * The machine: KVM's handles, guest memory, vCPUs as the kernel's {@link
 * org.biscotti.kernel.port.GuestCpu}, and the threads that run them.
 *
 * <p>Each vCPU belongs to one platform thread, and only that thread touches it, except for {@code
 * kick}. Nothing here knows what a system call means.
 */
@NullMarked
package org.biscotti.kvm;

import org.jspecify.annotations.NullMarked;

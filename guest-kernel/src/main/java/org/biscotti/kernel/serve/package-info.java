/**
 * Who serves a system call, on which thread, and how the answer gets back.
 *
 * <p>A call reaches the kernel in two ways. By an exit: the vCPU's thread takes it. Through the
 * vCPU's {@link org.biscotti.kernel.serve.SyscallRing}: the program stays in the guest and waits
 * for an answer in shared memory, and a vCPU thread that has nothing to run ({@link
 * org.biscotti.kernel.serve.Server}) takes it. In both cases a {@link
 * org.biscotti.kernel.serve.SyscallPolicy} decides on which thread the handler runs.
 *
 * <h2>Invariants</h2>
 *
 * <ul>
 *   <li>A {@link org.biscotti.kernel.serve.Call} has one owner at a time; its state, changed by
 *       compare-and-set, says who. The owner alone touches the task while it is in a call.
 *   <li>A vCPU does not switch tasks while somebody has taken its call: it waits, or moves the call
 *       off itself, which makes the call a new object and the old one's late answer harmless.
 *   <li>Nothing on a request page is believed: it is copied once, and is no more than the arguments
 *       of a call that the program could have made anyway. A forged request, posted by a program
 *       that goes on running, is served like any other; the vCPU waits for it to be over before it
 *       touches the task itself.
 *   <li>While nobody serves, nobody spins, in the guest or here.
 * </ul>
 */
@NullMarked
package org.biscotti.kernel.serve;

import org.jspecify.annotations.NullMarked;

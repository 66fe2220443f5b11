/**
 * How processes talk to each other and wait for each other: pipes and FIFOs, eventfd, timerfd,
 * epoll, sockets of the local family, and record locks.
 *
 * <p>Everything here is an {@link org.biscotti.kernel.fs.OpenFile} with a {@link
 * org.biscotti.kernel.wait.WaitQueue}. A call first tries, under the object's lock. If it has to
 * wait, it leaves the lock, adds itself to the queue and tries again; whoever changes the object
 * wakes the queue after it has left the lock. So a wake goes from thread to thread with no pool
 * between, and no lock is held while anybody waits.
 *
 * <h2>Invariants</h2>
 *
 * <ul>
 *   <li>A call that has moved a byte does not throw {@link org.biscotti.kernel.wait.MustWait}: a
 *       write that may not wait writes everything or finds out first that it cannot.
 *   <li>Bytes in flight are in the heap and charged to a {@link org.biscotti.kernel.ipc.Budget};
 *       when that is used up, a call fails.
 *   <li>Readiness ({@code readyEvents}) is read without a lock, so that an epoll may ask for it
 *       whatever its caller holds.
 * </ul>
 *
 * <h2>Lock order</h2>
 *
 * <p>Ranks are in {@link org.biscotti.kernel.wait.LockRank}. The lock of a pipe or a socket's queue
 * (STREAM; of two, the one with the lower number first) is held while user memory is copied, so it
 * comes before the address space. Listeners of a wait queue run without it.
 */
@NullMarked
package org.biscotti.kernel.ipc;

import org.jspecify.annotations.NullMarked;

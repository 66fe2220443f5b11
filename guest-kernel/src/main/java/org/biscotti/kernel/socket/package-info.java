/**
 * Sockets of the local family (unix(7)): streams, datagrams and sequenced packets between
 * processes, with descriptors and identities that travel with them.
 *
 * <p>What is sent is a {@link org.biscotti.kernel.socket.Message} in the queue of the socket that
 * receives it, charged to the one that sent it: a socket may send while what of its messages nobody
 * has received is less than its buffer.
 *
 * <h2>Invariants</h2>
 *
 * <ul>
 *   <li>Who is connected to whom, who listens and who has which name changes under the one lock of
 *       {@link org.biscotti.kernel.socket.Sockets}.
 *   <li>A closed socket takes no message: it says so under the lock of its queue.
 *   <li>A file in a message has a reference of its own. Files of messages that nobody receives are
 *       closed with no lock held and never recursively. A socket that waits in its own queue, or
 *       two in each other's, are closed by nobody: Linux collects such cycles, this kernel does
 *       not.
 * </ul>
 *
 * <h2>Lock order</h2>
 *
 * <p>SOCKETS (connections and names), then STREAM (one socket's queue), under which user memory is
 * filled. Wait queues are woken without either.
 */
@NullMarked
package org.biscotti.kernel.socket;

import org.jspecify.annotations.NullMarked;

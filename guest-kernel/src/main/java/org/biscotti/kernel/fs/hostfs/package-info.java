/**
 * File systems whose files are the host's, reached through {@link
 * org.biscotti.kernel.port.HostDirectory} and nothing else.
 *
 * <ul>
 *   <li>{@link org.biscotti.kernel.fs.hostfs.OverlayFileSystem}: a tmpfs that starts out with what
 *       is in a host directory. Directories are looked at when they are first used, contents are
 *       copied into page frames when they are first touched, and every change stays in memory: the
 *       host is never written. What has been looked at once is not looked at again, so later
 *       changes on the host are not seen.
 *   <li>{@link org.biscotti.kernel.fs.hostfs.MountedFileSystem}: the host directory as it is, now.
 *       Every lookup asks the host; if the user allows it, every change goes to the host before the
 *       call returns.
 *   <li>{@link org.biscotti.kernel.fs.hostfs.SingleFile}: one host file, and nothing beside it.
 * </ul>
 *
 * <h2>Invariants</h2>
 *
 * <ul>
 *   <li>Names go to the host one component at a time. Symbolic links are resolved by the path walk
 *       of this kernel, so they lead to where the guest sees their target, never out of the mount.
 *   <li>A page of a host file is in a frame, never mapped from the host: a file that shrinks there
 *       gives an error to the program that reads it (EIO, or SIGBUS through a mapping).
 *   <li>A host file is open on the host only while somebody in the guest uses it.
 *   <li>Heap taken by names and inodes of an overlay is charged to its limit; when that is reached
 *       a lookup fails with ENOMEM.
 * </ul>
 *
 * <p>Lock order is that of {@link org.biscotti.kernel.fs}. The lock of a {@link
 * org.biscotti.kernel.fs.hostfs.HostHandle} is a leaf. The host is called with inode locks held,
 * and by page faults with the lock of their address space.
 */
@NullMarked
package org.biscotti.kernel.fs.hostfs;

import org.jspecify.annotations.NullMarked;

/**
 * Memory: frames, page tables, address spaces, and the one door through which the kernel touches a
 * program's memory.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Every non-zero leaf entry of a page table holds one reference to its frame.
 *   <li>A translation that is taken away or weakened (a <em>downgrade</em>) is first stored, then
 *       announced to the machine with {@link org.biscotti.kernel.port.MemoryBacking#downgraded},
 *       then waited out of every {@link UserMemory} of the address space; only then is the frame
 *       released. A frame with a reference is never handed out again.
 *   <li>Page tables stay until their address space is closed, and are used again only after {@link
 *       org.biscotti.kernel.port.MemoryBacking#tablesReleased}.
 *   <li>Nothing about a user page is a Java object; a fault, and a copy to or from user memory,
 *       allocates nothing.
 * </ul>
 *
 * <p>Lock order ({@link org.biscotti.kernel.wait.LockRank}): the lock of an {@link AddressSpace},
 * then the page cache locks that a {@link PageSource} takes in its {@code page} methods, then the
 * lock of the {@link FrameAllocator}, which is innermost of all. No two address spaces are locked
 * at once. A {@link UserMemory} holds no lock while it copies: it announces a section, which an
 * address space waits for after a downgrade, and which never waits for anything.
 */
@NullMarked
package org.biscotti.kernel.mem;

import org.jspecify.annotations.NullMarked;

/**
 * Files: what every file system shares. Names and the tree they form, inodes, open file
 * descriptions, descriptor tables, path resolution and permission checks. The file systems
 * themselves are in the packages below this one, which depend on it and never the other way round.
 *
 * <p>Terms are Linux'. A {@link org.biscotti.kernel.fs.Dentry} is a name in a directory, an {@link
 * org.biscotti.kernel.fs.Inode} the file it names, an {@link org.biscotti.kernel.fs.OpenFile} an
 * open file description (open(2)), shared by the descriptors that dup(2) and fork(2) make of it. A
 * {@link org.biscotti.kernel.fs.FileSystem} is mounted in one place at most, so a dentry alone says
 * where in the tree it is. Names and paths are Strings that hold bytes, one per char (ISO 8859-1):
 * no byte is lost, and none is interpreted but slash and NUL.
 *
 * <h2>Invariants</h2>
 *
 * <ul>
 *   <li>Names are looked up without a lock; a directory is changed only by whoever has its inode.
 *   <li>A dentry that {@link org.biscotti.kernel.fs.Dentry#unlinked is unlinked} never comes back.
 *   <li>The frames of a file are given back when it has neither a link nor a user (an open file, a
 *       mapping). From then on it is dead: it can no longer be opened and takes no frame.
 *   <li>A page beyond the end of a file cannot be reached, even if fallocate(2) has provided it;
 *       truncation makes the bytes of the last page beyond the end zero.
 * </ul>
 *
 * <h2>Lock order</h2>
 *
 * <p>{@link org.biscotti.kernel.wait.LockRank} has the ranks; they are checked under {@code -ea}.
 * In words: position of an open file, then the file system's rename lock, then inodes (a parent
 * before its child, a directory before what is none, otherwise the lower number first), then what
 * the user copy needs (address space), then a file's page cache lock. The page cache lock is a
 * leaf: a page fault takes it while the address space is locked, so nothing is copied to or from a
 * program under it.
 *
 * <p>To hold an inode's lock means to have the inode ({@link org.biscotti.kernel.fs.InodeAccess}):
 * by a lock, or because one's operation is what the inode's thread does. The order is the same, and
 * so are the checks. To add a policy, write an {@link org.biscotti.kernel.fs.InodePolicy} and name
 * it in {@link org.biscotti.kernel.fs.InodePolicies}; nothing else knows which there are.
 */
@NullMarked
package org.biscotti.kernel.fs;

import org.jspecify.annotations.NullMarked;

/**
 * tmpfs(5): a file system in memory, which is also the root of the tree. File contents are page
 * frames; names and inodes are Java objects, whose number and size are limited per file system, so
 * that no program can fill the kernel's heap with them.
 *
 * <p>Lock order is that of {@link org.biscotti.kernel.fs}; nothing here adds a lock.
 */
@NullMarked
package org.biscotti.kernel.fs.tmpfs;

import org.jspecify.annotations.NullMarked;

/**
 * procfs (proc(5)): processes and the system as files, made when they are read. Nothing is stored
 * here but the fixed part of the tree; inodes below a process are made by each lookup and compare
 * equal by number.
 *
 * <p>No locks: what is shown is asked of {@link org.biscotti.kernel.fs.ProcessView} and {@link
 * org.biscotti.kernel.fs.SystemView}, which answer with snapshots.
 */
@NullMarked
package org.biscotti.kernel.fs.proc;

import org.jspecify.annotations.NullMarked;

/**
 * Processes and their tasks, the run queue, futexes, and what of signals is state.
 *
 * <p>A task is owned by one thread at a time (see {@link org.biscotti.kernel.task.Task}). Lock
 * order: a process's lock, then the run queue's; neither is held while user memory is touched. The
 * futex table's lock is taken before an address space's, because the futex word is read under it.
 */
@NullMarked
package org.biscotti.kernel.task;

import org.jspecify.annotations.NullMarked;

/**
 * Seeing system calls: a trace in strace's format, statistics, and the page of the documentation
 * that lists them. All of it goes by the descriptions in {@link
 * org.biscotti.kernel.syscall.SyscallTable}.
 *
 * <p>Whoever watches is a {@link org.biscotti.kernel.syscall.SyscallObserver}; without one the
 * dispatcher does nothing for this package. What a program passes is hostile here as everywhere: a
 * trace reads a bounded number of bytes for each argument, prints a bounded line for each call, and
 * shows a pointer to nothing as a number.
 *
 * <p>Lock order: the lock of the output and those of the statistics are leaves; neither is held
 * while user memory is read.
 */
@NullMarked
package org.biscotti.kernel.trace;

import org.jspecify.annotations.NullMarked;

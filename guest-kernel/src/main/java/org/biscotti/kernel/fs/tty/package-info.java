/**
 * Terminals: pseudo-terminals with a line discipline (pty(7), termios(3)), and the console, which
 * is one whose master side the kernel moves to and from the host's terminal.
 *
 * <p>A {@link org.biscotti.kernel.fs.tty.Terminal} has one lock, which guards its modes, queues and
 * owners. Under it a program's memory may be written; signals are sent, and waiters woken, when it
 * has been given up.
 */
@NullMarked
package org.biscotti.kernel.fs.tty;

import org.jspecify.annotations.NullMarked;

/**
 * System calls: the one table of them, the dispatcher, and a class of handlers for each family.
 *
 * <p>To add a call, write a static method in the class of its family and a row in {@link
 * org.biscotti.kernel.syscall.SyscallTable}. A handler decodes, finds the object, acts and returns;
 * it keeps nothing, and touches user memory only through the task's {@code memory()} and {@code
 * buffer()}.
 */
@NullMarked
package org.biscotti.kernel.syscall;

import org.jspecify.annotations.NullMarked;

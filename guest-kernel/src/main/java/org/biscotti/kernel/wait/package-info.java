/**
 * Waiting. A system call starts on the vCPU thread that took its trap; if it turns out that it has
 * to wait, it is started again on a virtual thread, which may park. Whatever waits does so through
 * this package.
 */
@NullMarked
package org.biscotti.kernel.wait;

import org.jspecify.annotations.NullMarked;

/** Tests of who serves a system call. */
@NullMarked
package org.biscotti.kernel.serve;

import org.jspecify.annotations.NullMarked;

/**
 * The Linux x86-64 ABI as data: error numbers, flags, structure layouts. Nothing here has state or
 * depends on any other part of the kernel.
 *
 * <p>Sources are the man pages (section 2) and the uapi headers, whose values the tests compare
 * with what the C compiler says.
 */
@NullMarked
package org.biscotti.kernel.abi;

import org.jspecify.annotations.NullMarked;

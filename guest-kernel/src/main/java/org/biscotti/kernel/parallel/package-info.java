/**
 * Fine-grained parallelism inside one system call: work in independent parts, and who does them.
 * Nothing else in the kernel makes threads for the sake of speed.
 */
@NullMarked
package org.biscotti.kernel.parallel;

import org.jspecify.annotations.NullMarked;

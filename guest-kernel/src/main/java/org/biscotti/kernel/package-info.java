/**
 * The kernel as a whole: it boots, loads programs and gives each vCPU its loop. Everything else is
 * in the packages below, each of which may use only those before it: abi, port, wait, mem, fs,
 * exec, task, syscall, trace.
 */
@NullMarked
package org.biscotti.kernel;

import org.jspecify.annotations.NullMarked;

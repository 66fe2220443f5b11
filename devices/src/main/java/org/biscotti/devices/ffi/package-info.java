/**
 * The C library, as far as the devices need it: the only restricted foreign calls of this module.
 *
 * <p>One class per topic, each method a thin wrapper of one function with the man page named. A
 * result is what the function returns, or {@code -errno} where it returns -1: nothing here throws
 * for an error of the host, so the caller decides what an error means. Calls that were interrupted
 * by a signal before they did anything are made again.
 *
 * <p>Invariants: handles are {@code static final} and called with {@code invokeExact}; errno is
 * captured by the linker into a {@link org.biscotti.devices.ffi.Scratch} that belongs to the call
 * alone; every pointer passed is a segment, so its lifetime and size are checked on this side of
 * the call. The layouts are those of x86-64 Linux; a test compares them with the C compiler's.
 */
@NullMarked
package org.biscotti.devices.ffi;

import org.jspecify.annotations.NullMarked;

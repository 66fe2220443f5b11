/**
 * Character devices and the host's streams: what is below /dev.
 *
 * <p>Lock order is that of {@link org.biscotti.kernel.fs}. Nothing here holds a lock while it
 * waits.
 */
@NullMarked
package org.biscotti.kernel.fs.dev;

import org.jspecify.annotations.NullMarked;

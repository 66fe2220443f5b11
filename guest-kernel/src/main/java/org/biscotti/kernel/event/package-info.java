/**
 * What the kernel tells the JDK's Flight Recorder; docs/events.md says what each event is for.
 *
 * <p>Without a recording an event costs nothing: its object does not leave the method that makes
 * it, so the compiler removes it. Events that come by the hundred thousand a second are throttled.
 * Depends on nothing of ours, so that everything can use it.
 */
@NullMarked
package org.biscotti.kernel.event;

import org.jspecify.annotations.NullMarked;

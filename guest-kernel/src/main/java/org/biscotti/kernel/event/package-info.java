/**
 * What the kernel tells the JDK's Flight Recorder; docs/events.md says what each event is for.
 *
 * <p>Where nothing is recorded an event costs nothing: {@link Events} gives none, and the compiler
 * knows. Events that come by the hundred thousand a second are throttled. Depends on nothing of
 * ours, so that everything can use it.
 */
@NullMarked
package org.biscotti.kernel.event;

import org.jspecify.annotations.NullMarked;

/**
 * Benchmarks of the whole machine, by JMH. A {@link org.biscotti.bench.Subject} is a program that
 * runs what it is told and says how long that took; the same benchmark drives one in the guest, a
 * native one, and the monitor in C that the machine is compared with.
 *
 * <p>What is compared runs on the same core, warm, one after the other. Numbers are medians of
 * JMH's iterations. A batch is so long that handing over the command does not show in it; {@link
 * org.biscotti.bench.OwnClock} proves that in every run.
 */
@NullMarked
package org.biscotti.bench;

import org.jspecify.annotations.NullMarked;

package org.biscotti.kernel.trace;

/**
 * What there is to say about all calls of one kind.
 *
 * @param name of the call
 * @param calls how often it has returned
 * @param errors how many of those failed
 * @param p50Nanos half of them took no longer, waiting included; within three per cent
 * @param p99Nanos 99 per cent of them took no longer
 * @param maxNanos the longest
 * @param totalNanos all of them together
 */
public record CallStatistics(
    String name,
    long calls,
    long errors,
    long p50Nanos,
    long p99Nanos,
    long maxNanos,
    long totalNanos) {}

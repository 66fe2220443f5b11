package org.biscotti.kernel.abi;

/**
 * What a timer is set to ({@code struct itimerspec}).
 *
 * @param left nanoseconds until the next expiry, 0 if it is not armed
 * @param interval nanoseconds between expiries, 0 for one expiry
 */
public record TimerSetting(long left, long interval) {}

package org.biscotti.kvm;

/**
 * What came of a program.
 *
 * @param code exit code as a shell gives it: 128 and the signal for a death by signal
 * @param output what it wrote to standard output, bytes as ISO 8859-1
 * @param errors what it wrote to standard error
 */
record Outcome(int code, String output, String errors) {}

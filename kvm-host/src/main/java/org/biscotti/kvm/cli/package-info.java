/**
 * The command line: what a user types becomes a machine, its mounts and one program, and what comes
 * of it becomes an exit code and, when something is wrong, one line on standard error.
 *
 * <p>Invariants. Every failure that a user can cause is a {@link
 * org.biscotti.kvm.cli.CommandException} with one line that says what to do; a stack trace is shown
 * only when the environment has {@code BISCOTTI_DEBUG=1}. The exit code is the program's own, or
 * 128 and the signal, or one of {@link org.biscotti.kvm.cli.ExitCode}.
 *
 * <p>Start-up time is the user's, so: command specifications are built with picocli's programmatic
 * API (its annotations cost 50 ms of reflection); Log4j, JSON and statistics are loaded by the
 * commands that need them. Strings that go to the guest are strings of bytes as ISO 8859-1, see
 * {@link org.biscotti.kvm.cli.HostText}.
 *
 * <p>There are no locks here; {@link org.biscotti.kvm.cli.Interruption} hands the one thing that
 * two threads share, the running program, over in an atomic reference.
 */
@NullMarked
package org.biscotti.kvm.cli;

import org.jspecify.annotations.NullMarked;

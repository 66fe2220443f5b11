package org.biscotti.kvm.cli;

import java.util.Locale;
import org.biscotti.kvm.Machine.ExitTotals;
import org.biscotti.kvm.Machine.HostKind;

/**
 * What {@code --stats} prints.
 *
 * @param counts of the machine
 * @param start when all this began
 * @param mainNanos when the JVM had come to our main method, by System.nanoTime
 * @param calls table of system calls, each line with its end
 */
record StatisticsReport(MachineCounts counts, StartTime start, long mainNanos, String calls) {
  private static final double NANOS_PER_MILLI = 1e6;
  private static final int PAGE_KIB = 4;

  /** The report, each line with its end. */
  String text() {
    return """

    start:  %s
    host:   %s
    calls:  %s
    exits:  %s
    %smemory: %s

    %s\
    """
        .formatted(
            startLine(), hostLine(), callLine(), exitLine(), inodeLine(), memoryLine(), calls);
  }

  private String startLine() {
    if (counts.firstInstructionNanos() == 0) {
      return "no program was started";
    }
    return "%s ms from %s to the program's first instruction, of which %s ms to main"
        .formatted(
            millis(counts.firstInstructionNanos() - start.nanoTime()),
            start.name(),
            millis(mainNanos - start.nanoTime()));
  }

  private static String millis(long nanos) {
    return String.format(Locale.ROOT, "%.1f", nanos / NANOS_PER_MILLI);
  }

  private String hostLine() {
    HostKind host = counts.host();
    return "ring-%d entry, %s paging, time-stamp counters %s"
        .formatted(
            host.ring0Entry() ? 0 : 3,
            host.shadowPaging() ? "shadow" : "nested",
            host.tscReliable() ? "agree" : "differ");
  }

  private String callLine() {
    return "%s answered without an exit, %s by one"
        .formatted(
            number(counts.ringCalls()),
            number(counts.exits().systemCalls() + counts.exits().postedCalls()));
  }

  private String exitLine() {
    ExitTotals exits = counts.exits();
    long all =
        exits.systemCalls()
            + exits.postedCalls()
            + exits.pageFaults()
            + exits.faults()
            + exits.kicks()
            + exits.others();
    return ("%s: %s system calls (%s after a wait in vain), %s page faults, %s other faults, "
            + "%s kicks, %s others")
        .formatted(
            number(all),
            number(exits.systemCalls() + exits.postedCalls()),
            number(exits.postedCalls()),
            number(exits.pageFaults()),
            number(exits.faults()),
            number(exits.kicks()),
            number(exits.others()));
  }

  /** With its end; empty if inodes have no threads. */
  private String inodeLine() {
    if (counts.inodeRequests() == 0) {
      return "";
    }
    return "inodes: %s operations by threads of inodes, at most %s at once%n"
        .formatted(number(counts.inodeRequests()), number(counts.inodeThreadsPeak()));
  }

  private String memoryLine() {
    return "the program had at most %s of %s pages of %d KiB"
        .formatted(number(counts.pagesPeak()), number(counts.pagesTotal()), PAGE_KIB);
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }
}

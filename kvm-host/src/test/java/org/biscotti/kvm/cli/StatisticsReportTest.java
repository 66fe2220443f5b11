package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.biscotti.kvm.Machine.ExitTotals;
import org.biscotti.kvm.Machine.HostKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatisticsReportTest {
  private static String report(long firstInstructionNanos, boolean hardware) {
    return report(firstInstructionNanos, hardware, 0, 0);
  }

  private static String report(
      long firstInstructionNanos, boolean hardware, long inodeRequests, int inodeThreads) {
    MachineCounts counts =
        new MachineCounts(
            new HostKind(hardware, !hardware, hardware),
            new ExitTotals(1_000_000, 7, 20_000, 300, 40, 5),
            5_000_000,
            inodeRequests,
            inodeThreads,
            384,
            262_112,
            firstInstructionNanos);
    StartTime start = new StartTime("run.sh", 1_000_000_000L);
    return new StatisticsReport(counts, start, 1_040_250_000L, "calls\n").text();
  }

  @Test
  void printsWhatWasCounted() {
    assertThat(report(1_312_500_000L, false))
        .isEqualTo(
            """

            start:  312.5 ms from run.sh to the program's first instruction, of which 40.3 ms to main
            host:   ring-3 entry, shadow paging, time-stamp counters differ
            calls:  5,000,000 answered without an exit, 1,000,007 by one
            exits:  1,020,352: 1,000,007 system calls (7 after a wait in vain), 20,000 page faults, 300 other faults, 40 kicks, 5 others
            memory: the program had at most 384 of 262,112 pages of 4 KiB

            calls
            """);
  }

  @Test
  void knowsOtherHosts() {
    assertThat(report(0, true))
        .contains(
            "start:  no program was started\n",
            "host:   ring-0 entry, nested paging, time-stamp counters agree\n");
  }

  @Test
  void tellsOfThreadsOfInodesIfThereAreAny() {
    assertThat(report(0, true)).doesNotContain("inodes:");
    assertThat(report(0, true, 12_345, 405))
        .contains(
            "\ninodes: 12,345 operations by threads of inodes, at most 405 at once\nmemory: ");
  }

  @Test
  void readsTheScriptsTime() {
    Instant expected = Instant.ofEpochSecond(1_700_000_000L, 123_456_000L);
    assertThat(StartTime.parse("1700000000.123456")).isEqualTo(expected);
    assertThat(StartTime.parse("1700000000,123456")).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "1700000000", "1700000000.1234567", "x.123456", "9999999999999.000000"})
  void passesOverOtherTimes(String text) {
    assertThat(StartTime.parse(text)).isNull();
    assertThat(StartTime.parse(null)).isNull();
  }

  @Test
  void findsATimeThatHasPassed() {
    assertThat(StartTime.find().nanoTime()).isLessThanOrEqualTo(System.nanoTime());
  }
}

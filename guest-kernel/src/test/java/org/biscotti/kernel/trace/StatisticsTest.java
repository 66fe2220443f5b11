package org.biscotti.kernel.trace;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.junit.jupiter.api.Test;

class StatisticsTest {
  private static final int READ = 0;
  private static final int WRITE = 1;

  @Test
  void callsAreCountedOverAllCpus() {
    Statistics statistics = new Statistics(2);
    statistics.record(0, READ, 5, 1000);
    statistics.record(1, READ, -Errno.EBADF, 3000);
    statistics.record(2, READ, 0, 1000);
    statistics.record(0, WRITE, 1, 50);
    assertThat(statistics.calls())
        .containsExactly(
            new CallStatistics("read", 3, 1, 1007, 3000, 3000, 5000),
            new CallStatistics("write", 1, 0, 50, 50, 50, 50));
  }

  @Test
  void numbersWithoutACallShareALine() {
    Statistics statistics = new Statistics(1);
    for (long number : new long[] {-1, 335, 100_000, Integer.MIN_VALUE}) {
      statistics.record(0, number, -Errno.ENOSYS, 10);
    }
    assertThat(statistics.calls())
        .containsExactly(new CallStatistics("(unknown)", 4, 4, 10, 10, 10, 40));
  }

  @Test
  void addressesAreNoErrors() {
    Statistics statistics = new Statistics(1);
    statistics.record(0, READ, -Errno.MAX_ERRNO - 1, 1);
    assertThat(statistics.calls().getFirst().errors()).isZero();
  }

  @Test
  void theReportIsATable() {
    Statistics statistics = new Statistics(1);
    statistics.record(0, READ, 5, 2_000);
    statistics.record(0, WRITE, -Errno.EIO, 1_500_000);
    assertThat(statistics.report().lines())
        .containsExactly(
            "call                          calls   errors     p50 µs     p99 µs     max µs     total ms",
            "write                             1        1     1500.0     1500.0     1500.0        1.500",
            "read                              1        0        2.0        2.0        2.0        0.002",
            "total                             2        1                                         1.502");
  }

  @Test
  void recordingAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Statistics statistics = new Statistics(1);
    long[] least = {Long.MAX_VALUE};
    for (int round = 0; round < 5; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 10_000; i++) {
        statistics.record(0, READ, i, i * 100L);
      }
      long bytes = threads.getCurrentThreadAllocatedBytes() - before;
      least[0] = Math.min(least[0], bytes);
    }
    assertThat(least[0]).as("bytes for 10,000 calls").isLessThan(1000);
  }

  @Test
  void nothingIsLostWhenThreadsMeet() throws InterruptedException {
    Statistics statistics = new Statistics(1);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int n = 0; n < 10_000; n++) {
                  statistics.record(n & 1, READ, 0, 1);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(statistics.calls().getFirst().calls()).isEqualTo(40_000);
  }
}

package org.biscotti.bench.figures;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SmallfileFigureTest {
  @Test
  void findsTheThreadsOfInodesInTheStatistics() {
    List<String> report =
        List.of(
            "",
            "exits:  12: 3 system calls",
            "inodes: 483,611 operations by threads of inodes, at most 1,405 at once",
            "memory: the program had at most 384 of 262,112 pages of 4 KiB");
    assertThat(SmallfileFigure.threadsPeak(report)).isEqualTo(1405);
    assertThat(SmallfileFigure.threadsPeak(report.subList(0, 2))).isZero();
  }
}

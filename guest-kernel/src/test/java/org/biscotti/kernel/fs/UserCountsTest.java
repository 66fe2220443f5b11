package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;

import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.junit.jupiter.api.Test;

class UserCountsTest {
  private final UserCounts counts = new UserCounts(Kind.SIGNAL);

  @Test
  void aUserMayGoOverHisLimitOnceAndNobodyElseIsHeldUp() {
    assertThat(counts.add(1000, 3, 2)).isTrue();
    assertThat(counts.add(1000, 1, 2)).isFalse();
    assertThat(counts.of(1000)).isEqualTo(3);
    assertThat(counts.add(1001, 1, 0)).isTrue();
    assertThat(counts.add(1000, 5, -1)).as("no limit").isTrue();
    assertThat(counts.of(1000)).isEqualTo(8);
  }

  @Test
  void whatIsGivenBackIsThereAgain() {
    assertThat(counts.add(1000, 2, 1)).isTrue();
    counts.remove(1000, 1);
    assertThat(counts.add(1000, 1, 1)).isTrue();
    counts.remove(1000, 2);
    assertThat(counts.of(1000)).isZero();
    counts.remove(1000, 1);
    assertThat(counts.of(1000)).as("never below none").isZero();
  }
}

package org.biscotti.kernel.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class HostRandomTest {
  private static final HostRandom RANDOM = HostRandom.SOURCE;

  @Test
  void fillsWhatItIsAskedToAndNoMore() {
    byte[] bytes = new byte[64];
    RANDOM.nextBytes(bytes, 32);
    assertThat(Arrays.copyOf(bytes, 32)).isNotEqualTo(new byte[32]);
    assertThat(Arrays.copyOfRange(bytes, 32, 64)).isEqualTo(new byte[32]);
    RANDOM.nextBytes(bytes);
    assertThat(Arrays.copyOfRange(bytes, 32, 64)).isNotEqualTo(new byte[32]);
    assertThatThrownBy(() -> RANDOM.nextBytes(bytes, 65))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void everyBitOfALongComesUp() {
    long ones = 0;
    long zeroes = 0;
    for (int i = 0; i < 100; i++) {
      long value = RANDOM.nextLong();
      ones |= value;
      zeroes |= ~value;
    }
    assertThat(ones).isEqualTo(-1);
    assertThat(zeroes).isEqualTo(-1);
  }

  @Test
  void makesUuidsOfTheRandomKind() {
    Set<UUID> all = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      UUID uuid = RANDOM.nextUuid();
      assertThat(uuid.version()).isEqualTo(4);
      assertThat(uuid.variant()).isEqualTo(2);
      all.add(uuid);
    }
    assertThat(all).hasSize(100);
  }
}

package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.junit.jupiter.api.Test;

class CapturedStreamTest {
  private final CapturedStream stream = new CapturedStream(5);

  private int write(String text) {
    return stream.write(MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void keepsWhatIsWrittenUpToItsLimit() {
    assertThat(write("abc")).isEqualTo(3);
    assertThat(write("")).isZero();
    assertThat(write("defg")).isEqualTo(2);
    assertThat(stream.text()).isEqualTo("abcde");
    assertThatThrownBy(() -> write("h"))
        .isInstanceOfSatisfying(
            ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOSPC));
  }

  @Test
  void isAPipeWithNothingToRead() {
    assertThat(stream.mode() >> 12).isEqualTo(1);
    assertThat(stream.read(MemorySegment.ofArray(new byte[8]))).isZero();
    assertThat(stream.isTerminal()).isFalse();
    assertThatThrownBy(() -> stream.seek(0, 0))
        .isInstanceOfSatisfying(
            ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ESPIPE));
  }
}

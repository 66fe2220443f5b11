package org.biscotti.kernel.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/** Offsets are those of {@code siginfo_t} and {@code struct signalfd_siginfo} on x86-64. */
class SignalInfoTest {
  private static ByteBuffer read(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void aSenderIsWhereTheCLibraryLooks() {
    SignalInfo info = SignalInfo.sent(Signals.SIGUSR1, SignalInfo.SI_TKILL, 77, 1000);
    byte[] bytes = info.encode();
    assertThat(bytes).hasSize(128);
    ByteBuffer b = read(bytes);
    assertThat(b.getInt(0)).isEqualTo(10);
    assertThat(b.getInt(4)).isZero();
    assertThat(b.getInt(8)).isEqualTo(-6);
    assertThat(b.getInt(16)).isEqualTo(77);
    assertThat(b.getInt(20)).isEqualTo(1000);
  }

  @Test
  void aTimerKeepsNumberOverrunAndValueApart() {
    ByteBuffer b = read(SignalInfo.timer(34, 5, 0, -2).withOverrun(-3).encode());
    assertThat(b.getInt(16)).isEqualTo(5);
    assertThat(b.getInt(20)).isEqualTo(-3);
    assertThat(b.getLong(24)).isEqualTo(-2);
  }

  @Test
  void aChildTellsHowItEnded() {
    ByteBuffer b =
        read(SignalInfo.child(SignalInfo.CLD_KILLED, 9, 1, Signals.SIGKILL, 4, 5).encode());
    assertThat(b.getInt(0)).isEqualTo(Signals.SIGCHLD);
    assertThat(b.getInt(16)).isEqualTo(9);
    assertThat(b.getInt(24)).isEqualTo(Signals.SIGKILL);
    assertThat(b.getLong(32)).isEqualTo(4);
    assertThat(b.getLong(40)).isEqualTo(5);
  }

  @Test
  void whatAProgramGaveComesBack() {
    byte[] given = new byte[SignalInfo.BYTES];
    for (int i = 0; i < SignalInfo.USED_BYTES; i++) {
      given[i] = (byte) (i < 12 || i >= 16 ? i + 1 : 0);
    }
    assertThat(SignalInfo.decode(given).encode()).isEqualTo(given);
  }

  @Test
  void aDescriptorTellsWhatFitsTheCode() {
    ByteBuffer fault =
        read(
            SignalInfo.fault(Signals.SIGSEGV, SignalInfo.SEGV_MAPERR, 0x1234_5678_9abcL)
                .encodeForDescriptor());
    assertThat(fault.getLong(72)).isEqualTo(0x1234_5678_9abcL);
    assertThat(fault.getInt(12)).isZero();
    ByteBuffer queued =
        read(new SignalInfo(40, 0, SignalInfo.SI_QUEUE, 7, 42, 0, 0).encodeForDescriptor());
    assertThat(queued.getInt(12)).isEqualTo(7);
    assertThat(queued.getInt(44)).isEqualTo(42);
    assertThat(queued.getLong(48)).isEqualTo(42);
    ByteBuffer timer = read(SignalInfo.timer(40, 3, 8, 9).encodeForDescriptor());
    assertThat(timer.getInt(24)).isEqualTo(3);
    assertThat(timer.getInt(32)).isEqualTo(8);
    assertThat(timer.getInt(12)).isZero();
  }
}

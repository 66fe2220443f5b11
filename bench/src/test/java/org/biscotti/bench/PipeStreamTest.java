package org.biscotti.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.biscotti.kernel.abi.ErrnoException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PipeStreamTest {
  private final PipeStream pipe = new PipeStream();
  private final AtomicInteger wakes = new AtomicInteger();

  private static MemorySegment segment(int... bytes) {
    MemorySegment segment = MemorySegment.ofArray(new byte[bytes.length]);
    for (int i = 0; i < bytes.length; i++) {
      segment.set(ValueLayout.JAVA_BYTE, i, (byte) bytes[i]);
    }
    return segment;
  }

  @Test
  void guestReadsWhatIsSentInPieces() throws IOException {
    assertThat(pipe.read(segment(0, 0))).isEqualTo(-1);
    pipe.send(new byte[] {1, 2, 3});
    MemorySegment two = segment(0, 0);
    assertThat(pipe.read(two)).isEqualTo(2);
    assertThat(two.toArray(ValueLayout.JAVA_BYTE)).containsExactly(1, 2);
    assertThat(pipe.read(two)).isEqualTo(1);
    assertThat(two.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 3);
    assertThat(pipe.read(two)).isEqualTo(-1);
  }

  @Test
  void readerIsWokenOnceBySend() throws IOException {
    pipe.awaitReadable(wakes::incrementAndGet);
    assertThat(wakes).hasValue(0);
    pipe.send(new byte[] {1});
    pipe.send(new byte[] {2});
    assertThat(wakes).hasValue(1);
  }

  @Test
  void readerOfWhatIsThereIsWokenAtOnce() throws IOException {
    pipe.send(new byte[] {1});
    pipe.awaitReadable(wakes::incrementAndGet);
    assertThat(wakes).hasValue(1);
  }

  @Test
  void receiveWaitsForAllBytes() throws Exception {
    byte[] answer = new byte[3];
    CompletableFuture<Void> received =
        CompletableFuture.runAsync(() -> {
          try {
            pipe.receive(answer);
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
    assertThat(pipe.write(segment(1, 2))).isEqualTo(2);
    assertThat(received).isNotDone();
    assertThat(pipe.write(segment(3))).isEqualTo(1);
    received.get(30, TimeUnit.SECONDS);
    assertThat(answer).containsExactly(1, 2, 3);
  }

  @Test
  void fullPipeTakesNothingUntilItIsRead() throws IOException {
    int room = 0;
    while (pipe.write(segment(7)) == 1) {
      room++;
    }
    assertThat(room).isEqualTo(4096);
    pipe.awaitWritable(wakes::incrementAndGet);
    assertThat(wakes).hasValue(0);
    pipe.receive(new byte[100]);
    assertThat(wakes).hasValue(1);
    assertThat(pipe.write(segment(8))).isEqualTo(1);
  }

  @Test
  void endedPipeGivesWhatItHasAndThenEnds() throws IOException {
    pipe.send(new byte[] {1});
    pipe.awaitReadable(wakes::incrementAndGet);
    pipe.close();
    assertThat(pipe.read(segment(0, 0))).isEqualTo(1);
    assertThat(pipe.read(segment(0, 0))).isZero();
    assertThatThrownBy(() -> pipe.receive(new byte[1])).isInstanceOf(EOFException.class);
    assertThatThrownBy(() -> pipe.send(new byte[1])).isInstanceOf(EOFException.class);
    assertThatThrownBy(() -> pipe.write(segment(1))).isInstanceOf(ErrnoException.class);
  }

  @Test
  void closeWakesWhoeverWaits() throws Exception {
    pipe.awaitReadable(wakes::incrementAndGet);
    CompletableFuture<Throwable> failure =
        CompletableFuture.supplyAsync(() -> {
          try {
            pipe.receive(new byte[1]);
            return new AssertionError("received from an empty pipe");
          } catch (IOException e) {
            return e;
          }
        });
    pipe.close();
    assertThat(wakes).hasValue(1);
    assertThat(failure.get(30, TimeUnit.SECONDS)).isInstanceOf(EOFException.class);
  }
}

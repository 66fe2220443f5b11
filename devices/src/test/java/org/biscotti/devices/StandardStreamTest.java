package org.biscotti.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.biscotti.devices.ffi.FileCalls;
import org.biscotti.devices.ffi.OpenCalls;
import org.biscotti.devices.ffi.PollCalls;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Streams of every kind: none may wait, none may be read ahead, none may be changed for others. */
@Timeout(60)
class StandardStreamTest {
  private static final int S_IFMT = 0xF000;
  private static final int ICANON = 2;

  private final ReadinessThread readiness = new ReadinessThread();

  private StandardStream stream(int fd) {
    return new StandardStream(fd, readiness);
  }

  private static void assertErrno(int errno, ThrowingCallable call) {
    assertThatExceptionOfType(ErrnoException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(Errno.name(e.errno())).isEqualTo(Errno.name(errno)));
  }

  private static String read(StandardStream stream, int most) {
    byte[] bytes = new byte[most];
    int read = stream.read(MemorySegment.ofArray(bytes));
    return read < 0 ? "nothing yet" : new String(bytes, 0, read, StandardCharsets.ISO_8859_1);
  }

  private static int write(StandardStream stream, String text) {
    return stream.write(MemorySegment.ofArray(text.getBytes(StandardCharsets.ISO_8859_1)));
  }

  @Test
  void pipeToRead() {
    int[] pipe = TestStreams.pipe();
    try (StandardStream stream = stream(pipe[0]);
        Arena arena = Arena.ofConfined()) {
      assertThat(stream.mode() & S_IFMT).isEqualTo(0x1000);
      assertThat(stream.isTerminal()).isFalse();
      assertThat(read(stream, 10)).isEqualTo("nothing yet");
      assertThat(stream.ready()).isZero();
      TestStreams.write(pipe[1], "for the guest, for the shell");
      assertThat(stream.ready()).isEqualTo(PollCalls.POLLIN);
      assertThat(read(stream, 15)).isEqualTo("for the guest, ");
      assertThat(TestStreams.read(pipe[0], 3)).isEqualTo("for");
      MemorySegment segment = arena.allocate(100);
      assertThat(stream.read(segment)).isEqualTo(10);
      assertThat(segment.get(ValueLayout.JAVA_BYTE, 9)).isEqualTo((byte) 'l');
      TestStreams.close(pipe[1]);
      assertThat(stream.ready() & PollCalls.POLLHUP).isNotZero();
      assertThat(read(stream, 10)).isEmpty();
      assertErrno(Errno.ESPIPE, () -> stream.seek(0, 0));
      assertErrno(Errno.ESPIPE, () -> stream.readAt(segment, 0));
      assertErrno(Errno.ENOTTY, stream::terminalAttributes);
      assertErrno(Errno.ENOTTY, stream::windowSize);
      assertThat(stream.size()).isZero();
    } finally {
      TestStreams.close(pipe[0]);
    }
  }

  @Test
  void pipeToWrite() {
    int[] pipe = TestStreams.pipe();
    int before = OpenCalls.statusFlags(pipe[1]);
    try (StandardStream stream = stream(pipe[1])) {
      int written = fill(stream);
      assertThat(written).isGreaterThanOrEqualTo(4096);
      assertThat(stream.ready() & PollCalls.POLLOUT).isZero();
      assertThat(OpenCalls.statusFlags(pipe[1])).isEqualTo(before);
      assertThat(drain(pipe[0], written)).isEqualTo(written);
      assertThat(write(stream, "again")).isEqualTo(5);
      TestStreams.close(pipe[0]);
      assertErrno(Errno.EPIPE, () -> write(stream, "x"));
    } finally {
      TestStreams.close(pipe[1]);
    }
  }

  /** Writes until nothing is taken any more; would never return if a write waited. */
  private static int fill(StandardStream stream) {
    int total = 0;
    String piece = "y".repeat(10_000);
    for (int written = write(stream, piece); written >= 0; written = write(stream, piece)) {
      total += written;
      assertThat(total).isLessThan(1 << 26);
    }
    return total;
  }

  private static int drain(int fd, int want) {
    int got = 0;
    while (got < want) {
      got += TestStreams.read(fd, Math.min(1 << 16, want - got)).length();
    }
    return got;
  }

  @Test
  void sockets() {
    int[] pair = TestStreams.sockets();
    try (StandardStream stream = stream(pair[0])) {
      assertThat(read(stream, 10)).isEqualTo("nothing yet");
      TestStreams.write(pair[1], "hello");
      assertThat(read(stream, 2)).isEqualTo("he");
      assertThat(read(stream, 10)).isEqualTo("llo");
      int written = fill(stream);
      assertThat(drain(pair[1], written)).isEqualTo(written);
      TestStreams.close(pair[1]);
      assertErrno(Errno.EPIPE, () -> write(stream, "x"));
    } finally {
      TestStreams.close(pair[0]);
    }
  }

  @Test
  void terminals() {
    int[] terminal = TestStreams.terminal(43, 132);
    try (StandardStream stream = stream(terminal[1])) {
      assertThat(stream.isTerminal()).isTrue();
      assertThat(stream.mode() & S_IFMT).isEqualTo(0x2000);
      assertThat(stream.windowSize()).isEqualTo(43 << 16 | 132);
      byte[] attributes = stream.terminalAttributes();
      assertThat(attributes).hasSize(36);
      int local = ByteBuffer.wrap(attributes).order(ByteOrder.LITTLE_ENDIAN).getInt(12);
      assertThat(local & ICANON).isNotZero();
      assertThat(read(stream, 10)).isEqualTo("nothing yet");
      TestStreams.write(terminal[0], "one line\nrest");
      assertThat(read(stream, 100)).isEqualTo("one line\n");
      assertThat(read(stream, 100)).isEqualTo("nothing yet");
      assertThat(write(stream, "out\n")).isEqualTo(4);
      assertThat(OpenCalls.statusFlags(terminal[1]) & OpenCalls.O_NONBLOCK).isZero();
      assertThat(fill(stream)).isPositive();
    } finally {
      TestStreams.close(terminal);
    }
  }

  @Test
  void regularFiles(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "0123456789");
    int fd = OpenCalls.open(OpenCalls.AT_FDCWD, file.toString(), OpenCalls.O_RDWR, 0, 0);
    try (StandardStream stream = stream(fd)) {
      assertThat(stream.size()).isEqualTo(10);
      assertThat(read(stream, 4)).isEqualTo("0123");
      // The offset is the one that the caller's shell shares.
      assertThat(FileCalls.seek(fd, 0, 1)).isEqualTo(4);
      byte[] two = new byte[2];
      assertThat(stream.readAt(MemorySegment.ofArray(two), 8)).isEqualTo(2);
      assertThat(two).containsExactly('8', '9');
      assertThat(stream.seek(-1, 2)).isEqualTo(9);
      assertErrno(Errno.EINVAL, () -> stream.seek(-1, 0));
      assertErrno(Errno.EINVAL, () -> stream.readAt(MemorySegment.ofArray(two), -1));
      assertThat(write(stream, "abc")).isEqualTo(3);
      assertThat(read(stream, 10)).isEmpty();
      assertThat(stream.ready()).isEqualTo(PollCalls.POLLIN | PollCalls.POLLOUT);
      assertThat(stream.size()).isEqualTo(12);
    } finally {
      TestStreams.close(fd);
    }
    assertThat(Files.readString(file)).isEqualTo("012345678abc");
  }

  @Test
  void nullDevice() {
    int fd = OpenCalls.open(OpenCalls.AT_FDCWD, "/dev/null", OpenCalls.O_RDWR, 0, 0);
    try (StandardStream stream = stream(fd)) {
      assertThat(stream.isTerminal()).isFalse();
      assertThat(read(stream, 10)).isEmpty();
      assertThat(write(stream, "x".repeat(10_000))).isEqualTo(10_000);
    } finally {
      TestStreams.close(fd);
    }
  }

  @Test
  void closedDescriptor() {
    int[] pipe = TestStreams.pipe();
    TestStreams.close(pipe);
    assertErrno(Errno.EBADF, () -> stream(pipe[0]));
  }

  @Test
  void tellsWhenItCanBeRead() throws Exception {
    int[] pipe = TestStreams.pipe();
    try (StandardStream stream = stream(pipe[0])) {
      CountDownLatch ready = new CountDownLatch(1);
      AtomicInteger runs = new AtomicInteger();
      Runnable then =
          () -> {
            runs.incrementAndGet();
            ready.countDown();
          };
      stream.awaitReadable(then);
      stream.awaitReadable(then);
      assertThat(ready.getCount()).isEqualTo(1);
      TestStreams.write(pipe[1], "x");
      assertThat(ready.await(30, TimeUnit.SECONDS)).isTrue();
      CountDownLatch second = new CountDownLatch(1);
      stream.awaitReadable(second::countDown);
      assertThat(second.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(runs).hasValue(1);
      assertThat(read(stream, 10)).isEqualTo("x");
      CountDownLatch hangUp = new CountDownLatch(1);
      stream.awaitReadable(hangUp::countDown);
      TestStreams.close(pipe[1]);
      assertThat(hangUp.await(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      TestStreams.close(pipe[0]);
    }
  }

  @Test
  void tellsWhenItCanBeWrittenAndOutlivesAFailingWaiter() throws Exception {
    int[] pipe = TestStreams.pipe();
    try (StandardStream stream = stream(pipe[1])) {
      int written = fill(stream);
      CountDownLatch ready = new CountDownLatch(1);
      stream.awaitWritable(() -> {
        throw new IllegalStateException("thrown on purpose by this test");
      });
      stream.awaitWritable(ready::countDown);
      assertThat(drain(pipe[0], written)).isEqualTo(written);
      assertThat(ready.await(30, TimeUnit.SECONDS)).isTrue();
      CountDownLatch broken = new CountDownLatch(1);
      fill(stream);
      stream.awaitWritable(broken::countDown);
      TestStreams.close(pipe[0]);
      assertThat(broken.await(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      TestStreams.close(pipe[1]);
    }
  }

  @Test
  void forgetsWaitersThatWereTooMany() throws Exception {
    int[] pipe = TestStreams.pipe();
    try (StandardStream stream = stream(pipe[0])) {
      CountDownLatch early = new CountDownLatch(10_000);
      for (int i = 0; i < 10_000; i++) {
        stream.awaitReadable(early::countDown);
      }
      // Two times 4096 have been let go; the rest waits on.
      while (early.getCount() > 10_000 - 2 * 4096) {
        Thread.onSpinWait();
      }
      assertThat(early.getCount()).isEqualTo(10_000 - 2 * 4096);
      TestStreams.write(pipe[1], "x");
      assertThat(early.await(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      TestStreams.close(pipe);
    }
  }

  @Test
  void theRealThree() {
    try (StandardStreams streams = new StandardStreams()) {
      for (int fd = 0; fd < 3; fd++) {
        assertThat(streams.stream(fd)).isNotNull();
      }
    }
  }
}

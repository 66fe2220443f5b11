package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.biscotti.kernel.fs.TestTree.assertErrno;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Ioctl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.fs.tty.Terminals;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.MustWait;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a pseudo-terminal holds at most, and who waits when it is full. */
@Timeout(60)
class TerminalBoundsTest {
  private static final int INPUT_MAX = 12 << 10;
  private static final int OUTPUT_MAX = 20 << 10;
  private static final int CHUNK = 4096;

  private final TestTree tree = new TestTree();
  private OpenFile master;
  private OpenFile slave;

  @BeforeEach
  void open() {
    tree.files.addTerminals(new Terminals(new TestJobs(), tree.files.clock(), tree.frames));
    master = tree.open("/dev/ptmx", Fcntl.O_RDWR | Fcntl.O_NOCTTY);
    tree.user.setInt(tree.area, 0);
    master.ioctl(Ioctl.TIOCSPTLCK, tree.area, tree.user, tree);
    slave = tree.open("/dev/pts/0", Fcntl.O_RDWR | Fcntl.O_NOCTTY);
  }

  @AfterEach
  void close() {
    tree.close();
  }

  private UserBuffer buffer(byte[] bytes) {
    UserBuffer made = new UserBuffer();
    made.resetKernel(tree.user, bytes, bytes.length);
    return made;
  }

  private static byte[] lines(int bytes) {
    byte[] lines = new byte[bytes];
    Arrays.fill(lines, (byte) '\n');
    return lines;
  }

  private void setNonBlocking() {
    master.setStatusFlags(Fcntl.O_NONBLOCK);
    slave.setStatusFlags(Fcntl.O_NONBLOCK);
  }

  @Test
  void whoTypesMoreThanIsReadHasToWait() {
    setNonBlocking();
    fill();
    assertErrno(Errno.EAGAIN, () -> master.write(buffer(lines(1)), tree));
    assertThat(slave.read(buffer(new byte[100]), tree)).isOne();
    assertThat(master.readyEvents() & Poll.POLLOUT).isNotZero();
    assertThat(master.write(buffer(lines(1000)), tree)).isPositive();
  }

  /** Types lines until there is room for no more. */
  private void fill() {
    int taken = 0;
    while ((master.readyEvents() & Poll.POLLOUT) != 0) {
      taken += (int) master.write(buffer(lines(1000)), tree);
      assertThat(taken).isLessThanOrEqualTo(INPUT_MAX);
    }
    assertThat(taken).isGreaterThan(CHUNK);
  }

  @Test
  void aBlockingWriterGoesOnWhenThereIsRoom() throws InterruptedException {
    setNonBlocking();
    fill();
    master.setStatusFlags(0);
    assertThatThrownBy(() -> master.write(buffer(lines(10)), tree)).isSameAs(MustWait.INSTANCE);
    long[] written = {0};
    Thread writer =
        Thread.ofVirtual().start(() -> written[0] = master.write(buffer(lines(20_000)), tree));
    while (writer.isAlive()) {
      try {
        slave.read(buffer(new byte[100]), tree);
      } catch (RuntimeException empty) {
        Thread.onSpinWait();
      }
    }
    writer.join();
    assertThat(written[0]).isEqualTo(20_000);
  }

  @Test
  void aSignalEndsAWrite() throws InterruptedException {
    long[] written = {0};
    Thread writer =
        Thread.ofVirtual().start(() -> written[0] = master.write(buffer(lines(20_000)), tree));
    while ((master.readyEvents() & Poll.POLLOUT) != 0) {
      Thread.onSpinWait();
    }
    writer.interrupt();
    writer.join();
    assertThat(written[0]).isEqualTo(INPUT_MAX / 2);
  }

  /** A line that is too long is cut, and whoever types it need not wait: nobody could read it. */
  @Test
  void theRestOfALongLineIsDropped() {
    setNonBlocking();
    byte[] part = new byte[1000];
    Arrays.fill(part, (byte) 'x');
    for (int i = 0; i < 100; i++) {
      assertThat(master.write(buffer(part), tree)).isEqualTo(part.length);
    }
    assertThat(master.write(buffer(lines(1)), tree)).isOne();
    assertThat(slave.read(buffer(new byte[8192]), tree)).isEqualTo(4096);
    assertErrno(Errno.EAGAIN, () -> slave.read(buffer(new byte[1]), tree));
  }

  /** Echoes that nobody looks at do not pile up. */
  @Test
  void echoesAreBounded() {
    setNonBlocking();
    byte[] redraws = new byte[CHUNK];
    Arrays.fill(redraws, (byte) 0x12);
    master.write(buffer("0123456789".repeat(100).getBytes(StandardCharsets.US_ASCII)), tree);
    master.write(buffer(redraws), tree);
    master.ioctl(Ioctl.FIONREAD, tree.area, tree.user, tree);
    assertThat(tree.user.getInt(tree.area)).isBetween(CHUNK, OUTPUT_MAX + 16);
  }

  /** Where the cursor is no longer followed it does not come back by itself. */
  @Test
  void aTabIsRubbedOutWithoutOutputProcessing() {
    setNonBlocking();
    master.write(buffer("x\t".getBytes(StandardCharsets.US_ASCII)), tree);
    master.ioctl(Ioctl.TCGETS, tree.area, tree.user, tree);
    tree.user.setInt(tree.area + Integer.BYTES, 0);
    master.ioctl(Ioctl.TCSETS, tree.area, tree.user, tree);
    assertThat(master.write(buffer(new byte[] {0x7f, '\n'}), tree)).isEqualTo(2);
    assertThat(slave.read(buffer(new byte[100]), tree)).isEqualTo(2);
  }

  @Test
  void aTerminalGivesItsHeapBack() {
    master.release(); // with it goes the name
    long before = KernelMemory.HEAP.count(Kind.BYTE);
    slave.release();
    assertThat(KernelMemory.HEAP.count(Kind.BYTE)).isEqualTo(before - (64 << 10));
  }
}

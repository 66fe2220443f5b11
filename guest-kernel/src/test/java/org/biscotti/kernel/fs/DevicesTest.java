package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.biscotti.kernel.fs.TestTree.assertErrno;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Ioctl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.port.HostStream;
import org.biscotti.kernel.wait.MustWait;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** /dev and the host's streams: what each gives and takes, and who has to wait. */
class DevicesTest {
  private final TestTree tree = new TestTree();
  private final Pipe pipe = new Pipe();

  @AfterEach
  void close() {
    tree.close();
  }

  @Test
  void nodesHaveLinuxNumbers() {
    assertThat(tree.status("/dev/null").specialDevice).isEqualTo(0x103);
    assertThat(tree.status("/dev/urandom").specialDevice).isEqualTo(0x109);
    assertThat(tree.status("/dev/tty").specialDevice).isEqualTo(0x500);
    assertThat(tree.status("/dev/zero").mode).isEqualTo(Stat.S_IFCHR | 0666);
    assertErrno(Errno.ENXIO, () -> tree.open("/dev/tty", Fcntl.O_RDWR));
  }

  @Test
  void memoryDevices() {
    OpenFile nothing = tree.open("/dev/null", Fcntl.O_RDWR);
    assertThat(nothing.write(tree.from(new byte[500]), tree)).isEqualTo(500);
    assertThat(tree.read(nothing)).isEmpty();
    OpenFile full = tree.open("/dev/full", Fcntl.O_RDWR);
    assertErrno(Errno.ENOSPC, () -> full.write(tree.from(new byte[1]), tree));
    assertThat(tree.read(full)).hasSize(TestTree.USER_PAGES * TestTree.PAGE).startsWith("\0");
    OpenFile random = tree.open("/dev/urandom", Fcntl.O_RDONLY);
    String first = tree.read(random);
    assertThat(first.chars().distinct().count()).isEqualTo(256);
    assertThat(tree.read(random)).isNotEqualTo(first);
    assertErrno(Errno.EBADF, () -> random.write(tree.from(new byte[1]), tree));
    nothing.release();
    full.release();
    random.release();
  }

  /** 2 GiB of random bytes take ten seconds and more: whoever is killed meanwhile stops. */
  @Test
  @Timeout(60)
  void longReadsCanBeInterrupted() throws InterruptedException {
    for (String path : new String[] {"/dev/zero", "/dev/urandom"}) {
      OpenFile file = tree.open(path, Fcntl.O_RDONLY);
      byte[] bytes = new byte[3 << 20];
      UserBuffer much = new UserBuffer();
      much.resetKernel(tree.user, bytes, bytes.length);
      assertThatThrownBy(() -> file.read(much, tree)).isSameAs(MustWait.INSTANCE);
      long[] done = {0};
      Thread reader =
          Thread.ofVirtual()
              .unstarted(() -> {
                Thread.currentThread().interrupt();
                done[0] = file.read(much, tree);
              });
      reader.start();
      reader.join();
      assertThat(done[0]).isBetween(1L, 1L << 20);
      file.release();
    }
  }

  @Test
  void readOfAnEmptyPipeWaits() throws ExecutionException, InterruptedException {
    OpenFile in = tree.files.openStream(pipe, Fcntl.O_RDONLY);
    tree.buffer.reset(tree.user, tree.area, 100);
    assertThatThrownBy(() -> in.read(tree.buffer, tree)).isSameAs(MustWait.INSTANCE);
    in.setStatusFlags(Fcntl.O_NONBLOCK);
    assertErrno(Errno.EAGAIN, () -> in.read(tree.buffer, tree));
    in.setStatusFlags(0);
    CompletableFuture<String> got = new CompletableFuture<>();
    Thread.ofVirtual().start(() -> got.complete(tree.read(in)));
    pipe.arrive("hello");
    assertThat(got.get()).isEqualTo("hello");
    in.release();
  }

  @Test
  void interruptedReaderIsToldSo() throws InterruptedException {
    OpenFile in = tree.files.openStream(pipe, Fcntl.O_RDONLY);
    CompletableFuture<Integer> errno = new CompletableFuture<>();
    Thread reader =
        Thread.ofVirtual()
            .start(() -> {
              try {
                tree.read(in);
              } catch (ErrnoException e) {
                errno.complete(e.errno());
              }
            });
    reader.interrupt();
    reader.join();
    assertThat(errno).isCompletedWithValue(Errno.EINTR);
    in.release();
  }

  @Test
  void writeToAFullPipeWaitsAndThenWritesTheRest() throws InterruptedException {
    OpenFile out = tree.files.openStream(pipe, Fcntl.O_WRONLY);
    byte[] bytes = "0123456789".repeat(3000).getBytes(StandardCharsets.ISO_8859_1);
    tree.from(bytes);
    assertThatThrownBy(() -> out.write(tree.buffer, tree)).isSameAs(MustWait.INSTANCE);
    assertThat(pipe.taken.size()).isZero();
    pipe.room = 1000;
    CompletableFuture<Long> written = new CompletableFuture<>();
    Thread writer =
        Thread.ofVirtual().start(() -> written.complete(out.write(tree.from(bytes), tree)));
    while (writer.isAlive()) {
      pipe.makeRoom(5000);
      Thread.onSpinWait();
    }
    assertThat(written).isCompletedWithValue((long) bytes.length);
    assertThat(pipe.taken.toByteArray()).isEqualTo(bytes);
    out.release();
  }

  @Test
  void shortWriteToAFullPipeCanStartAgain() {
    OpenFile out = tree.files.openStream(pipe, Fcntl.O_WRONLY);
    tree.from(new byte[10]);
    assertThatThrownBy(() -> out.write(tree.buffer, tree)).isSameAs(MustWait.INSTANCE);
    out.setStatusFlags(Fcntl.O_NONBLOCK);
    assertErrno(Errno.EAGAIN, () -> out.write(tree.from(new byte[10]), tree));
    pipe.room = 4;
    assertThat(out.write(tree.from(new byte[10]), tree)).isEqualTo(4);
    out.release();
  }

  @Test
  void pipeHasNoPositionAndNoTerminal() {
    OpenFile in = tree.files.openStream(pipe, Fcntl.O_RDONLY);
    assertThat(in.isSeekable()).isFalse();
    assertErrno(Errno.ESPIPE, () -> in.seek(0, Fcntl.SEEK_CUR));
    assertErrno(Errno.ESPIPE, () -> in.readAt(tree.from(new byte[1]), 0, tree));
    assertErrno(Errno.ENOTTY, () -> in.ioctl(Ioctl.TCGETS, tree.area, tree.user));
    assertThat(in.inode().type()).isEqualTo(Stat.S_IFIFO);
    assertThat(in.dentry().path(tree.context.root())).matches("pipe:\\[\\d+]");
    assertThat(in.readyEvents() & Poll.POLLIN).isZero();
    pipe.arrive("x");
    assertThat(in.readyEvents() & (Poll.POLLIN | Poll.POLLRDNORM))
        .isEqualTo(Poll.POLLIN | Poll.POLLRDNORM);
    in.release();
  }

  @Test
  void terminalTellsItsSize() {
    pipe.terminal = true;
    OpenFile in = tree.files.openStream(pipe, Fcntl.O_RDWR);
    in.ioctl(Ioctl.TIOCGWINSZ, tree.area, tree.user);
    assertThat(tree.user.getShort(tree.area)).isEqualTo((short) 24);
    assertThat(tree.user.getShort(tree.area + 2)).isEqualTo((short) 80);
    assertErrno(Errno.EFAULT, () -> in.ioctl(Ioctl.TCGETS, 0, tree.user));
    in.release();
  }

  /** A pipe or terminal of a host: what arrives can be read, what fits can be written. */
  private static final class Pipe implements HostStream {
    private final Deque<Byte> arrived = new ArrayDeque<>();
    private final List<Runnable> readers = new ArrayList<>();
    private final List<Runnable> writers = new ArrayList<>();
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private int room;
    private boolean terminal;

    synchronized void arrive(String text) {
      for (byte b : text.getBytes(StandardCharsets.ISO_8859_1)) {
        arrived.add(b);
      }
      readers.forEach(Runnable::run);
      readers.clear();
    }

    synchronized void makeRoom(int bytes) {
      room = bytes;
      writers.forEach(Runnable::run);
      writers.clear();
    }

    @Override
    public int mode() {
      return (terminal ? Stat.S_IFCHR : Stat.S_IFIFO) | 0600;
    }

    @Override
    public boolean isTerminal() {
      return terminal;
    }

    @Override
    public long size() {
      return 0;
    }

    @Override
    public synchronized int read(MemorySegment to) {
      int got = 0;
      while (got < to.byteSize() && !arrived.isEmpty()) {
        to.set(ValueLayout.JAVA_BYTE, got++, arrived.remove());
      }
      return got == 0 ? -1 : got;
    }

    @Override
    public synchronized int write(MemorySegment from) {
      int put = (int) Math.min(room, from.byteSize());
      for (int i = 0; i < put; i++) {
        taken.write(from.get(ValueLayout.JAVA_BYTE, i));
      }
      room -= put;
      return put == 0 ? -1 : put;
    }

    @Override
    public int readAt(MemorySegment to, long offset) {
      throw ErrnoException.of(Errno.ESPIPE);
    }

    @Override
    public long seek(long offset, int whence) {
      throw ErrnoException.of(Errno.ESPIPE);
    }

    @Override
    public synchronized int ready() {
      return (arrived.isEmpty() ? 0 : Poll.POLLIN) | (room > 0 ? Poll.POLLOUT : 0);
    }

    @Override
    public synchronized void awaitReadable(Runnable then) {
      if (arrived.isEmpty()) {
        readers.add(then);
      } else {
        then.run();
      }
    }

    @Override
    public synchronized void awaitWritable(Runnable then) {
      if (room == 0) {
        writers.add(then);
      } else {
        then.run();
      }
    }

    @Override
    public byte[] terminalAttributes() {
      if (!terminal) {
        throw ErrnoException.of(Errno.ENOTTY);
      }
      return new byte[Ioctl.TERMIOS_SIZE];
    }

    @Override
    public int windowSize() {
      return 24 << 16 | 80;
    }
  }
}

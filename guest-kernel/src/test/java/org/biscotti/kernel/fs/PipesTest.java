package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.biscotti.kernel.fs.TestTree.assertErrno;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Poll;
import org.biscotti.kernel.ipc.Budget;
import org.biscotti.kernel.ipc.IpcFiles;
import org.biscotti.kernel.ipc.OpenPipe;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.MustWait;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pipes against a queue of bytes, and what a guest program cannot bring about. */
@Timeout(60)
class PipesTest {
  private final TestTree tree = new TestTree();
  private final Budget budget = new Budget(1 << 20);
  private final IpcFiles files = new IpcFiles(tree.files.clock(), tree.frames, budget);
  private final Random random = new Random(42);
  private byte next;

  @AfterEach
  void close() {
    tree.close();
  }

  private UserBuffer buffer(byte[] bytes) {
    UserBuffer made = new UserBuffer();
    made.resetKernel(tree.user, bytes, bytes.length);
    return made;
  }

  private byte[] fresh(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = next++;
    }
    return bytes;
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 65536})
  void keepTheOrderOfBytes(int capacity) {
    IpcFiles.Ends pipe = files.makePipe(tree, Fcntl.O_NONBLOCK);
    IpcFiles.Ends other = files.makePipe(tree, Fcntl.O_NONBLOCK);
    pipe.read().setCapacity(capacity, tree);
    ArrayDeque<Byte> first = new ArrayDeque<>();
    ArrayDeque<Byte> second = new ArrayDeque<>();
    for (int step = 0; step < 20_000; step++) {
      int length = 1 + random.nextInt(random.nextInt(4) == 0 ? 20_000 : 300);
      switch (random.nextInt(6)) {
        case 0, 1 -> write(pipe.write(), first, length);
        case 2 -> read(pipe.read(), first, length);
        case 3 -> read(other.read(), second, length);
        case 4 -> transfer(pipe.read(), other.write(), first, second, length);
        default -> putBack(pipe.read(), first, length);
      }
    }
    pipe.write().release();
    read(pipe.read(), first, 1 << 17);
    assertThat(first).isEmpty();
    assertThat(pipe.read().read(buffer(new byte[9]), tree)).isZero();
    pipe.read().release();
    other.write().release();
    other.read().release();
    assertThat(budget.charged()).isZero();
  }

  private void write(OpenPipe to, ArrayDeque<Byte> model, int length) {
    byte[] bytes = fresh(length);
    int room = to.capacity() - model.size();
    if (room < (length <= 4096 ? length : 1)) {
      assertErrno(Errno.EAGAIN, () -> to.write(buffer(bytes), tree));
      return;
    }
    long done = to.write(buffer(bytes), tree);
    assertThat(done).isEqualTo(Math.min(length, room));
    for (int i = 0; i < done; i++) {
      model.add(bytes[i]);
    }
    boolean writable = to.capacity() - model.size() >= 4096;
    assertThat((to.readyEvents() & Poll.POLLOUT) != 0).isEqualTo(writable);
  }

  private void read(OpenPipe from, ArrayDeque<Byte> model, int length) {
    byte[] bytes = new byte[length];
    if (model.isEmpty()) {
      return;
    }
    long done = from.read(buffer(bytes), tree);
    assertThat(done).isEqualTo(Math.min(length, model.size()));
    for (int i = 0; i < done; i++) {
      assertThat(bytes[i]).isEqualTo(model.remove());
    }
  }

  private void transfer(
      OpenPipe from, OpenPipe to, ArrayDeque<Byte> model, ArrayDeque<Byte> target, int length) {
    int room = to.capacity() - target.size();
    if (model.isEmpty() || room == 0) {
      assertErrno(Errno.EAGAIN, () -> from.transfer(to, length, true, false));
      return;
    }
    long moved = from.transfer(to, length, true, false);
    assertThat(moved).isEqualTo(Math.min(length, Math.min(model.size(), room)));
    for (int i = 0; i < moved; i++) {
      target.add(model.remove());
    }
  }

  private void putBack(OpenPipe from, ArrayDeque<Byte> model, int length) {
    if (!model.isEmpty()) {
      byte[] bytes = new byte[length];
      int got = (int) from.read(buffer(bytes), tree);
      int used = random.nextInt(got + 1);
      for (int i = 0; i < used; i++) {
        assertThat(bytes[i]).isEqualTo(model.remove());
      }
      from.putBack(bytes, used, got - used);
    }
  }

  /** A thread that may not wait must not move a part of what it writes. */
  @Test
  void nothingIsMovedBeforeMustWait() {
    IpcFiles.Ends pipe = files.makePipe(tree, 0);
    byte[] much = new byte[70_000];
    assertThat(thrownBy(() -> pipe.write().write(buffer(much), tree))).isSameAs(MustWait.INSTANCE);
    assertThat(thrownBy(() -> pipe.read().read(buffer(much), tree))).isSameAs(MustWait.INSTANCE);
    assertThat(pipe.write().write(buffer(new byte[65_536]), tree)).isEqualTo(65_536);
    assertThat(pipe.read().read(buffer(much), tree)).isEqualTo(65_536);
  }

  private static Throwable thrownBy(Runnable call) {
    return catchThrowable(call::run);
  }

  @Test
  void aUsedUpBudgetIsAnErrorAndNothingIsLost() {
    IpcFiles.Ends pipe = files.makePipe(tree, Fcntl.O_NONBLOCK);
    pipe.read().setCapacity(1 << 22, tree);
    byte[] quarter = new byte[1 << 18];
    assertThat(pipe.write().write(buffer(quarter), tree)).isEqualTo(quarter.length);
    assertErrno(Errno.ENOMEM, () -> pipe.write().write(buffer(new byte[1 << 20]), tree));
    assertThat(pipe.read().read(buffer(new byte[1 << 20]), tree)).isEqualTo(quarter.length);
    pipe.read().release();
    pipe.write().release();
    assertThat(budget.charged()).isZero();
  }

  /** splice(2) may bring bytes when all ends are closed: they must not stay charged for ever. */
  @Test
  void aClosedPipeTakesNothing() {
    IpcFiles.Ends pipe = files.makePipe(tree, 0);
    pipe.write().write(buffer(new byte[100]), tree);
    pipe.read().release();
    pipe.write().append(new byte[100], 100);
    pipe.write().release();
    assertThat(budget.charged()).isZero();
    pipe.write().append(new byte[100], 100);
    pipe.read().putBack(new byte[100], 10, 90);
    assertThat(budget.charged()).isZero();
  }

  /** pipe(7): beyond 16,384 pages a user's pipes are small, and do not grow. */
  @Test
  void aUserHasSoManyPages() {
    Credentials user = Credentials.of(1000, 1000);
    tree.who = user;
    List<IpcFiles.Ends> pipes = new ArrayList<>();
    for (int i = 0; i < 1024; i++) {
      pipes.add(files.makePipe(tree, Fcntl.O_NONBLOCK));
    }
    assertThat(pipes.getLast().read().capacity()).isEqualTo(16 * 4096);
    IpcFiles.Ends small = files.makePipe(tree, Fcntl.O_NONBLOCK);
    pipes.add(small);
    assertThat(small.read().capacity()).isEqualTo(2 * 4096);
    assertErrno(Errno.EPERM, () -> small.read().setCapacity(16 * 4096, tree));
    assertThat(small.read().setCapacity(4096, tree)).isEqualTo(4096);
    tree.who = Credentials.ROOT;
    IpcFiles.Ends roots = files.makePipe(tree, Fcntl.O_NONBLOCK);
    pipes.add(roots);
    assertThat(roots.read().setCapacity(1 << 22, tree)).isEqualTo(1 << 22);
    pipes.forEach(this::close);
    tree.who = user;
    IpcFiles.Ends again = files.makePipe(tree, Fcntl.O_NONBLOCK);
    assertThat(again.read().setCapacity(1 << 20, tree)).isEqualTo(1 << 20);
    close(again);
  }

  private void close(IpcFiles.Ends pipe) {
    pipe.read().release();
    pipe.write().release();
  }

  /** What a user's pipes hold is no more than a half of what there is for all. */
  @Test
  void theSuperuserCanStillWrite() {
    tree.who = Credentials.of(1000, 1000);
    IpcFiles.Ends users = files.makePipe(tree, Fcntl.O_NONBLOCK);
    users.read().setCapacity(1 << 20, tree);
    byte[] much = new byte[(1 << 19) + 1];
    assertErrno(Errno.ENOMEM, () -> users.write().write(buffer(much), tree));
    assertThat(users.write().write(buffer(new byte[1 << 18]), tree)).isEqualTo(1 << 18);
    tree.who = Credentials.ROOT;
    IpcFiles.Ends roots = files.makePipe(tree, Fcntl.O_NONBLOCK);
    roots.read().setCapacity(1 << 20, tree);
    assertThat(roots.write().write(buffer(new byte[1 << 18]), tree)).isEqualTo(1 << 18);
    close(users);
    close(roots);
    assertThat(budget.charged()).isZero();
  }

  /** Many writers of small pieces, many readers: each piece comes whole. */
  @Test
  void smallWritesAreAtomicAmongMany() throws InterruptedException {
    IpcFiles.Ends pipe = files.makePipe(tree, 0);
    int writers = 4;
    int pieces = 2000;
    Thread[] threads = new Thread[writers];
    for (int i = 0; i < writers; i++) {
      byte mark = (byte) (i + 1);
      threads[i] = Thread.ofVirtual().start(() -> writePieces(pipe.write(), mark, pieces));
    }
    AtomicInteger seen = new AtomicInteger();
    Thread reader = Thread.ofVirtual().start(() -> readPieces(pipe.read(), seen));
    for (Thread thread : threads) {
      thread.join();
    }
    pipe.write().release();
    reader.join();
    assertThat(seen).hasValue(writers * pieces);
  }

  private void writePieces(OpenPipe to, byte mark, int pieces) {
    byte[] piece = new byte[1000];
    Arrays.fill(piece, mark);
    for (int i = 0; i < pieces; i++) {
      to.write(buffer(piece), tree);
    }
  }

  private void readPieces(OpenPipe from, AtomicInteger seen) {
    byte[] piece = new byte[1000];
    while (true) {
      int have = 0;
      while (have < piece.length) {
        byte[] rest = new byte[piece.length - have];
        int got = (int) from.read(buffer(rest), tree);
        if (got == 0) {
          return;
        }
        System.arraycopy(rest, 0, piece, have, got);
        have += got;
      }
      for (byte each : piece) {
        if (each != piece[0]) {
          return;
        }
      }
      seen.incrementAndGet();
    }
  }
}

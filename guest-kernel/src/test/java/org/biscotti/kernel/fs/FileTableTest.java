package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.fs.TestTree.assertErrno;

import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Fcntl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Descriptors: which one is next, who is closed when, what a copy shares. */
class FileTableTest {
  private static final int LIMIT = 200;

  private final TestTree tree = new TestTree();

  @AfterEach
  void close() {
    tree.close();
  }

  private OpenFile file() {
    return tree.open("/dev/null", Fcntl.O_RDWR);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void behavesLikeAMap(long seed) {
    Random random = new Random(seed);
    FileTable table = new FileTable(LIMIT);
    TreeMap<Integer, OpenFile> model = new TreeMap<>();
    for (int step = 0; step < 20_000; step++) {
      int fd = random.nextInt(LIMIT + 20) - 10;
      int from = random.nextInt(3) == 0 ? random.nextInt(LIMIT) : 0;
      switch (random.nextInt(5)) {
        case 0, 1, 2 -> {
          OpenFile file = file();
          int expected = lowest(model, from);
          if (expected < LIMIT) {
            assertThat(table.installFrom(file, from, false)).isEqualTo(expected);
            model.put(expected, file);
          } else {
            assertErrno(Errno.EMFILE, () -> table.installFrom(file, from, false));
            file.release();
          }
        }
        case 3 -> {
          if (model.remove(fd) != null) {
            table.close(fd);
          } else {
            assertErrno(Errno.EBADF, () -> table.close(fd));
          }
        }
        default -> {
          OpenFile file = file();
          if (fd >= 0 && fd < LIMIT && random.nextInt(8) == 0) {
            OpenFile old = model.put(fd, file);
            table.installAt(file, fd, false);
            assertThat(old == null || old.isClosed()).isTrue();
          } else {
            file.release();
          }
        }
      }
      assertThat(table.find(fd)).isSameAs(model.get(fd));
    }
    model.forEach((fd, file) -> assertThat(file.isClosed()).isFalse());
    table.leave();
    model.forEach((fd, file) -> assertThat(file.isClosed()).isTrue());
  }

  private static int lowest(Map<Integer, OpenFile> model, int from) {
    int fd = from;
    while (model.containsKey(fd)) {
      fd++;
    }
    return fd;
  }

  @Test
  void hostileDescriptorsAreBad() {
    for (int fd : new int[] {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 64, 1 << 30}) {
      assertErrno(Errno.EBADF, () -> tree.table.get(fd));
      assertErrno(Errno.EBADF, () -> tree.table.close(fd));
      assertErrno(Errno.EBADF, () -> tree.table.setCloseOnExec(fd, true));
    }
    OpenFile file = file();
    assertErrno(Errno.EBADF, () -> tree.table.installAt(file, Integer.MAX_VALUE, false));
    assertErrno(Errno.EINVAL, () -> tree.table.installFrom(file, -1, false));
    assertErrno(Errno.EINVAL, () -> tree.table.installFrom(file, 1024, false));
    file.release();
  }

  @Test
  void copyHasItsOwnDescriptorsOfTheSameFiles() {
    OpenFile file = tree.create("/f");
    int fd = tree.table.install(file, false);
    FileTable copy = tree.table.copy();
    tree.write(file, "ab");
    assertThat(copy.get(fd).position()).isEqualTo(2);
    tree.table.close(fd);
    assertThat(file.isClosed()).isFalse();
    copy.leave();
    assertThat(file.isClosed()).isTrue();
    assertErrno(Errno.EBADF, file::retain);
  }

  @Test
  void closeOnExecClosesWhatIsMarked() {
    int kept = tree.table.install(file(), false);
    int closed = tree.table.install(file(), true);
    int marked = tree.table.install(file(), false);
    tree.table.markCloseOnExec(marked, Integer.MAX_VALUE - 1);
    assertThat(tree.table.isCloseOnExec(kept)).isFalse();
    assertThat(tree.table.isCloseOnExec(marked)).isTrue();
    tree.table.closeOnExec();
    assertThat(tree.table.find(kept)).isNotNull();
    assertThat(tree.table.find(closed)).isNull();
    assertThat(tree.table.find(marked)).isNull();
    assertThat(tree.table.install(file(), false)).isEqualTo(closed);
    tree.table.closeRange(0, Integer.MAX_VALUE - 1);
    assertThat(tree.table.next(0)).isEqualTo(-1);
  }

  @Test
  void wholeFileLocksAreTheDescriptions() {
    OpenFile one = tree.create("/f");
    OpenFile other = tree.open("/f", Fcntl.O_RDONLY);
    WholeFileLock lock = one.inode().wholeFileLock();
    lock.lock(one, false, false);
    lock.lock(other, false, false);
    assertErrno(Errno.EAGAIN, () -> lock.lock(one, true, false));
    lock.unlock(other);
    lock.lock(one, true, false);
    assertErrno(Errno.EAGAIN, () -> lock.lock(other, false, false));
    one.release();
    lock.lock(other, true, false);
    other.release();
  }

  /** What has been closed while the call was on its way would never give the lock up. */
  @Test
  void aClosedFileGetsNoLock() {
    OpenFile one = tree.create("/f");
    OpenFile other = tree.open("/f", Fcntl.O_RDONLY);
    WholeFileLock lock = one.inode().wholeFileLock();
    one.release();
    assertErrno(Errno.EBADF, () -> lock.lock(one, true, false));
    lock.lock(other, true, false);
    other.release();
  }

  /** The lock goes to a call that waits for it although its descriptor is closed, and then goes. */
  @Test
  void aCallThatWaitsKeepsItsFileOpen() throws InterruptedException {
    OpenFile one = tree.create("/f");
    OpenFile other = tree.open("/f", Fcntl.O_RDONLY);
    int fd = tree.table.install(other, false);
    WholeFileLock lock = one.inode().wholeFileLock();
    lock.lock(one, true, true);
    CountDownLatch lookedUp = new CountDownLatch(1);
    Thread waiter =
        Thread.ofVirtual()
            .start(() -> {
              try (HeldFiles held = HeldFiles.begin()) {
                OpenFile mine = tree.table.get(fd);
                lookedUp.countDown();
                lock.lock(mine, true, true);
                assertThat(held).isNotNull();
              }
            });
    lookedUp.await();
    tree.table.close(fd);
    assertErrno(Errno.EBADF, () -> tree.table.get(fd));
    assertThat(other.isClosed()).isFalse();
    one.release();
    waiter.join();
    assertThat(other.isClosed()).isTrue();
    OpenFile third = tree.open("/f", Fcntl.O_RDONLY);
    lock.lock(third, true, false);
    third.release();
  }

  @Test
  void waiterForAWholeFileLockGetsItWhenItIsFree() throws InterruptedException {
    OpenFile one = tree.create("/f");
    OpenFile other = tree.open("/f", Fcntl.O_RDONLY);
    WholeFileLock lock = one.inode().wholeFileLock();
    lock.lock(one, true, true);
    Thread waiter = Thread.ofVirtual().start(() -> lock.lock(other, true, true));
    one.release();
    waiter.join();
    OpenFile third = tree.open("/f", Fcntl.O_RDONLY);
    assertErrno(Errno.EAGAIN, () -> lock.lock(third, true, false));
    third.release();
    other.release();
  }

  @Test
  void limitIsKeptWhenItIsLowered() {
    for (int i = 0; i < 10; i++) {
      tree.table.install(file(), false);
    }
    tree.table.setLimit(5);
    assertErrno(Errno.EMFILE, () -> tree.table.checkFree());
    assertThat(tree.table.get(9)).isNotNull();
    tree.table.close(3);
    tree.table.checkFree();
    OpenFile file = file();
    assertThat(tree.table.install(file, false)).isEqualTo(3);
    OpenFile tooMany = file();
    assertErrno(Errno.EMFILE, () -> tree.table.install(tooMany, false));
    tooMany.release();
  }
}

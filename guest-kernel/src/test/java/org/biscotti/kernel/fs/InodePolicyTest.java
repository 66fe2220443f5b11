package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.MustWait;
import org.biscotti.kernel.wait.RankedLock;
import org.biscotti.kernel.wait.UnboundPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Those who change an inode take turns, under each policy and on each kind of thread. */
@Timeout(60)
class InodePolicyTest {
  private static final int THREADS = 4;
  private static final int ROUNDS = 5000;
  private static final ThreadFactory PLATFORM = Thread.ofPlatform().factory();
  private static final ThreadFactory VIRTUAL = Thread.ofVirtual().factory();

  private final List<InodePolicy> made = new ArrayList<>();

  @AfterEach
  void endThreads() throws InterruptedException {
    for (InodePolicy inodes : made) {
      inodes.close();
      awaitLive(inodes, 0);
    }
  }

  private InodePolicy make(InodePolicies policy) {
    InodePolicy inodes = policy.make(new UnboundPool(() -> {}), () -> {});
    made.add(inodes);
    return inodes;
  }

  static Stream<Arguments> policiesAndThreads() {
    return Stream.of(InodePolicies.values())
        .flatMap(policy -> Stream.of(PLATFORM, VIRTUAL).map(kind -> Arguments.of(policy, kind)));
  }

  /** Runs a body on several threads at once, each with its number; what goes wrong is thrown. */
  private static void together(ThreadFactory kind, int count, IntConsumer body)
      throws InterruptedException {
    ConcurrentLinkedQueue<Throwable> wrong = new ConcurrentLinkedQueue<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int number = i;
      Thread thread =
          kind.newThread(() -> {
            try {
              body.accept(number);
            } catch (Throwable t) {
              wrong.add(t);
            }
          });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(wrong).isEmpty();
  }

  private static void await(CountDownLatch latch) {
    boolean interrupted = false;
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits until a number of threads is there; the test's time limit ends it. */
  private static void awaitLive(InodePolicy inodes, int count) throws InterruptedException {
    while (inodes.liveThreads() != count) {
      Thread.sleep(1);
    }
  }

  /** A counter that loses counts unless those who use it take turns. */
  private static final class Counter {
    private int value;

    void add(InodeAccess access) {
      if (!access.enter()) {
        access.run(() -> add(access));
        return;
      }
      try {
        int now = value;
        Thread.onSpinWait();
        value = now + 1;
      } finally {
        access.leave();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("policiesAndThreads")
  void oneInodeTakesTurns(InodePolicies policy, ThreadFactory kind) throws InterruptedException {
    InodeAccess access = make(policy).newAccess();
    Counter counter = new Counter();
    together(
        kind,
        THREADS,
        _ -> {
          for (int i = 0; i < ROUNDS; i++) {
            counter.add(access);
          }
        });
    assertThat(access.call(() -> counter.value)).isEqualTo(THREADS * ROUNDS);
  }

  @ParameterizedTest
  @MethodSource("policiesAndThreads")
  void twoInodesAreHadAtOnce(InodePolicies policy, ThreadFactory kind) throws InterruptedException {
    InodePolicy inodes = make(policy);
    List<InodeAccess> accesses = Stream.generate(inodes::newAccess).limit(4).toList();
    List<Counter> counters = Stream.generate(Counter::new).limit(4).toList();
    together(
        kind,
        THREADS,
        number -> {
          for (int i = 0; i < ROUNDS / 4; i++) {
            int low = (number + i) % 3;
            int high = low + 1 + i % (3 - low);
            accesses
                .get(low)
                .run(() ->
                    accesses
                        .get(high)
                        .run(() -> {
                          counters.get(high).add(accesses.get(high));
                          counters.get(low).add(accesses.get(low)); // back to what one has
                        }));
          }
        });
    int sum = 0;
    for (int i = 0; i < 4; i++) {
      Counter counter = counters.get(i);
      sum += accesses.get(i).call(() -> counter.value);
    }
    assertThat(sum).isEqualTo(2 * THREADS * (ROUNDS / 4));
  }

  @ParameterizedTest
  @MethodSource("policiesAndThreads")
  void whatIsThrownComesToWhoAsked(InodePolicies policy, ThreadFactory kind)
      throws InterruptedException {
    InodePolicy inodes = make(policy);
    InodeAccess outer = inodes.newAccess();
    InodeAccess inner = inodes.newAccess();
    ErrnoException full = ErrnoException.of(Errno.ENOSPC);
    together(
        kind,
        1,
        _ -> {
          for (Throwable thrown : List.of(full, MustWait.INSTANCE, new AssertionError("wrong"))) {
            assertThat(
                    catchThrowable(() ->
                        outer.run(() ->
                            inner.run(() -> {
                              switch (thrown) {
                                case RuntimeException e -> throw e;
                                case Error e -> throw e;
                                case Throwable e -> throw new IllegalStateException(e);
                              }
                            }))))
                .isSameAs(thrown);
          }
          assertThat(outer.call(() -> inner.call(() -> 7))).isEqualTo(7);
        });
  }

  /** A signal must not end the wait, and must not be lost. */
  @ParameterizedTest
  @MethodSource("policiesAndThreads")
  void interruptIsKeptUntilTheAnswer(InodePolicies policy, ThreadFactory kind) throws Exception {
    InodeAccess access = make(policy).newAccess();
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Thread first =
        PLATFORM.newThread(() ->
            access.run(() -> {
              busy.countDown();
              await(go);
            }));
    first.start();
    await(busy);
    CountDownLatch answered = new CountDownLatch(1);
    AtomicReference<Boolean> interrupted = new AtomicReference<>();
    AtomicReference<Boolean> done = new AtomicReference<>();
    Thread second =
        kind.newThread(() -> {
          access.run(() -> done.set(true));
          interrupted.set(Thread.currentThread().isInterrupted());
          answered.countDown();
        });
    second.start();
    second.interrupt();
    assertThat(answered.await(50, TimeUnit.MILLISECONDS)).isFalse();
    assertThat(done.get()).isNull();
    go.countDown();
    await(answered);
    assertThat(done.get()).isTrue();
    assertThat(interrupted.get()).isTrue();
    first.join();
  }

  /**
   * The order of locks holds for requests, and what the asker holds counts for who works for it.
   */
  @ParameterizedTest
  @EnumSource
  void orderOfLocksIsChecked(InodePolicies policy) {
    InodePolicy inodes = make(policy);
    InodeAccess access = inodes.newAccess();
    RankedLock cache = new RankedLock(LockRank.PAGE_CACHE);
    RankedLock rename = new RankedLock(LockRank.RENAME);
    cache.lock();
    try {
      assertThatThrownBy(() -> access.run(() -> {}))
          .isInstanceOf(AssertionError.class)
          .hasMessage("INODE taken while PAGE_CACHE is held");
    } finally {
      cache.unlock();
    }
    assertThatThrownBy(() -> access.run(rename::lock))
        .isInstanceOf(AssertionError.class)
        .hasMessage("RENAME taken while INODE is held");
    rename.lock();
    try {
      RankedLock other = new RankedLock(LockRank.RENAME);
      assertThatThrownBy(() -> access.run(other::lock)).isInstanceOf(AssertionError.class);
      assertThat(access.call(() -> RankedLock.inOrder(LockRank.PAGE_CACHE))).isTrue();
    } finally {
      rename.unlock();
    }
    access.run(() -> assertThat(RankedLock.held().getOrDefault(LockRank.RENAME, 0)).isZero());
  }

  /** A virtual thread's request wakes the thread on the pool, a platform thread's does not. */
  @Test
  void waitingPlatformThreadRunsTheInodesThread() {
    List<Runnable> elsewhere = new ArrayList<>();
    InodePolicy inodes = InodePolicies.THREAD.make(elsewhere::add, () -> {});
    InodeAccess access = inodes.newAccess();
    for (int i = 0; i < 100; i++) {
      assertThat(access.call(() -> Thread.currentThread().isVirtual())).isTrue();
    }
    assertThat(elsewhere).isEmpty();
    assertThat(inodes.requests()).isEqualTo(100);
    assertThat(inodes.liveThreads()).isOne();
    access.end();
    assertThat(elsewhere).hasSize(1);
    elsewhere.getFirst().run();
    assertThat(inodes.liveThreads()).isZero();
  }

  /** Where there is no memory for a thread, whoever asks does the work, for the others too. */
  @Test
  void requestsAreAnsweredWithoutMemoryForThreads() throws InterruptedException {
    InodePolicy inodes =
        InodePolicies.THREAD.make(
            _ -> {
              throw new OutOfMemoryError("no threads");
            },
            () -> {});
    InodeAccess outer = inodes.newAccess();
    InodeAccess inner = inodes.newAccess();
    Counter counter = new Counter();
    together(
        VIRTUAL,
        THREADS,
        _ -> {
          for (int i = 0; i < 500; i++) {
            outer.run(() -> inner.run(() -> counter.add(inner)));
          }
        });
    assertThat(counter.value).isEqualTo(THREADS * 500);
  }

  @Test
  void freedInodeStillAnswers() throws InterruptedException {
    InodePolicy inodes = make(InodePolicies.THREAD);
    InodeAccess access = inodes.newAccess();
    access.end();
    together(
        VIRTUAL,
        2,
        _ -> {
          for (int i = 0; i < 1000; i++) {
            assertThat(access.call(() -> 1)).isOne();
          }
        });
    awaitLive(inodes, 0);
  }

  @Test
  void threadsEndWhenThePolicyIsClosed() throws InterruptedException {
    long before = KernelMemory.HEAP.bytes();
    InodePolicy inodes = make(InodePolicies.THREAD);
    for (int i = 0; i < 500; i++) {
      inodes.newAccess().run(() -> {});
    }
    assertThat(inodes.liveThreads()).isEqualTo(500);
    assertThat(KernelMemory.HEAP.bytes()).isGreaterThan(before);
    inodes.close();
    awaitLive(inodes, 0);
    assertThat(KernelMemory.HEAP.bytes()).isEqualTo(before);
  }

  /** With too many threads, those of more inodes end with their last request. */
  @Test
  void keepsSoManyThreadsAndNoMore() throws InterruptedException {
    InodePolicy inodes = new InodeThreads(new UnboundPool(() -> {}), () -> {}, 10);
    made.add(inodes);
    List<InodeAccess> accesses = Stream.generate(inodes::newAccess).limit(50).toList();
    for (int round = 0; round < 3; round++) {
      for (InodeAccess access : accesses) {
        assertThat(access.call(() -> 1)).isOne();
      }
    }
    awaitLive(inodes, 10);
    assertThat(inodes.requests()).isEqualTo(150);
  }

  // ---- files ----

  @Test
  void hundredsOfFilesHaveThreadsUntilTheyAreFreed() throws InterruptedException {
    InodePolicy inodes = make(InodePolicies.THREAD);
    TestTree tree = new TestTree(4096, inodes);
    tree.mkdir("/d");
    int before = inodes.liveThreads();
    OpenFile kept = null;
    for (int i = 0; i < 600; i++) {
      OpenFile file = tree.create("/d/" + i);
      tree.write(file, "x");
      if (kept == null) {
        kept = file;
      } else {
        file.release();
      }
    }
    assertThat(inodes.liveThreads()).isEqualTo(before + 601); // and that of the directory
    for (int i = 0; i < 600; i++) {
      tree.unlink("/d/" + i);
    }
    awaitLive(inodes, before + 2); // the directory, and the file that is open
    tree.rmdir("/d");
    awaitLive(inodes, before + 1);
    assertThat(kept).isNotNull();
    tree.write(kept, "y");
    kept.release();
    awaitLive(inodes, before);
    assertThat(inodes.liveThreadsPeak()).isGreaterThanOrEqualTo(before + 601);
    tree.close();
  }

  @ParameterizedTest
  @MethodSource("policiesAndThreads")
  void renamesInBothDirectionsAtOnce(InodePolicies policy, ThreadFactory kind)
      throws InterruptedException {
    TestTree tree = new TestTree(4096, make(policy));
    tree.mkdir("/one");
    tree.mkdir("/two");
    tree.mkdir("/one/below");
    tree.create("/one/file").release();
    tree.create("/two/file").release();
    tree.create("/one/below/file").release();
    String[][] moves = {
      {"/one/file", "/two/file"},
      {"/two/file", "/one/file"},
      {"/one/below/file", "/one/file"},
      {"/one/file", "/one/below/file"},
    };
    together(
        kind,
        moves.length,
        number -> {
          for (int i = 0; i < 1000; i++) {
            tree.rename(moves[number][0], moves[number][1], Fcntl.RENAME_EXCHANGE);
          }
        });
    for (String path : List.of("/one/file", "/two/file", "/one/below/file")) {
      assertThat(tree.status(path).links).isOne();
    }
    assertThat(tree.status("/one").links).isEqualTo(3);
    tree.close();
  }

  /** A file that is older than a directory is exchanged with it, and linked into it. */
  @ParameterizedTest
  @MethodSource("policiesAndThreads")
  void linkIntoADirectoryThatIsExchangedWithTheFile(InodePolicies policy, ThreadFactory kind)
      throws InterruptedException {
    TestTree tree = new TestTree(4096, make(policy));
    tree.create("/old").release();
    tree.mkdir("/dir");
    Dentry old = tree.find("/old");
    Dentry directory = tree.find("/dir");
    together(
        kind,
        2,
        number -> {
          for (int i = 0; i < 5000; i++) {
            if (number == 0) {
              tree.rename("/old", "/dir", Fcntl.RENAME_EXCHANGE);
            } else {
              Namespace.link(tree, old, directory, "new");
              Namespace.unlink(tree, directory, "new");
            }
          }
        });
    assertThat(old.inode().links()).isOne();
    tree.close();
  }

  @ParameterizedTest
  @MethodSource("policiesAndThreads")
  void appendsOfManyAreAllThere(InodePolicies policy, ThreadFactory kind)
      throws InterruptedException {
    TestTree tree = new TestTree(4096, make(policy));
    tree.create("/file").release();
    together(
        kind,
        THREADS,
        number -> {
          OpenFile file = tree.open("/file", Fcntl.O_WRONLY | Fcntl.O_APPEND);
          UserBuffer buffer = new UserBuffer();
          for (int i = 0; i < 500; i++) {
            buffer.reset(tree.user, tree.area + number * (long) TestTree.PAGE, 3);
            assertThat(file.write(buffer, tree)).isEqualTo(3);
          }
          file.release();
        });
    assertThat(tree.status("/file").size).isEqualTo(THREADS * 500 * 3);
    tree.close();
  }

  @ParameterizedTest
  @EnumSource
  void errorsAreTheSame(InodePolicies policy) {
    TestTree tree = new TestTree(4096, make(policy));
    tree.mkdir("/d");
    OpenFile file = tree.create("/d/f");
    TestTree.assertErrno(Errno.ENOTEMPTY, () -> tree.rmdir("/d"));
    TestTree.assertErrno(Errno.EEXIST, () -> tree.mkdir("/d"));
    TestTree.assertErrno(Errno.EISDIR, () -> tree.unlink("/d"));
    TestTree.assertErrno(Errno.EINVAL, () -> tree.rename("/d", "/d/below", 0));
    tree.fileSizeLimit = 0;
    TestTree.assertErrno(Errno.EFBIG, () -> tree.write(file, "x"));
    tree.fileSizeLimit = Long.MAX_VALUE;
    tree.buffer.reset(tree.user, 0x10, 1);
    TestTree.assertErrno(Errno.EFAULT, () -> file.write(tree.buffer, tree));
    tree.who = Credentials.of(1, 1);
    TestTree.assertErrno(
        Errno.EPERM, () -> Attributes.setPermissions(tree.find("/d/f"), 0777, tree.who));
    assertThat(tree.status("/d/f").mode).isEqualTo(Stat.S_IFREG | 0644);
    file.release();
    tree.close();
  }

  @Test
  void everyTmpfsFileSystemHasThePolicy() {
    InodePolicy inodes = make(InodePolicies.THREAD);
    TestTree tree = new TestTree(4096, inodes);
    for (String path : List.of("/tmp/file", "/dev/shm/file")) {
      long before = inodes.requests();
      tree.create(path).release();
      assertThat(inodes.requests()).as(path).isGreaterThan(before);
    }
    tree.close();
  }
}

package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntFunction;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.wait.UnboundPool;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Many threads change one tree. Locks taken out of order fail (their ranks are checked), a deadlock
 * runs into the time limit, and at the end the tree has to be sound.
 */
class ConcurrentTreeTest {
  private static final int THREADS = 4;
  private static final int STEPS = 20_000;

  @SuppressWarnings("NullAway.Init") // each test makes one
  private TestTree tree;

  /** The threads of inodes, if there are any, end too; the tests' time limit says so. */
  private void end(InodePolicy inodes) throws InterruptedException {
    tree.close();
    inodes.close();
    while (inodes.liveThreads() > 0) {
      Thread.sleep(1);
    }
  }

  /** Has threads, by their numbers, do something over and over; what goes wrong is thrown. */
  private static void together(IntFunction<Runnable> steps) throws InterruptedException {
    ConcurrentLinkedQueue<Throwable> wrong = new ConcurrentLinkedQueue<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      Runnable step = steps.apply(i);
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int done = 0; done < STEPS && wrong.isEmpty(); done++) {
                  try {
                    step.run();
                  } catch (RuntimeException | Error e) {
                    wrong.add(e);
                  }
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(wrong).isEmpty();
  }

  /** A path of up to three names out of four. */
  private String random(Random random) {
    StringBuilder path = new StringBuilder();
    for (int depth = 1 + random.nextInt(3); depth > 0; depth--) {
      path.append('/').append((char) ('a' + random.nextInt(4)));
    }
    return path.toString();
  }

  private void step(Random random) {
    String path = random(random);
    switch (random.nextInt(9)) {
      case 0, 1 -> tree.mkdir(path);
      case 2 -> tree.rmdir(path);
      case 3 -> tree.unlink(path);
      case 4 -> tree.open(path, Fcntl.O_CREAT | Fcntl.O_RDWR | Fcntl.O_TRUNC).release();
      case 5 -> tree.link(path, random(random));
      case 6 -> tree.rename(path, random(random), Fcntl.RENAME_EXCHANGE);
      case 7 -> tree.find(path).path(tree.context.root());
      default -> tree.rename(path, random(random), 0);
    }
  }

  /**
   * A file that is removed between being found and being opened is made anew (open(2), O_CREAT).
   */
  @ParameterizedTest
  @EnumSource
  @Timeout(120)
  void createAlwaysOpens(InodePolicies policy) throws InterruptedException {
    InodePolicy inodes = policy.make(new UnboundPool(() -> {}), () -> {});
    tree = new TestTree(16384, inodes);
    together(number -> {
      if (number % 2 == 0) {
        return () -> removeIfThere("/file");
      }
      return () -> tree.open("/file", Fcntl.O_CREAT | Fcntl.O_RDWR).release();
    });
    end(inodes);
  }

  private void removeIfThere(String path) {
    try {
      tree.unlink(path);
    } catch (ErrnoException e) {
      assertThat(e.errno()).isEqualTo(Errno.ENOENT);
    }
  }

  @ParameterizedTest
  @EnumSource
  @Timeout(120)
  void treeStaysSound(InodePolicies policy) throws InterruptedException {
    InodePolicy inodes = policy.make(new UnboundPool(() -> {}), () -> {});
    tree = new TestTree(16384, inodes);
    together(number -> {
      Random random = new Random(number);
      return () -> {
        try {
          step(random);
        } catch (ErrnoException expected) {
          assertThat(expected.errno()).isPositive();
        }
      };
    });
    check(tree.context.root());
    end(inodes);
  }

  /** Link counts of directories, sizes, parents, and that every listed name leads to its entry. */
  private void check(Dentry at) {
    Directory directory = (Directory) at.inode();
    int[] directories = new int[1];
    int[] entries = new int[1];
    directory.list(
        2,
        (name, inode, mode, position) -> {
          Dentry entry = directory.lookup(name, tree);
          assertThat(entry).as(name).isNotNull();
          assertThat(entry.parent()).isSameAs(at);
          assertThat(entry.name()).isEqualTo(name);
          assertThat(entry.isUnlinked()).isFalse();
          assertThat(entry.inode().number()).isEqualTo(inode);
          assertThat(entry.inode().links()).isPositive();
          entries[0]++;
          if (entry.inode().isDirectory()) {
            directories[0]++;
            if (entry.mounted() == null) {
              check(entry);
            }
          }
          return true;
        },
        tree);
    assertThat(directory.links()).isEqualTo(2 + directories[0]);
    assertThat(directory.size()).isEqualTo(20L * (2 + entries[0]));
  }

  @ParameterizedTest
  @EnumSource
  @Timeout(60)
  void renamedOverNameNeverFailsToExist(InodePolicies policy) throws InterruptedException {
    InodePolicy inodes = policy.make(new UnboundPool(() -> {}), () -> {});
    tree = new TestTree(16384, inodes);
    tree.create("/target").release();
    AtomicBoolean stop = new AtomicBoolean();
    AtomicBoolean missing = new AtomicBoolean();
    Thread looker =
        Thread.ofPlatform()
            .start(() -> {
              Directory root = (Directory) tree.context.root().inode();
              while (!stop.get()) {
                if (root.lookup("target", tree) == null) {
                  missing.set(true);
                }
              }
            });
    for (int i = 0; i < STEPS; i++) {
      tree.create("/new").release();
      tree.rename("/new", "/target", 0);
    }
    stop.set(true);
    looker.join();
    assertThat(missing).isFalse();
    end(inodes);
  }
}

package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.fs.TestTree.assertErrno;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Fcntl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Listing directories while they change: order, positions, nothing lost and nothing twice. */
class DirectoryListingTest {
  private final TestTree tree = new TestTree();

  @AfterEach
  void close() {
    tree.close();
  }

  private OpenFile openDirectory(String path) {
    return tree.open(path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
  }

  /** Reads at most so many entries and adds their names. */
  private int read(OpenFile directory, int most, List<String> names, List<Long> positions) {
    int[] taken = new int[1];
    return directory.readDirectory(
        (name, inode, mode, at) -> {
          if (taken[0] == most) {
            return false;
          }
          taken[0]++;
          names.add(name);
          positions.add(at);
          return true;
        },
        tree);
  }

  @Test
  void positionsIncreaseAndLeadBack() {
    tree.mkdir("/d");
    for (int i = 0; i < 100; i++) {
      tree.create("/d/f" + i).release();
    }
    OpenFile directory = openDirectory("/d");
    List<String> names = new ArrayList<>();
    List<Long> positions = new ArrayList<>();
    while (read(directory, 7, names, positions) > 0) {
      assertThat(directory.position()).isEqualTo(positions.getLast());
    }
    assertThat(names).hasSize(102).doesNotHaveDuplicates().startsWith(".", "..", "f0");
    assertThat(positions).isSorted().doesNotHaveDuplicates();
    for (int i = 0; i < names.size() - 1; i++) {
      List<String> next = new ArrayList<>();
      directory.seek(positions.get(i), Fcntl.SEEK_SET);
      assertThat(read(directory, 1, next, new ArrayList<>())).isEqualTo(1);
      assertThat(next).containsExactly(names.get(i + 1));
    }
    directory.release();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void changesInTheMiddleLoseNothing(long seed) {
    Random random = new Random(seed);
    tree.mkdir("/d");
    Set<String> always = new HashSet<>();
    List<String> others = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      String name = "n" + i;
      tree.create("/d/" + name).release();
      if (random.nextBoolean()) {
        always.add(name);
      } else {
        others.add(name);
      }
    }
    OpenFile directory = openDirectory("/d");
    List<String> seen = new ArrayList<>();
    for (int round = 0; read(directory, 5, seen, new ArrayList<>()) > 0; round++) {
      for (int i = 0; i < 4 && !others.isEmpty(); i++) {
        tree.unlink("/d/" + others.remove(random.nextInt(others.size())));
      }
      if (round < 20) {
        tree.create("/d/new" + round).release();
      }
    }
    assertThat(seen).doesNotHaveDuplicates().containsAll(always);
    directory.release();
  }

  @Test
  void noRoomForTheFirstEntryIsToldFromTheEnd() {
    tree.mkdir("/d");
    OpenFile directory = openDirectory("/d");
    assertThat(read(directory, 0, new ArrayList<>(), new ArrayList<>())).isEqualTo(-1);
    assertThat(read(directory, 5, new ArrayList<>(), new ArrayList<>())).isEqualTo(2);
    assertThat(read(directory, 5, new ArrayList<>(), new ArrayList<>())).isZero();
    directory.release();
  }

  @Test
  void removedDirectoryHasNoEntries() {
    tree.mkdir("/d");
    OpenFile directory = openDirectory("/d");
    tree.rmdir("/d");
    assertErrno(Errno.ENOENT, () -> read(directory, 5, new ArrayList<>(), new ArrayList<>()));
    assertErrno(
        Errno.ENOENT,
        () -> Opening.open(tree, directory.dentry(), "f", Fcntl.O_CREAT | Fcntl.O_WRONLY, 0644, 0));
    directory.release();
  }

  @Test
  void dotDotOfAMountIsTheDirectoryAboveIt() {
    OpenFile directory = openDirectory("/proc");
    List<Long> inodes = new ArrayList<>();
    directory.readDirectory((name, inode, mode, at) -> inodes.add(inode), tree);
    assertThat(inodes.get(0)).isEqualTo(tree.find("/proc/.").inode().number());
    assertThat(inodes.get(1)).isEqualTo(tree.find("/").inode().number());
    assertErrno(Errno.EINVAL, () -> directory.seek(0, Fcntl.SEEK_END));
    assertErrno(Errno.EISDIR, () -> directory.read(tree.from(new byte[1]), tree));
    directory.release();
  }
}

package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.fs.TestTree.PAGE;
import static org.biscotti.kernel.fs.TestTree.assertErrno;

import java.util.Arrays;
import java.util.Random;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.mem.PageSource;
import org.biscotti.kernel.mem.UserBuffer;
import org.biscotti.kernel.parallel.Parallel;
import org.biscotti.kernel.parallel.Parallelism;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is in a file: reads, writes, holes, size, space, mappings, bad pointers, a full memory. */
class FileContentsTest {
  private static final int CREATE = Fcntl.O_CREAT | Fcntl.O_RDWR;
  private static final int SIZE_MAX = 40 * PAGE;

  private TestTree tree = new TestTree();
  private long freeAtStart;

  @BeforeEach
  void count() {
    // From here on the area takes no more frames.
    tree.user.zero(tree.area, (long) TestTree.USER_PAGES * PAGE);
    freeAtStart = tree.frames.freeFrames();
  }

  @AfterEach
  void close() {
    tree.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void behavesLikeAnArray(long seed) {
    Random random = new Random(seed);
    byte[] model = new byte[SIZE_MAX];
    int size = 0;
    OpenFile file = tree.create("/f");
    PageSource source = file.pageSource();
    long mapped = tree.map(SIZE_MAX / PAGE, source, Mman.MAP_SHARED, 0);
    for (int step = 0; step < 3000; step++) {
      int at = random.nextInt(SIZE_MAX);
      int length = random.nextInt(Math.min(3 * PAGE, SIZE_MAX - at) + 1);
      switch (random.nextInt(6)) {
        case 0, 1 -> {
          byte[] bytes = new byte[length];
          random.nextBytes(bytes);
          assertThat(file.writeAt(tree.from(bytes), at, tree)).isEqualTo(length);
          System.arraycopy(bytes, 0, model, at, length);
          size = length == 0 ? size : Math.max(size, at + length);
        }
        case 2 -> {
          file.truncate(at, tree);
          if (at < size) {
            Arrays.fill(model, at, size, (byte) 0);
          }
          size = at;
        }
        case 3 -> {
          file.allocate(
              Fcntl.FALLOC_FL_KEEP_SIZE | Fcntl.FALLOC_FL_PUNCH_HOLE, at, length + 1L, tree);
          Arrays.fill(model, at, Math.min(at + length + 1, SIZE_MAX), (byte) 0);
        }
        case 4 -> {
          if (at < size) {
            tree.user.setByte(mapped + at, (byte) step);
            model[at] = (byte) step;
          }
        }
        default -> {
          tree.buffer.reset(tree.user, tree.area, length);
          int expected = Math.max(0, Math.min(length, size - at));
          assertThat(file.readAt(tree.buffer, at, tree)).isEqualTo(expected);
          byte[] got = new byte[expected];
          tree.user.copyInFully(tree.area, got, 0, expected);
          assertThat(got).isEqualTo(Arrays.copyOfRange(model, at, at + expected));
        }
      }
      assertThat(file.inode().size()).isEqualTo(size);
    }
    byte[] whole = new byte[size];
    assertThat(tree.user.copyIn(mapped, whole, 0, size)).isEqualTo(size);
    assertThat(whole).isEqualTo(Arrays.copyOf(model, size));
    file.release();
  }

  @Test
  void hostileSizesCostNothing() {
    OpenFile file = tree.create("/f");
    file.truncate(1L << 62, tree);
    assertThat(file.inode().blocks()).isZero();
    assertThat(tree.frames.freeFrames()).isEqualTo(freeAtStart);
    assertThat(file.writeAt(tree.from(new byte[1]), (1L << 62) + 5, tree)).isEqualTo(1);
    assertThat(file.inode().blocks()).isEqualTo(8);
    assertThat(file.seek(0, Fcntl.SEEK_DATA)).isEqualTo(1L << 62);
    file.truncate(0, tree);
    assertThat(tree.frames.freeFrames()).isEqualTo(freeAtStart);
    assertErrno(Errno.EFBIG, () -> file.writeAt(tree.from(new byte[1]), Long.MAX_VALUE, tree));
    assertErrno(Errno.ENOSPC, () -> file.allocate(0, 0, 1L << 61, tree));
    file.release();
  }

  @Test
  void scatteredPagesAreFoundAgain() {
    OpenFile file = tree.create("/f");
    long[] places = {0, 63, 64, 5000, 70_000, 70_001, 1L << 30, 1L << 45};
    for (long page : places) {
      file.writeAt(tree.from(new byte[] {(byte) (page + 7)}), page * PAGE, tree);
    }
    for (long page : places) {
      tree.buffer.reset(tree.user, tree.area, 1);
      assertThat(file.readAt(tree.buffer, page * PAGE, tree)).isEqualTo(1);
      assertThat(tree.user.getByte(tree.area)).isEqualTo((byte) (page + 7));
    }
    assertThat(file.seek(71_000L * PAGE, Fcntl.SEEK_DATA)).isEqualTo((1L << 30) * PAGE);
    file.truncate(64 * PAGE, tree);
    assertThat(file.inode().blocks()).isEqualTo(16);
    assertErrno(Errno.ENXIO, () -> file.seek(64 * PAGE, Fcntl.SEEK_DATA));
    file.release();
  }

  @Test
  void unlinkedFileLivesWhileItIsOpen() {
    OpenFile file = tree.create("/f");
    tree.write(file, "still here");
    tree.unlink("/f");
    assertErrno(Errno.ENOENT, () -> tree.find("/f"));
    file.seek(0, Fcntl.SEEK_SET);
    assertThat(tree.read(file)).isEqualTo("still here");
    assertThat(file.inode().links()).isZero();
    file.release();
    assertThat(tree.frames.freeFrames()).isEqualTo(freeAtStart);
  }

  @Test
  void unlinkedFileLivesWhileItIsMapped() {
    OpenFile file = tree.create("/f");
    tree.write(file, "mapped");
    long mapped = tree.map(1, file.pageSource(), Mman.MAP_SHARED, 0);
    tree.unlink("/f");
    file.release();
    assertThat(tree.user.getByte(mapped)).isEqualTo((byte) 'm');
    tree.space.munmap(mapped, PAGE);
    assertThat(tree.frames.freeFrames()).isEqualTo(freeAtStart);
  }

  @Test
  void truncationTakesPagesFromMappings() {
    OpenFile file = tree.create("/f");
    file.writeAt(tree.from(new byte[3 * PAGE]), 0, tree);
    long mapped = tree.map(3, file.pageSource(), Mman.MAP_SHARED, 0);
    for (int page = 0; page < 3; page++) {
      tree.user.setByte(mapped + (long) page * PAGE + 100, (byte) 1);
    }
    file.truncate(50, tree);
    assertThat(tree.user.getByte(mapped)).isZero();
    assertThat(tree.user.getByte(mapped + 100)).isZero();
    assertErrno(Errno.EFAULT, () -> tree.user.getByte(mapped + PAGE));
    file.truncate(3 * PAGE, tree);
    assertThat(tree.user.getByte(mapped + 2 * PAGE + 100)).isZero();
    file.release();
  }

  @Test
  void writeFromBadPointerLeavesWhatWasCopied() {
    OpenFile file = tree.create("/f");
    long end = tree.area + (long) TestTree.USER_PAGES * PAGE;
    tree.user.setByte(end - 10, (byte) 'x');
    tree.buffer.reset(tree.user, end - 10, 100);
    assertThat(file.write(tree.buffer, tree)).isEqualTo(10);
    assertThat(file.inode().size()).isEqualTo(10);
    tree.buffer.reset(tree.user, end, 100);
    assertErrno(Errno.EFAULT, () -> file.write(tree.buffer, tree));
    assertThat(file.inode().size()).isEqualTo(10);
    tree.buffer.reset(tree.user, end, 100);
    assertErrno(Errno.EFAULT, () -> file.readAt(tree.buffer, 0, tree));
    tree.buffer.reset(tree.user, end - 4, 100);
    assertThat(file.readAt(tree.buffer, 0, tree)).isEqualTo(4);
    assertThat(tree.user.getByte(end - 4)).isEqualTo((byte) 'x');
    file.release();
  }

  @Test
  void writeFromOwnMappingIsNoDeadlock() {
    OpenFile file = tree.create("/f");
    file.truncate(2 * PAGE, tree);
    long mapped = tree.map(2, file.pageSource(), Mman.MAP_SHARED, 0);
    tree.user.setByte(mapped + PAGE, (byte) 9);
    tree.buffer.reset(tree.user, mapped + PAGE, PAGE);
    assertThat(file.writeAt(tree.buffer, 0, tree)).isEqualTo(PAGE);
    assertThat(tree.user.getByte(mapped)).isEqualTo((byte) 9);
    file.release();
  }

  @Test
  void fullMemoryIsNoSpace() {
    tree.close();
    tree = new TestTree(256);
    OpenFile file = tree.create("/f");
    byte[] chunk = new byte[16 * PAGE];
    long written = 0;
    for (long got = chunk.length; got == chunk.length; ) {
      got = writeOrNothing(file, chunk, written);
      written += got;
    }
    assertThat(file.inode().size()).isEqualTo(written);
    assertThat(written).isGreaterThan(100L * PAGE);
    long full = written;
    assertErrno(Errno.ENOSPC, () -> file.writeAt(tree.from(new byte[1]), full + PAGE, tree));
    assertErrno(Errno.ENOSPC, () -> file.allocate(0, full + PAGE, 10 * PAGE, tree));
    file.truncate(0, tree);
    assertThat(file.writeAt(tree.from(chunk), 0, tree)).isEqualTo(chunk.length);
    file.release();
  }

  private long writeOrNothing(OpenFile file, byte[] chunk, long at) {
    try {
      return file.writeAt(tree.from(chunk), at, tree);
    } catch (ErrnoException e) {
      assertThat(e.errno()).isEqualTo(Errno.ENOSPC);
      return 0;
    }
  }

  @Test
  void sizeLimitCutsAndThenFails() {
    OpenFile file = tree.create("/f");
    tree.fileSizeLimit = 10;
    assertThat(file.write(tree.from(new byte[20]), tree)).isEqualTo(10);
    assertErrno(Errno.EFBIG, () -> file.write(tree.from(new byte[1]), tree));
    assertErrno(Errno.EFBIG, () -> file.truncate(11, tree));
    assertErrno(Errno.EFBIG, () -> file.allocate(0, 0, 11, tree));
    file.truncate(5, tree);
    file.release();
  }

  @Test
  void appendWritesAtTheEndWhateverThePosition() {
    OpenFile file = tree.open("/f", CREATE | Fcntl.O_APPEND);
    tree.write(file, "one");
    file.seek(0, Fcntl.SEEK_SET);
    tree.write(file, "two");
    assertThat(file.position()).isEqualTo(6);
    assertThat(file.writeAt(tree.from(new byte[] {'!'}), 0, tree)).isEqualTo(1);
    assertThat(tree.contents("/f")).isEqualTo("onetwo!");
    file.release();
  }

  @Test
  void descriptionsHavePositionsOfTheirOwn() {
    OpenFile one = tree.create("/f");
    OpenFile other = tree.open("/f", Fcntl.O_RDONLY);
    tree.write(one, "abc");
    assertThat(tree.read(other)).isEqualTo("abc");
    assertThat(one.position()).isEqualTo(3);
    assertErrno(Errno.EINVAL, () -> one.seek(-4, Fcntl.SEEK_CUR));
    assertErrno(Errno.EINVAL, () -> one.seek(Long.MAX_VALUE, Fcntl.SEEK_CUR));
    assertErrno(Errno.EBADF, () -> other.write(tree.from(new byte[1]), tree));
    one.release();
    other.release();
  }

  /**
   * Large reads and writes by several threads leave what one thread leaves, pages missing or not.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void threadsWriteWhatOneWrites(long seed) {
    Random random = new Random(seed);
    int all = 4 << 20;
    TestTree large = new TestTree(8192);
    long memory = large.map(all / PAGE, null, 0, 0);
    byte[] bytes = new byte[all];
    random.nextBytes(bytes);
    large.user.copyOutFully(memory, bytes, 0, all);
    UserBuffer parted = new UserBuffer(new Parallel(Parallelism.THREAD, () -> 1));
    OpenFile file = large.create("/f");
    byte[] model = new byte[all];
    int size = 0;
    for (int step = 0; step < 20; step++) {
      if (random.nextInt(4) == 0) {
        int hole = random.nextInt(all);
        int length = random.nextInt(all - hole) + 1;
        file.allocate(Fcntl.FALLOC_FL_KEEP_SIZE | Fcntl.FALLOC_FL_PUNCH_HOLE, hole, length, large);
        Arrays.fill(model, hole, hole + length, (byte) 0);
      }
      int at = random.nextInt(all / 2);
      int length = random.nextInt(all / 2) + 1;
      int from = random.nextInt(all / 2);
      parted.reset(large.user, memory + from, length);
      assertThat(file.writeAt(parted, at, large)).isEqualTo(length);
      System.arraycopy(bytes, from, model, at, length);
      size = Math.max(size, at + length);
    }
    assertThat(file.inode().size()).isEqualTo(size);
    parted.reset(large.user, memory, all);
    assertThat(file.readAt(parted, 0, large)).isEqualTo(size);
    byte[] found = new byte[size];
    large.user.copyInFully(memory, found, 0, size);
    assertThat(found).isEqualTo(Arrays.copyOf(model, size));
    large.close();
  }

  /**
   * What is large enough to be copied in runs of neighbouring frames arrives as if page by page,
   * with runs that end in the file and runs that end in the program's memory.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void runsOfFramesHoldWhatPagesHold(long seed) {
    Random random = new Random(seed);
    int all = 12 << 20;
    TestTree large = new TestTree(16384);
    long memory = large.map(all / PAGE, null, 0, 0);
    byte[] bytes = new byte[all];
    random.nextBytes(bytes);
    // Not in order, so that frames are neighbours in pieces of some megabytes.
    int half = all / 2 + random.nextInt(all / 4);
    large.user.copyOutFully(memory + half, bytes, half, all - half);
    large.user.copyOutFully(memory, bytes, 0, half);
    UserBuffer buffer = new UserBuffer(Parallel.NONE);
    OpenFile file = large.create("/f");
    int start = random.nextInt(2 * PAGE);
    buffer.reset(large.user, memory + start, all - start);
    assertThat(file.writeAt(buffer, 0, large)).isEqualTo(all - start);
    int hole = random.nextInt(all / 2);
    int length = random.nextInt(all / 4) + 1;
    file.allocate(Fcntl.FALLOC_FL_KEEP_SIZE | Fcntl.FALLOC_FL_PUNCH_HOLE, hole, length, large);
    byte[] model = Arrays.copyOfRange(bytes, start, all);
    Arrays.fill(model, hole, Math.min(model.length, hole + length), (byte) 0);
    // Again over half of it: pages that are there are written in runs.
    int again = random.nextInt(all / 4);
    buffer.reset(large.user, memory, all / 2);
    assertThat(file.writeAt(buffer, again, large)).isEqualTo(all / 2);
    System.arraycopy(bytes, 0, model, again, all / 2);

    int at = random.nextInt(3 * PAGE);
    buffer.reset(large.user, memory + 7, all - 7);
    assertThat(file.readAt(buffer, at, large)).isEqualTo(model.length - at);
    byte[] found = new byte[model.length - at];
    large.user.copyInFully(memory + 7, found, 0, found.length);
    assertThat(found).isEqualTo(Arrays.copyOfRange(model, at, model.length));

    // A page that is not there ends a run, and the call.
    large.space.munmap(memory + 5 * PAGE + (4 << 20), PAGE);
    buffer.reset(large.user, memory, all);
    assertThat(file.readAt(buffer, 0, large)).isEqualTo(5 * PAGE + (4 << 20));
    assertThat(buffer.faulted()).isTrue();
    large.close();
  }

  /** What cannot be read ends a write where one thread would have ended it. */
  @Test
  void threadsWriteNothingOfWhatIsBehindABadPage() {
    int all = 2 << 20;
    int bad = all / 2 + 3 * PAGE;
    TestTree large = new TestTree(4096);
    long memory = large.map(all / PAGE, null, 0, 0);
    OpenFile file = large.create("/f");
    UserBuffer parted = new UserBuffer(new Parallel(Parallelism.THREAD, () -> 1));
    parted.reset(large.user, memory, all);
    assertThat(file.writeAt(parted, 0, large)).isEqualTo(all);
    byte[] ones = new byte[all];
    Arrays.fill(ones, (byte) 1);
    large.user.copyOutFully(memory, ones, 0, all);
    large.space.munmap(memory + bad, PAGE);

    parted.reset(large.user, memory, all);
    assertThat(file.writeAt(parted, 0, large)).isEqualTo(bad);
    byte[] found = new byte[all];
    assertThat(((RegularFile) file.inode()).read(found, 0, all, 0)).isEqualTo(all);
    assertThat(Arrays.copyOf(found, bad)).containsOnly(1);
    assertThat(Arrays.copyOfRange(found, bad, all)).containsOnly(0);
    large.close();
  }
}

package org.biscotti.kernel.mem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Mman.*;
import static org.biscotti.kernel.mem.TestMachine.PAGE;
import static org.biscotti.kernel.mem.TestMachine.PRIVATE;
import static org.biscotti.kernel.mem.TestMachine.RW;
import static org.biscotti.kernel.mem.TestMachine.assertErrno;

import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.biscotti.kernel.parallel.Parallel;
import org.biscotti.kernel.parallel.Parallelism;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The door to user memory and the cursor over it, with good pointers and bad. */
class UserMemoryTest {
  /** Three pages, then nothing. */
  private static final long BASE = 0x10_0000_0000L;

  private static final long END = BASE + 3 * PAGE;

  private final TestMachine machine = TestMachine.exact();
  private final UserMemory user = machine.user;
  private final UserBuffer buffer = new UserBuffer();

  @BeforeEach
  void map() {
    machine.mapAt(BASE, 3, RW, PRIVATE);
  }

  @AfterEach
  void close() {
    machine.close();
  }

  private static byte[] pattern(int length) {
    byte[] bytes = new byte[length];
    new Random(7).nextBytes(bytes);
    return bytes;
  }

  private byte[] read(long gva, int length) {
    byte[] bytes = new byte[length];
    user.copyInFully(gva, bytes, 0, length);
    return bytes;
  }

  @Test
  void scalarsAtEveryAlignmentAcrossPages() {
    for (int i = -9; i <= 1; i++) {
      long gva = BASE + PAGE + i;
      user.setLong(gva, 0x8899_aabb_ccdd_eeffL + i);
      assertThat(user.getLong(gva)).isEqualTo(0x8899_aabb_ccdd_eeffL + i);
      user.setInt(gva, 0x89ab_cdef + i);
      assertThat(user.getInt(gva)).isEqualTo(0x89ab_cdef + i);
      user.setShort(gva, (short) (0x89ab + i));
      assertThat(user.getShort(gva)).isEqualTo((short) (0x89ab + i));
      user.setByte(gva, (byte) (0x89 + i));
      assertThat(user.getByte(gva)).isEqualTo((byte) (0x89 + i));
    }
    user.setLong(BASE, 0x0102_0304_0506_0708L);
    assertThat(read(BASE, 8)).containsExactly(8, 7, 6, 5, 4, 3, 2, 1);
  }

  @Test
  void scalarsThatEndInNothingAreEfault() {
    assertErrno(EFAULT, () -> user.getLong(END - 4));
    assertErrno(EFAULT, () -> user.setLong(END - 1, 1));
    assertErrno(EFAULT, () -> user.getInt(-2));
    assertErrno(EFAULT, () -> user.setShort(-1, (short) 1));
    assertErrno(EFAULT, () -> user.getLong(Layout.USER_END - 3));
  }

  @Test
  void copiesStopAtTheFirstBadPage() {
    byte[] bytes = pattern(4 * PAGE);
    assertThat(user.copyOut(BASE + 100, bytes, 0, bytes.length)).isEqualTo(3 * PAGE - 100);
    byte[] back = new byte[4 * PAGE];
    assertThat(user.copyIn(BASE + 100, back, 0, back.length)).isEqualTo(3 * PAGE - 100);
    assertThat(Arrays.copyOf(back, 3 * PAGE - 100)).isEqualTo(Arrays.copyOf(bytes, 3 * PAGE - 100));
    assertErrno(EFAULT, () -> user.copyInFully(BASE + 100, back, 0, back.length));
    assertErrno(EFAULT, () -> user.copyOutFully(BASE + 100, back, 0, back.length));
    assertThat(user.copyIn(END, back, 0, 10)).isZero();
    assertThat(user.copyIn(-5, back, 0, 10)).isZero();
    assertThat(user.copyIn(END, back, 0, 0)).isZero();
    assertThat(user.zero(BASE + 100, Long.MAX_VALUE)).isEqualTo(3 * PAGE - 100);
    assertThat(read(BASE + 100, 3 * PAGE - 100)).containsOnly(0);
  }

  @Test
  void readOnlyPagesCanBeReadOnly() {
    machine.space.mprotect(BASE + PAGE, PAGE, PROT_READ);
    byte[] bytes = pattern(3 * PAGE);
    assertThat(user.copyOut(BASE, bytes, 0, bytes.length)).isEqualTo(PAGE);
    assertThat(user.copyIn(BASE, bytes, 0, bytes.length)).isEqualTo(3 * PAGE);
    assertErrno(EFAULT, () -> user.translate(BASE + PAGE, true));
    assertThat(user.translate(BASE + PAGE + 7, false) % PAGE).isEqualTo(7);
  }

  @Test
  void segmentsAndFramesCopyBothWays() {
    byte[] bytes = pattern(2 * PAGE);
    MemorySegment segment = MemorySegment.ofArray(bytes);
    assertThat(user.copyOut(BASE + 5, segment, 1, 2 * PAGE - 1)).isEqualTo(2 * PAGE - 1);
    assertThat(read(BASE + 5, 2 * PAGE - 1)).isEqualTo(Arrays.copyOfRange(bytes, 1, 2 * PAGE));
    byte[] back = new byte[2 * PAGE];
    assertThat(user.copyIn(BASE + 5, MemorySegment.ofArray(back), 1, 2 * PAGE - 1))
        .isEqualTo(2 * PAGE - 1);
    assertThat(Arrays.copyOfRange(back, 1, 2 * PAGE))
        .isEqualTo(Arrays.copyOfRange(bytes, 1, 2 * PAGE));
    long frame = machine.frames.allocate();
    assertThat(user.copyToFrame(BASE + 5, frame + 10, 1000)).isEqualTo(1000);
    assertThat(machine.memory.getByte(frame + 10)).isEqualTo(bytes[1]);
    assertThat(user.copyFromFrame(frame + 10, END - 500, 1000)).isEqualTo(500);
    assertThat(read(END - 500, 500)).isEqualTo(Arrays.copyOfRange(bytes, 1, 501));
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(() -> user.copyFromFrame(machine.memory.size() - 1, BASE, 2));
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(() -> user.copyOut(BASE, bytes, bytes.length, 1));
    assertThat(user.inSection()).isFalse();
    machine.frames.release(frame);
  }

  @Test
  void aBadSegmentLeavesTheDoorUsable() {
    MemorySegment readOnly = MemorySegment.ofArray(new byte[10]).asReadOnly();
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> user.copyIn(BASE, readOnly, 0, 10));
    assertThat(user.inSection()).isFalse();
  }

  @Test
  void stringsOfEveryLengthAndPlace() {
    for (int length = 0; length < 40; length++) {
      for (int before = 0; before < 40; before += 3) {
        long gva = BASE + PAGE - before;
        byte[] bytes = new byte[length + 1];
        Arrays.fill(bytes, (byte) 0xe9);
        bytes[length] = 0;
        user.copyOutFully(gva, bytes, 0, bytes.length);
        String read = user.readCString(gva, 64);
        assertThat(read).isEqualTo("\u00e9".repeat(length));
        assertThat(user.readCStringBytes(gva, length + 1)).hasSize(length);
        if (length > 0) {
          int tooShort = length;
          assertErrno(ENAMETOOLONG, () -> user.readCString(gva, tooShort));
        }
      }
    }
  }

  @Test
  void stringsThatRunIntoNothing() {
    user.setByte(END - 1, (byte) 'x');
    assertErrno(EFAULT, () -> user.readCString(END - 1, 10));
    assertErrno(ENAMETOOLONG, () -> user.readCString(END - 1, 1));
    user.setByte(END - 1, (byte) 0);
    assertThat(user.readCString(END - 1, 10)).isEmpty();
    assertErrno(EFAULT, () -> user.readCString(0, 10));
    assertErrno(EFAULT, () -> user.readCString(-1, 10));
    byte[] longest = new byte[2 * PAGE];
    Arrays.fill(longest, (byte) 'a');
    user.copyOutFully(BASE, longest, 0, longest.length);
    assertThat(user.readCString(BASE, 3 * PAGE)).hasSize(2 * PAGE);
  }

  @Test
  void wordsForFutexesAreAligned() {
    user.setInt(BASE, 5);
    assertThat(user.compareAndSetInt(BASE, 4, 6)).isFalse();
    assertThat(user.compareAndSetInt(BASE, 5, 6)).isTrue();
    assertThat(user.getIntVolatile(BASE)).isEqualTo(6);
    assertErrno(EINVAL, () -> user.getIntVolatile(BASE + 1));
    assertErrno(EFAULT, () -> user.getIntVolatile(END));
  }

  @Test
  void rememberedTranslationsAreForgotten() {
    user.setByte(BASE, (byte) 1);
    assertThat(user.getByte(BASE)).isEqualTo((byte) 1);
    machine.space.mprotect(BASE, PAGE, PROT_READ);
    assertErrno(EFAULT, () -> user.setByte(BASE, (byte) 2));
    machine.space.munmap(BASE, PAGE);
    assertErrno(EFAULT, () -> user.getByte(BASE));
  }

  @Test
  void copiesAllocateNothing() {
    byte[] bytes = pattern(3 * PAGE);
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long perRound = Long.MAX_VALUE;
    for (int attempt = 0; attempt < 20 && perRound > 0; attempt++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 1000; i++) {
        copyEveryWay(bytes);
      }
      perRound = (threads.getCurrentThreadAllocatedBytes() - before) / 1000;
    }
    assertThat(perRound).as("bytes allocated").isZero();
  }

  private void copyEveryWay(byte[] bytes) {
    user.copyOut(BASE, bytes, 0, bytes.length);
    user.copyIn(BASE, bytes, 0, bytes.length);
    user.zero(BASE + 5, 2 * PAGE);
    user.setLong(BASE + PAGE - 3, user.getLong(BASE));
    user.setInt(BASE, user.getInt(BASE + 9));
    buffer.reset(user, BASE, 3 * PAGE);
    buffer.put(bytes, 0, PAGE);
    buffer.take(bytes, 0, PAGE);
    buffer.putZeroes(PAGE);
  }

  // UserBuffer

  @Test
  void aBufferMovesOnAndEnds() {
    buffer.reset(user, BASE, 100);
    assertThat(buffer.put("hello".getBytes(StandardCharsets.US_ASCII), 1, 4)).isEqualTo(4);
    assertThat(buffer.position()).isEqualTo(4);
    assertThat(buffer.putZeroes(10)).isEqualTo(10);
    assertThat(buffer.skip(80)).isEqualTo(80);
    assertThat(buffer.put(new byte[50], 0, 50)).isEqualTo(6);
    assertThat(buffer.remaining()).isZero();
    assertThat(buffer.faulted()).isFalse();
    assertThat(buffer.put(new byte[50], 0, 50)).isZero();
    assertThat(read(BASE, 4)).isEqualTo("ello".getBytes(StandardCharsets.US_ASCII));
    buffer.reset(user, BASE, 100);
    buffer.limit(3);
    assertThat(buffer.take(new byte[50], 0, 50)).isEqualTo(3);
  }

  @Test
  void aBufferFaultsWhereMemoryEnds() {
    buffer.reset(user, END - 10, 100);
    assertThat(buffer.put(new byte[50], 0, 50)).isEqualTo(10);
    assertThat(buffer.faulted()).isTrue();
    assertThat(buffer.put(new byte[50], 0, 50)).isZero();
    assertThat(buffer.remaining()).isEqualTo(90);
    buffer.reset(user, END, 100);
    assertThat(buffer.faulted()).isFalse();
    assertThat(buffer.take(new byte[50], 0, 50)).isZero();
    assertThat(buffer.faulted()).isTrue();
  }

  @Test
  void buffersAreCheckedAsPointers() {
    assertErrno(EFAULT, () -> buffer.reset(user, BASE, -1));
    assertErrno(EFAULT, () -> buffer.reset(user, -1, 1));
    assertErrno(EFAULT, () -> buffer.reset(user, Layout.POINTER_END, 1));
    assertErrno(EFAULT, () -> buffer.reset(user, Long.MAX_VALUE, Long.MAX_VALUE));
    buffer.reset(user, 0, 0);
    assertThat(buffer.remaining()).isZero();
    buffer.reset(user, BASE, 1L << 40);
    assertThat(buffer.remaining()).isEqualTo(UserBuffer.BYTES_MAX);
  }

  private void iovec(int index, long base, long length) {
    user.setLong(BASE + index * 16L, base);
    user.setLong(BASE + index * 16L + 8, length);
  }

  @Test
  void vectorsGatherAndScatter() {
    iovec(0, BASE + 1000, 3);
    iovec(1, 0, 0);
    iovec(2, BASE + PAGE - 2, 5);
    iovec(3, 8, 0);
    iovec(4, BASE + 2000, 100);
    buffer.resetVector(user, BASE, 5);
    assertThat(buffer.remaining()).isEqualTo(108);
    byte[] bytes = pattern(20);
    assertThat(buffer.put(bytes, 0, 20)).isEqualTo(20);
    assertThat(read(BASE + 1000, 3)).isEqualTo(Arrays.copyOf(bytes, 3));
    assertThat(read(BASE + PAGE - 2, 5)).isEqualTo(Arrays.copyOfRange(bytes, 3, 8));
    assertThat(read(BASE + 2000, 12)).isEqualTo(Arrays.copyOfRange(bytes, 8, 20));
    buffer.resetVector(user, BASE, 5);
    long frame = machine.frames.allocate();
    assertThat(buffer.takeFrame(frame, 20)).isEqualTo(20);
    byte[] gathered = new byte[20];
    machine.memory.copyTo(frame, gathered, 0, 20);
    assertThat(gathered).isEqualTo(bytes);
    assertThat(buffer.putFrame(frame, 20)).isEqualTo(20);
    assertThat(read(BASE + 2012, 20)).isEqualTo(bytes);
    buffer.resetVector(user, BASE, 5);
    assertThat(buffer.skip(1000)).isEqualTo(108);
    MemorySegment segment = MemorySegment.ofArray(new byte[200]);
    buffer.resetVector(user, BASE, 5);
    assertThat(buffer.take(segment, 0, 200)).isEqualTo(108);
    buffer.resetVector(user, BASE, 5);
    assertThat(buffer.put(segment, 0, 200)).isEqualTo(108);
    machine.frames.release(frame);
  }

  @Test
  void aVectorStopsInsideARangeThatFaults() {
    iovec(0, BASE + 1000, 10);
    iovec(1, END - 4, 10);
    iovec(2, BASE + 1000, 10);
    buffer.resetVector(user, BASE, 3);
    assertThat(buffer.put(new byte[30], 0, 30)).isEqualTo(14);
    assertThat(buffer.faulted()).isTrue();
    assertThat(buffer.putZeroes(5)).isZero();
  }

  /** What lies behind a hole is another object of the program's, however many threads fill. */
  @ParameterizedTest
  @EnumSource(names = {"THREAD", "BLOCK"})
  void threadsWriteNothingBehindAHole(Parallelism parallelism) {
    long mib = 1 << 20;
    int all = 3 << 20;
    long start = BASE + 16 * mib;
    machine.mapAt(start, all / PAGE, RW, PRIVATE);
    long hole = start + mib + 5 * PAGE;
    machine.space.munmap(hole, PAGE);
    machine.space.mprotect(start + 2 * mib, PAGE, PROT_READ);
    byte[] ones = new byte[all];
    Arrays.fill(ones, (byte) 1);
    UserBuffer parted = new UserBuffer(new Parallel(parallelism, () -> 1));

    parted.reset(user, start + 7, all - 7);
    assertThat(parted.isWorthParts(all)).isTrue();
    long moved = parted.moveInParts(all, true, (part, at) -> part.put(ones, (int) at, all));
    assertThat(moved).isEqualTo(hole - start - 7);
    assertThat(parted.faulted()).isTrue();
    assertThat(read(start, (int) mib + 5 * PAGE))
        .endsWith(Arrays.copyOf(ones, (int) mib))
        .startsWith(0, 0);
    assertThat(read(hole + PAGE, (int) mib)).containsOnly(0);

    iovec(0, BASE + PAGE, PAGE);
    iovec(1, hole + PAGE, 2 * mib);
    iovec(2, start, mib);
    parted.resetVector(user, BASE, 3);
    moved = parted.moveInParts(all, true, (part, at) -> part.put(ones, (int) at, all));
    assertThat(moved).isEqualTo(PAGE + (start + 2 * mib - hole - PAGE));
    assertThat(parted.faulted()).isTrue();
    assertThat(read(start, 7)).containsOnly(0);
    assertThat(read(start + 2 * mib, (int) mib)).containsOnly(0);
  }

  /** Nor is anything taken from there, as what takes it would keep it. */
  @ParameterizedTest
  @EnumSource(names = {"THREAD", "BLOCK"})
  void threadsReadNothingBehindAHole(Parallelism parallelism) {
    long mib = 1 << 20;
    int all = 3 << 20;
    long start = BASE + 16 * mib;
    machine.mapAt(start, all / PAGE, RW, PRIVATE);
    assertThat(user.zero(start, all)).isEqualTo(all);
    user.setByte(start + mib, (byte) 5);
    machine.space.mprotect(start + 2 * mib, PAGE, PROT_NONE);
    byte[] taken = new byte[all];
    Arrays.fill(taken, (byte) 1);
    UserBuffer parted = new UserBuffer(new Parallel(parallelism, () -> 1));
    parted.reset(user, start, all);
    assertThat(parted.moveInParts(all, false, (part, at) -> part.take(taken, (int) at, all)))
        .isEqualTo(2 * mib);
    assertThat(parted.faulted()).isTrue();
    assertThat(taken[(int) mib]).isEqualTo((byte) 5);
    assertThat(Arrays.copyOfRange(taken, (int) (2 * mib), all)).containsOnly(1);
  }

  @Test
  void badVectors() {
    assertErrno(EINVAL, () -> buffer.resetVector(user, BASE, 1025));
    assertErrno(EINVAL, () -> buffer.resetVector(user, BASE, -1));
    assertErrno(EFAULT, () -> buffer.resetVector(user, END - 16, 2));
    assertErrno(EFAULT, () -> buffer.resetVector(user, -16, 2));
    iovec(0, BASE, -1);
    assertErrno(EINVAL, () -> buffer.resetVector(user, BASE, 1));
    iovec(0, -4096, 10);
    assertErrno(EFAULT, () -> buffer.resetVector(user, BASE, 1));
    iovec(0, BASE, 0x7fff_ffff);
    iovec(1, BASE, 0x7fff_ffff);
    buffer.resetVector(user, BASE, 2);
    assertThat(buffer.remaining()).isEqualTo(UserBuffer.BYTES_MAX);
    buffer.resetVector(user, 8, 0);
    assertThat(buffer.remaining()).isZero();
    assertThat(buffer.putZeroes(1)).isZero();
    machine.space.madvise(BASE, PAGE, MADV_DONTNEED);
    buffer.resetVector(user, BASE, 128);
    assertThat(buffer.remaining()).isZero();
  }
}

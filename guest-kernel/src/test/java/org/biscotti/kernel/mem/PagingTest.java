package org.biscotti.kernel.mem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Mman.*;
import static org.biscotti.kernel.mem.TestMachine.PAGE;
import static org.biscotti.kernel.mem.TestMachine.PRIVATE;
import static org.biscotti.kernel.mem.TestMachine.RW;
import static org.biscotti.kernel.mem.TestMachine.SHARED;
import static org.biscotti.kernel.mem.TestMachine.assertErrno;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Pages: faults, copies, downgrades, and what happens to frames. */
class PagingTest {
  private static final MemoryPolicy AROUND =
      new MemoryPolicy(16, 64, 16, 512, 0, 0, 0, 0, ForkPolicies.SEQUENTIAL);

  private TestMachine machine = TestMachine.exact();

  @AfterEach
  void close() {
    machine.close();
  }

  private void use(TestMachine other) {
    machine.close();
    machine = other;
  }

  /** The leaf entry that a processor would find, walking from a root. */
  private long walk(int vcpu, long gva) {
    long table = machine.space.root(vcpu);
    for (int shift = 39; ; shift -= 9) {
      long entry = machine.memory.getLong(table + ((gva >>> shift) & 511) * 8);
      if (shift == 12 || (entry & 1) == 0) {
        return entry;
      }
      assertThat(entry & 7).as("directory entry").isEqualTo(7);
      table = entry & 0xf_ffff_ffff_f000L;
    }
  }

  @Test
  void entriesAreAsTheProcessorWantsThem() {
    long noExecute = 1L << 63;
    long rw = machine.map(1);
    long r = machine.space.mmap(0, PAGE, PROT_READ, PRIVATE, null, 0, false);
    long rx = machine.space.mmap(0, PAGE, PROT_READ | PROT_EXEC, PRIVATE, null, 0, false);
    for (long gva : List.of(rw, r, rx)) {
      assertThat(machine.space.fault(gva + 5, false, false)).isEqualTo(FaultOutcome.HANDLED);
    }
    long flags = noExecute | 0xff;
    assertThat(walk(0, rw) & flags).isEqualTo(noExecute | 0x67);
    assertThat(walk(0, r) & flags).isEqualTo(noExecute | 0x65);
    assertThat(walk(0, rx) & flags).isEqualTo(0x65);
  }

  @Test
  void rootsShareAllButTheKernelsSlot() {
    long root0 = machine.space.root(0);
    long addr = machine.map(1);
    machine.user.setByte(addr, (byte) 1);
    long root1 = machine.space.root(1);
    assertThat(root1).isNotEqualTo(root0);
    assertThat(machine.space.root(1)).isEqualTo(root1);
    assertThat(walk(1, addr)).isEqualTo(walk(0, addr));
    machine.mapAt(0x10_0000_0000L, 1, RW, PRIVATE);
    machine.user.setByte(0x10_0000_0000L, (byte) 1);
    assertThat(walk(1, 0x10_0000_0000L)).isEqualTo(walk(0, 0x10_0000_0000L)).isNotZero();
    assertThat(machine.memory.getLong(root0 + 255 * 8)).isEqualTo(TestMachine.KERNEL_ENTRY);
    assertThat(machine.memory.getLong(root1 + 255 * 8)).isEqualTo(TestMachine.KERNEL_ENTRY + PAGE);
  }

  @Test
  void accessOutsideIsRefused() {
    for (long gva : new long[] {0, 0xffff, Layout.USER_END, 1L << 47, -1, Long.MIN_VALUE}) {
      assertThat(machine.space.fault(gva, true, false)).isEqualTo(FaultOutcome.SEGV_MAPERR);
      assertErrno(EFAULT, () -> machine.user.getLong(gva));
    }
  }

  @Test
  void unmappingAnnouncesBeforeItReleases() {
    long addr = machine.map(64);
    machine.user.zero(addr, 64 * PAGE);
    long free = machine.frames.freeFrames();
    long gpa = machine.user.translate(addr, false);
    machine.backing.duringAnnouncement =
        () -> {
          assertThat(machine.frames.freeFrames()).isEqualTo(free);
          assertThat(machine.frames.references(gpa)).isEqualTo(1);
          assertThat(walk(0, addr)).isZero();
        };
    machine.space.root(0);
    long freeWithRoot = machine.frames.freeFrames();
    machine.backing.duringAnnouncement =
        () -> assertThat(machine.frames.freeFrames()).isEqualTo(freeWithRoot);
    machine.space.loadedOn(0);
    machine.space.loadedOn(5);
    machine.space.unloadedFrom(0);
    machine.space.munmap(addr, 64 * PAGE);
    assertThat(machine.backing.announcements).hasSize(1);
    assertThat(machine.backing.announcedFrames()).isEqualTo(64);
    assertThat(machine.backing.announcements.get(0).cpus()).isEqualTo(1L << 5);
    assertThat(machine.frames.freeFrames()).isEqualTo(freeWithRoot + 64);
  }

  @Test
  void runsOfFramesAreAnnouncedAsRuns() {
    use(new TestMachine(4096, AROUND));
    long addr = machine.map(256);
    machine.space.madvise(addr, 256 * PAGE, MADV_POPULATE_WRITE);
    machine.space.mprotect(addr, 256 * PAGE, PROT_READ);
    assertThat(machine.backing.announcements).hasSize(1);
    assertThat(machine.backing.announcements.get(0).runs()).containsExactly(256);
  }

  @Test
  void upgradesAreNotAnnounced() {
    long addr = machine.map(4);
    machine.space.mprotect(addr, 4 * PAGE, PROT_READ);
    assertThat(machine.user.getByte(addr)).isZero();
    machine.space.mprotect(addr, 4 * PAGE, RW | PROT_EXEC);
    machine.user.setByte(addr, (byte) 1);
    assertThat(machine.backing.announcements).isEmpty();
    machine.space.mprotect(addr, 4 * PAGE, RW);
    assertThat(machine.backing.announcedFrames()).isEqualTo(1);
    machine.space.mprotect(addr, 4 * PAGE, PROT_NONE);
    assertThat(machine.backing.announcedFrames()).isEqualTo(2);
    machine.space.munmap(addr, 4 * PAGE);
    assertThat(machine.backing.announcedFrames()).as("hidden pages are not reachable").isEqualTo(2);
  }

  @Test
  void hugeUnmappingsAreAnnouncedInParts() {
    long addr = machine.map(1200);
    for (int i = 0; i < 1200; i += 2) {
      machine.user.setByte(addr + (long) i * PAGE, (byte) 1);
    }
    for (int i = 1; i < 1200; i += 2) {
      machine.user.setByte(addr + (long) i * PAGE, (byte) 1);
    }
    machine.space.munmap(addr, 1200 * PAGE);
    assertThat(machine.backing.announcedFrames()).isEqualTo(1200);
    assertThat(machine.backing.announcements.size()).isLessThanOrEqualTo(4);
  }

  @Test
  void privatePagesOfAFileAreCopiedOnWrite() {
    TestFile file = new TestFile(machine.frames, 4, true);
    long addr = machine.mapFile(file, 4, RW, MAP_PRIVATE, 0);
    assertThat(machine.user.getByte(addr + PAGE)).isEqualTo((byte) 2);
    long shared = machine.user.translate(addr + PAGE, false);
    assertThat(shared).isEqualTo(file.frame(1));
    assertThat(machine.frames.references(shared)).isEqualTo(2);
    machine.backing.duringAnnouncement =
        () -> assertThat(machine.space.walk(addr + PAGE, false)).as("neither frame").isZero();
    machine.user.setByte(addr + PAGE, (byte) 9);
    assertThat(machine.backing.announcements.get(0).gpas()).containsExactly(shared);
    assertThat(machine.user.getByte(addr + PAGE)).isEqualTo((byte) 9);
    assertThat(machine.user.getByte(addr + PAGE + 1)).isEqualTo((byte) 2);
    assertThat(machine.memory.getByte(shared)).isEqualTo((byte) 2);
    assertThat(machine.frames.references(shared)).isEqualTo(1);
    assertThat(machine.space.residentAnonymousPages()).isEqualTo(1);
    machine.user.setByte(addr + 2 * PAGE, (byte) 9);
    assertThat(machine.backing.announcedFrames()).as("first write needs no downgrade").isEqualTo(1);
    machine.space.madvise(addr, 4 * PAGE, MADV_DONTNEED);
    assertThat(machine.user.getByte(addr + PAGE)).isEqualTo((byte) 2);
    assertThat(file.writtenPages).isEmpty();
    file.truncate(0);
  }

  @Test
  void sharedPagesOfAFileTellOfTheFirstWrite() {
    TestFile file = new TestFile(machine.frames, 4, true);
    long addr = machine.mapFile(file, 4, RW, MAP_SHARED, 0);
    assertThat(machine.user.getByte(addr)).isEqualTo((byte) 1);
    assertThat(file.writtenPages).isEmpty();
    machine.user.setByte(addr, (byte) 7);
    machine.user.setByte(addr + 1, (byte) 7);
    assertThat(file.writtenPages).containsExactly(0L);
    assertThat(machine.memory.getByte(file.frame(0))).isEqualTo((byte) 7);
    assertThat(machine.backing.announcements).isEmpty();
    machine.space.mprotect(addr, PAGE, PROT_READ);
    machine.space.mprotect(addr, PAGE, RW);
    machine.user.setByte(addr, (byte) 8);
    assertThat(file.writtenPages).containsExactly(0L, 0L);
    file.truncate(0);
  }

  @Test
  void memoryFilesAreMappedWritableAtOnce() {
    TestFile file = new TestFile(machine.frames, 4, false);
    long addr = machine.mapFile(file, 4, RW, MAP_SHARED, 0);
    assertThat(machine.user.getByte(addr)).isEqualTo((byte) 1);
    long faults = machine.space.faults();
    machine.user.setByte(addr, (byte) 7);
    assertThat(machine.space.faults()).isEqualTo(faults);
    file.truncate(0);
  }

  @Test
  void twoMappingsOfAFileAreOneAndPrivateOnesSeeWrites() {
    TestFile file = new TestFile(machine.frames, 4, true);
    long one = machine.mapFile(file, 2, RW, MAP_SHARED, 1);
    long two = machine.mapFile(file, 2, RW, MAP_SHARED, 2);
    long own = machine.mapFile(file, 2, RW, MAP_PRIVATE, 2);
    assertThat(machine.user.getByte(own)).isEqualTo((byte) 3);
    machine.user.setByte(one + PAGE, (byte) 77);
    assertThat(machine.user.getByte(two)).isEqualTo((byte) 77);
    assertThat(machine.user.getByte(own)).isEqualTo((byte) 77);
    assertThat(file.open).isEqualTo(3);
    machine.space.munmap(one, PAGE);
    assertThat(file.open).isEqualTo(3);
    machine.space.munmap(two + PAGE, PAGE);
    machine.space.munmap(one + PAGE, PAGE);
    assertThat(file.open).isEqualTo(2);
    file.truncate(0);
  }

  @Test
  void beyondTheEndOfAFileIsABusError() {
    TestFile file = new TestFile(machine.frames, 1, true);
    long addr = machine.mapFile(file, 3, RW, MAP_SHARED, 0);
    assertThat(machine.space.fault(addr + PAGE, false, false)).isEqualTo(FaultOutcome.BUS_ADRERR);
    assertThat(machine.space.fault(addr + PAGE, true, false)).isEqualTo(FaultOutcome.BUS_ADRERR);
    byte[] bytes = new byte[2 * PAGE];
    assertThat(machine.user.copyIn(addr, bytes, 0, bytes.length)).isEqualTo(PAGE);
    file.failWith = EIO;
    assertThat(machine.space.fault(addr + 2 * PAGE, true, false))
        .isEqualTo(FaultOutcome.BUS_ADRERR);
    file.failWith = ENOMEM;
    assertThat(machine.space.fault(addr + 2 * PAGE, true, false))
        .isEqualTo(FaultOutcome.OUT_OF_MEMORY);
    file.truncate(0);
  }

  @Test
  void truncationTakesPagesAwayPrivateCopiesToo() {
    TestFile file = new TestFile(machine.frames, 4, true);
    long shared = machine.mapFile(file, 4, RW, MAP_SHARED, 0);
    long own = machine.mapFile(file, 2, RW, MAP_PRIVATE, 2);
    machine.user.setByte(shared + 3 * PAGE, (byte) 9);
    machine.user.setByte(own + PAGE, (byte) 8);
    assertThat(machine.user.getByte(shared + PAGE)).isEqualTo((byte) 2);
    long gone = file.frame(3);
    file.truncate(2);
    assertThat(machine.frames.references(gone)).isZero();
    assertThat(machine.space.fault(shared + 3 * PAGE, false, false))
        .isEqualTo(FaultOutcome.BUS_ADRERR);
    assertThat(machine.space.fault(own + PAGE, false, false)).isEqualTo(FaultOutcome.BUS_ADRERR);
    assertThat(machine.user.getByte(shared + PAGE)).isEqualTo((byte) 2);
    file.truncate(0);
    assertThat(machine.space.residentPages()).isZero();
  }

  @Test
  void punchedHolesLeavePrivateCopies() {
    TestFile file = new TestFile(machine.frames, 2, true);
    long shared = machine.mapFile(file, 2, RW, MAP_SHARED, 0);
    long own = machine.mapFile(file, 2, RW, MAP_PRIVATE, 0);
    assertThat(machine.user.getByte(shared)).isEqualTo((byte) 1);
    machine.user.setByte(own, (byte) 8);
    machine.space.madvise(shared, PAGE, MADV_REMOVE);
    assertThat(machine.user.getByte(shared)).isZero();
    assertThat(machine.user.getByte(own)).isEqualTo((byte) 8);
    assertThat(file.open).isEqualTo(2);
    file.truncate(0);
  }

  @Test
  void sharedMemoryIsOneWhereverItIsMapped() {
    long addr = machine.space.mmap(0, 4 * PAGE, RW, SHARED, null, 0, false);
    machine.user.setByte(addr, (byte) 1);
    machine.space.madvise(addr, PAGE, MADV_DONTNEED);
    assertThat(machine.user.getByte(addr)).isEqualTo((byte) 1);
    assertThat(machine.space.residentFilePages()).isEqualTo(1);
    long used = machine.frames.totalFrames() - machine.frames.freeFrames();
    machine.space.munmap(addr, 4 * PAGE);
    assertThat(machine.frames.totalFrames() - machine.frames.freeFrames()).isLessThan(used);
  }

  @Test
  void faultsMapAroundAndTwiceAsMuchWhenSequential() {
    use(new TestMachine(4096, AROUND));
    long addr = 0x10_0000_0000L;
    machine.mapAt(addr, 2048, RW, PRIVATE);
    machine.user.setByte(addr, (byte) 1);
    assertThat(machine.space.residentPages()).isEqualTo(16);
    for (long page = 1; page < 2048; page++) {
      machine.user.setByte(addr + page * PAGE, (byte) 1);
    }
    assertThat(machine.space.residentPages()).isEqualTo(2048);
    assertThat(machine.space.faults()).isLessThanOrEqualTo(10);
  }

  @Test
  void faultsMapAroundDownwardsToo() {
    use(new TestMachine(4096, AROUND));
    long addr = 0x10_0000_0000L;
    machine.mapAt(addr, 1024, RW, PRIVATE);
    for (long page = 1023; page >= 0; page--) {
      machine.user.setByte(addr + page * PAGE, (byte) 1);
    }
    assertThat(machine.space.faults()).isLessThanOrEqualTo(9);
  }

  @Test
  void randomAccessMapsOnePageAtATime() {
    use(new TestMachine(4096, AROUND));
    long addr = machine.map(64);
    machine.space.madvise(addr, 64 * PAGE, MADV_RANDOM);
    machine.user.setByte(addr, (byte) 1);
    assertThat(machine.space.residentPages()).isEqualTo(1);
  }

  /** A file of 64 pages, the first of which are in its cache. */
  private TestFile cachedFile(int cached) {
    TestFile file = new TestFile(machine.frames, 64, true);
    for (int i = 0; i < cached; i++) {
      machine.frames.release(file.page(i, false));
    }
    return file;
  }

  @Test
  void cachedFilePagesAreMappedAroundReads() {
    use(new TestMachine(4096, AROUND));
    TestFile file = cachedFile(10);
    long addr = 0x10_0000_0000L;
    machine.space.mmap(addr, 64L * PAGE, RW, MAP_PRIVATE | MAP_FIXED, file, 0, true);
    assertThat(machine.user.getByte(addr + 3 * PAGE)).isEqualTo((byte) 4);
    assertThat(machine.space.residentPages()).isEqualTo(10);
    assertThat(machine.user.getByte(addr + 9 * PAGE)).isEqualTo((byte) 10);
    assertThat(machine.space.faults()).isEqualTo(1);
    file.truncate(0);
  }

  @Test
  void aWriteToAProgramsDataCopiesThePagesAroundToo() {
    use(new TestMachine(4096, AROUND));
    long addr = 0x10_0000_0000L;
    machine.mapAt(addr, 1, RW, PRIVATE);
    machine.user.setByte(addr, (byte) 1);
    machine.space.munmap(addr, PAGE);
    long free = machine.frames.freeFrames();
    long faults = machine.space.faults();
    TestFile file = cachedFile(20);
    int flags = MAP_PRIVATE | MAP_FIXED | MAP_DENYWRITE;
    machine.space.mmap(addr, 64L * PAGE, RW, flags, file, 0, true);
    // Some of them are mapped already, as the file's own: they are replaced, and that is announced.
    assertThat(machine.user.getByte(addr + 3 * PAGE)).isEqualTo((byte) 4);
    assertThat(machine.space.residentFilePages()).isEqualTo(20);
    machine.user.setByte(addr + 5 * PAGE, (byte) 99);
    assertThat(machine.space.residentPages()).isEqualTo(20);
    assertThat(machine.space.residentFilePages()).isEqualTo(4);
    for (int i = 0; i < 16; i++) {
      assertThat(machine.user.getByte(addr + (long) i * PAGE))
          .isEqualTo(i == 5 ? 99 : (byte) (i + 1));
      machine.user.setByte(addr + (long) i * PAGE + 1, (byte) 1);
    }
    assertThat(machine.space.faults()).isEqualTo(faults + 2);
    long original = file.page(5, false);
    assertThat(machine.frames.memory().getByte(original)).isEqualTo((byte) 6);
    machine.frames.release(original);
    machine.space.munmap(addr, 64 * PAGE);
    file.truncate(0);
    assertThat(machine.frames.freeFrames()).isEqualTo(free);
  }

  @Test
  void elsewhereAFilesPageIsCopiedAloneBecauseTheFileMayChange() {
    use(new TestMachine(4096, AROUND));
    TestFile file = new TestFile(machine.frames, 64, true);
    machine.frames.release(file.page(1, false));
    long addr = 0x10_0000_0000L;
    machine.space.mmap(addr, 64L * PAGE, RW, MAP_PRIVATE | MAP_FIXED, file, 0, true);
    machine.user.setByte(addr, (byte) 99);
    machine.frames.memory().setByte(file.frame(1), (byte) 77);
    assertThat(machine.user.getByte(addr + PAGE)).isEqualTo((byte) 77);
    file.truncate(0);
  }

  @Test
  void newMemoryCanBeThereFromTheStart() {
    use(
        new TestMachine(
            4096, new MemoryPolicy(16, 64, 16, 512, 8, 8, 0, 0, ForkPolicies.SEQUENTIAL)));
    long addr = machine.map(32);
    assertThat(machine.space.residentPages()).isEqualTo(8);
    machine.user.setByte(addr + 7 * PAGE, (byte) 1);
    assertThat(machine.space.faults()).isZero();
  }

  @Test
  void extensionsOfTheHeapCanBeThereFromTheStart() {
    use(new TestMachine(4096, new MemoryPolicy(1, 1, 1, 1, 0, 4, 0, 0, ForkPolicies.SEQUENTIAL)));
    long start = 0x4000_0000L;
    machine.space.setBreak(start);
    assertThat(machine.space.brk(start + 3 * PAGE)).isEqualTo(start + 3 * PAGE);
    assertThat(machine.space.residentPages()).isEqualTo(3);
    assertThat(machine.space.brk(start + 13 * PAGE)).isEqualTo(start + 13 * PAGE);
    assertThat(machine.space.residentPages()).isEqualTo(7);
    machine.map(2);
    assertThat(machine.space.residentPages()).isEqualTo(7);
  }

  @Test
  void whatAProgramsFileHasInMemoryIsThereFromTheStart() {
    use(new TestMachine(4096, new MemoryPolicy(1, 1, 1, 1, 0, 0, 6, 0, ForkPolicies.SEQUENTIAL)));
    TestFile file = new TestFile(machine.frames, 8, true);
    for (int cached : new int[] {1, 2, 5}) {
      machine.frames.release(file.page(cached, false));
    }
    int flags = MAP_PRIVATE | MAP_DENYWRITE;
    long addr = machine.space.mmap(0, 6 * PAGE, PROT_READ, flags, file, 0, true);
    assertThat(machine.space.residentPages()).isEqualTo(3);
    assertThat(machine.user.getByte(addr + 5 * PAGE))
        .isEqualTo(machine.memory.getByte(file.frame(5)));
    assertThat(machine.space.faults()).isZero();
    machine.space.mmap(0, 7 * PAGE, PROT_READ, flags, file, 0, true); // too large
    machine.space.mmap(0, 6 * PAGE, RW, flags, file, 0, true);
    machine.space.mmap(0, 6 * PAGE, PROT_NONE, flags, file, 0, true);
    machine.space.mmap(0, 6 * PAGE, PROT_READ, MAP_PRIVATE, file, 0, true); // not a program
    assertThat(machine.space.residentPages()).isEqualTo(3);
    machine.space.munmap(addr, 6 * PAGE);
    assertThat(machine.frames.references(file.frame(1))).isEqualTo(1);
    file.truncate(0);
  }

  @Test
  void guestMemoryRunningOutIsAnOutcome() {
    use(new TestMachine(64, AROUND));
    long addr = machine.space.mmap(0, 200 * PAGE, RW, PRIVATE | MAP_NORESERVE, null, 0, false);
    int pages = 0;
    while (machine.space.fault(addr + (long) pages * PAGE, true, false) == FaultOutcome.HANDLED) {
      pages++;
    }
    assertThat(machine.space.fault(addr + (long) pages * PAGE, true, false))
        .isEqualTo(FaultOutcome.OUT_OF_MEMORY);
    assertThat(pages).as("all but three tables and a reserve of a 64th").isEqualTo(64 - 3 - 1);
    machine.user.setByte(addr + (long) pages * PAGE, (byte) 1); // a call gets the last one
    assertErrno(EFAULT, () -> machine.user.setByte(addr + 100 * PAGE, (byte) 1));
    assertErrno(ENOMEM, () -> machine.space.madvise(addr, 200 * PAGE, MADV_POPULATE_WRITE));
    assertErrno(ENOMEM, () -> machine.space.root(0));
    machine.space.munmap(addr, 200 * PAGE);
    machine.map(1);
    assertThat(machine.space.root(0)).isPositive();
  }

  @Test
  void hostMemoryRunningOutIsAnOutcome() {
    machine.backing.commitLimit = 10L * PAGE;
    long addr = machine.map(20);
    assertThat(machine.user.zero(addr, 20 * PAGE)).isEqualTo(7 * PAGE);
    assertThat(machine.space.fault(addr + 7 * PAGE, true, false))
        .isEqualTo(FaultOutcome.OUT_OF_MEMORY);
  }

  @Test
  void aFrameThatIsPinnedOutlivesItsMapping() {
    long addr = machine.map(1);
    machine.user.setByte(addr, (byte) 5);
    long gpa = machine.user.pin(addr + 3, false);
    machine.space.munmap(addr, PAGE);
    assertThat(machine.memory.getByte(gpa - 3)).isEqualTo((byte) 5);
    assertThat(machine.frames.references(gpa - 3)).isEqualTo(1);
    machine.frames.release(gpa - 3);
  }

  @Test
  void closingGivesFramesBackAfterTablesAreReleased() {
    TestMachine other =
        new TestMachine(1024, new MemoryPolicy(1, 1, 1, 1, 0, 0, 0, 1000, ForkPolicies.SEQUENTIAL));
    long addr = other.map(20);
    other.user.zero(addr, 20 * PAGE);
    other.space.root(0);
    other.space.close();
    assertThat(other.backing.tablesReleased).isZero();
    assertThat(other.backing.announcements).isEmpty();
    assertThat(other.space.fault(addr, false, false)).isEqualTo(FaultOutcome.SEGV_MAPERR);
    assertErrno(ENOMEM, () -> other.map(1));
    assertErrno(EFAULT, () -> other.user.getByte(addr));
    other.frames.releaseQuarantined();
    assertThat(other.backing.tablesReleased).isEqualTo(1);
    other.close();
  }

  /**
   * A door that copies while another thread unmaps: no byte may land in a frame that has been given
   * to somebody else.
   */
  @Test
  void copiesNeverReachAFrameThatWasTakenAway() throws Exception {
    long addr = machine.map(1);
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    CountDownLatch started = new CountDownLatch(1);
    Thread copier =
        new Thread(() -> {
          byte[] ones = new byte[PAGE];
          java.util.Arrays.fill(ones, (byte) 1);
          try (UserMemory door = new UserMemory(machine.space)) {
            started.countDown();
            while (!stop.get()) {
              door.copyOut(addr, ones, 0, PAGE);
            }
          } catch (RuntimeException | AssertionError e) {
            failure.set(e);
          }
        });
    copier.start();
    started.await();
    for (int i = 0; i < 20_000; i++) {
      machine.space.madvise(addr, PAGE, MADV_DONTNEED);
      long gpa = machine.frames.allocate();
      for (int at = 0; at < PAGE; at += 512) {
        assertThat(machine.memory.getByte(gpa + at)).isZero();
      }
      machine.frames.release(gpa);
    }
    stop.set(true);
    copier.join();
    assertThat(failure.get()).isNull();
  }
}

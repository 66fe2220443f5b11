package org.biscotti.kernel.mem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Mman.*;
import static org.biscotti.kernel.mem.TestMachine.PAGE;
import static org.biscotti.kernel.mem.TestMachine.PRIVATE;
import static org.biscotti.kernel.mem.TestMachine.RW;
import static org.biscotti.kernel.mem.TestMachine.SHARED;
import static org.biscotti.kernel.mem.TestMachine.assertErrno;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Areas: where mappings go, how they split and merge, and each way in which a call is wrong. */
class MappingTest {
  private static final long BASE = 0x10_0000_0000L;

  private final TestMachine machine = TestMachine.exact();
  private final AddressSpace space = machine.space;

  @AfterEach
  void close() {
    machine.close();
  }

  private long mmap(long addr, long length, int prot, int flags) {
    return space.mmap(addr, length, prot, flags, null, 0, false);
  }

  // mmap

  @Test
  void mappingsGrowDownFromMmapBaseAndMerge() {
    long first = machine.map(4);
    assertThat(first + 4 * PAGE).isEqualTo(Layout.mmapBase(Layout.STACK_LIMIT_DEFAULT));
    assertThat(machine.map(2)).isEqualTo(first - 2 * PAGE);
    assertThat(space.areaCount()).isEqualTo(1);
    assertThat(space.virtualPages()).isEqualTo(6);
    mmap(0, PAGE, PROT_READ, PRIVATE);
    assertThat(space.areaCount()).isEqualTo(2);
  }

  @Test
  void lengthsAreRoundedUp() {
    long addr = mmap(0, 1, RW, PRIVATE);
    machine.user.setByte(addr + PAGE - 1, (byte) 1);
    assertErrno(EFAULT, () -> machine.user.setByte(addr + PAGE, (byte) 1));
  }

  @Test
  void freeHintsAreHonouredAndRoundedDown() {
    assertThat(mmap(BASE + 123, PAGE, RW, PRIVATE)).isEqualTo(BASE);
    long other = mmap(BASE, PAGE, RW, PRIVATE);
    assertThat(other).isNotEqualTo(BASE);
    assertThat(mmap(1, PAGE, RW, PRIVATE)).isNotZero();
    assertThat(mmap(PAGE, PAGE, RW, PRIVATE)).isEqualTo(Layout.USER_MIN);
    assertThat(mmap(-PAGE, PAGE, RW, PRIVATE)).isPositive().isLessThan(Layout.USER_END);
  }

  @Test
  void low32BitMappingsLieInTheSecondGigabyte() {
    long addr = mmap(0, PAGE, RW, PRIVATE | MAP_32BIT);
    assertThat(addr).isEqualTo(Layout.LOW_START);
    assertThat(mmap(0, PAGE, RW, PRIVATE | MAP_32BIT)).isEqualTo(addr + PAGE);
    int flags = PRIVATE | MAP_32BIT | MAP_NORESERVE;
    assertErrno(ENOMEM, () -> mmap(0, 0x4000_0000L, RW, flags));
  }

  @Test
  void fixedReplacesWhatIsThere() {
    machine.mapAt(BASE, 3, RW, PRIVATE);
    machine.user.setByte(BASE + PAGE, (byte) 7);
    machine.mapAt(BASE + PAGE, 1, RW, PRIVATE);
    assertThat(machine.user.getByte(BASE + PAGE)).isZero();
    assertThat(space.areaCount()).isEqualTo(1);
    machine.mapAt(BASE + PAGE, 1, PROT_READ, PRIVATE);
    assertThat(space.areaCount()).isEqualTo(3);
    assertThat(space.virtualPages()).isEqualTo(3);
  }

  @Test
  void fixedNoReplaceDoesNot() {
    machine.mapAt(BASE, 1, RW, PRIVATE);
    int flags = PRIVATE | MAP_FIXED_NOREPLACE;
    assertErrno(EEXIST, () -> mmap(BASE, PAGE, RW, flags));
    assertErrno(EEXIST, () -> mmap(BASE - PAGE, 2 * PAGE, RW, flags));
    assertThat(mmap(BASE + PAGE, PAGE, RW, flags)).isEqualTo(BASE + PAGE);
  }

  @Test
  void badArgumentsOfMmap() {
    assertErrno(EINVAL, () -> mmap(0, 0, RW, PRIVATE));
    assertErrno(EINVAL, () -> mmap(0, PAGE, RW, MAP_ANONYMOUS));
    assertErrno(EINVAL, () -> mmap(0, PAGE, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE));
    assertErrno(EINVAL, () -> mmap(0, PAGE, RW, MAP_ANONYMOUS | 4));
    assertErrno(EINVAL, () -> mmap(0, PAGE, RW, SHARED | MAP_GROWSDOWN));
    assertErrno(EINVAL, () -> space.mmap(0, PAGE, RW, PRIVATE, null, 1, false));
    assertErrno(EINVAL, () -> mmap(BASE + 1, PAGE, RW, PRIVATE | MAP_FIXED));
    assertErrno(EPERM, () -> mmap(PAGE, PAGE, RW, PRIVATE | MAP_FIXED));
    assertErrno(EBADF, () -> mmap(0, PAGE, RW, MAP_PRIVATE));
    assertErrno(ENOMEM, () -> mmap(0, PAGE, RW, PRIVATE | MAP_HUGETLB));
    assertErrno(ENOMEM, () -> mmap(Layout.USER_END, PAGE, RW, PRIVATE | MAP_FIXED));
    assertErrno(ENOMEM, () -> mmap(Layout.USER_END - PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED));
    assertThat(space.areaCount()).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, -4095, -4096, Long.MIN_VALUE, Long.MAX_VALUE, Layout.USER_END})
  void absurdLengthsAreEnomem(long length) {
    assertErrno(ENOMEM, () -> mmap(0, length, PROT_NONE, PRIVATE | MAP_NORESERVE));
    assertErrno(ENOMEM, () -> mmap(BASE, length, PROT_NONE, PRIVATE | MAP_FIXED));
    assertThat(space.areaCount()).isZero();
  }

  @Test
  void badArgumentsOfFileMappings() {
    TestFile file = new TestFile(machine.frames, 4, true);
    assertErrno(EACCES, () -> space.mmap(0, PAGE, RW, MAP_SHARED, file, 0, false));
    assertErrno(EINVAL, () -> space.mmap(0, PAGE, RW, MAP_PRIVATE | MAP_GROWSDOWN, file, 0, true));
    assertErrno(
        EOPNOTSUPP, () -> space.mmap(0, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, file, 0, true));
    assertErrno(EINVAL, () -> space.mmap(0, PAGE, RW, MAP_PRIVATE, file, 512, true));
    assertErrno(EOVERFLOW, () -> space.mmap(0, PAGE, RW, MAP_PRIVATE, file, -PAGE, true));
    assertErrno(EINVAL, () -> space.mmap(0, PAGE, RW, MAP_PRIVATE | MAP_HUGETLB, file, 0, true));
    assertThat(file.open).isZero();
    long addr = space.mmap(0, PAGE, PROT_READ, MAP_SHARED, file, 0, false);
    assertErrno(EACCES, () -> space.mprotect(addr, PAGE, RW));
    assertThat(space.mmap(0, PAGE, RW, MAP_PRIVATE, file, 0, false)).isPositive();
  }

  @Test
  void promisesBeyondTheMachineAreRefused() {
    long much = (machine.frames.totalFrames() + 1) * PAGE;
    assertErrno(ENOMEM, () -> mmap(0, much, RW, PRIVATE));
    assertErrno(ENOMEM, () -> mmap(0, much, RW, SHARED));
    long reserved = mmap(0, much, RW, PRIVATE | MAP_NORESERVE);
    assertThat(reserved).isPositive();
    long none = mmap(0, much, PROT_NONE, PRIVATE);
    assertErrno(ENOMEM, () -> space.mprotect(none, much, RW));
  }

  @Test
  void hugeReservationsCostNothing() {
    long size = 100L << 40;
    long addr = mmap(0, size, PROT_NONE, PRIVATE | MAP_NORESERVE);
    long tables = space.tablePages();
    space.mprotect(addr, size, RW);
    machine.user.setByte(addr + size / 2, (byte) 1);
    space.madvise(addr, size, MADV_DONTNEED);
    assertThat(machine.user.getByte(addr + size / 2)).isZero();
    assertThat(space.tablePages() - tables).isEqualTo(3);
    space.munmap(addr, size);
    assertThat(space.virtualPages()).isZero();
  }

  @Test
  void limitsOfTheProcess() {
    space.setAddressSpaceLimit(10L * PAGE);
    machine.mapAt(BASE, 8, RW, PRIVATE);
    assertErrno(ENOMEM, () -> machine.map(3));
    machine.mapAt(BASE, 10, PROT_READ, PRIVATE);
    space.setAddressSpaceLimit(-1);
    space.setDataLimit(5L * PAGE);
    assertErrno(ENOMEM, () -> machine.map(6));
    mmap(0, 6 * PAGE, PROT_READ, PRIVATE);
    mmap(0, 6 * PAGE, RW, SHARED);
    machine.map(5);
    assertErrno(ENOMEM, () -> space.mprotect(BASE, PAGE, RW));
    assertThat(space.dataPages()).isEqualTo(5);
  }

  @Test
  void thereIsALimitToAreas() {
    for (int i = 0; i < Layout.MAP_COUNT_MAX / 2; i++) {
      machine.mapAt(BASE + 2L * i * PAGE, 1, i % 2 == 0 ? RW : PROT_READ, PRIVATE);
    }
    for (int i = 0; i < Layout.MAP_COUNT_MAX / 2 + 1; i++) {
      mmap(0, PAGE, i % 2 == 0 ? RW : PROT_READ, PRIVATE);
    }
    assertThat(space.areaCount()).isEqualTo(Layout.MAP_COUNT_MAX + 1);
    assertErrno(ENOMEM, () -> machine.map(1));
    long big = BASE - 16L * PAGE;
    space.munmap(BASE, 3 * PAGE);
    machine.mapAt(big, 8, RW, PRIVATE);
    machine.mapAt(big - 8L * PAGE, 8, PROT_READ, PRIVATE);
    assertThat(space.areaCount()).isEqualTo(Layout.MAP_COUNT_MAX + 1);
    assertErrno(ENOMEM, () -> space.munmap(big + PAGE, PAGE));
    assertErrno(ENOMEM, () -> space.mprotect(big + PAGE, PAGE, PROT_READ));
    space.munmap(big, PAGE);
    space.munmap(big, 8 * PAGE);
    space.munmap(big - 8 * PAGE, 8 * PAGE);
    assertThat(machine.map(1)).isPositive();
  }

  @Test
  void placesAreFoundAboveWhenThereIsNoneBelow() {
    long all = Layout.mmapBase(Layout.STACK_LIMIT_DEFAULT) - Layout.USER_MIN;
    mmap(Layout.USER_MIN, all, PROT_NONE, PRIVATE | MAP_FIXED);
    long addr = machine.map(1);
    assertThat(addr).isEqualTo(Layout.mmapBase(Layout.STACK_LIMIT_DEFAULT));
  }

  // munmap

  @Test
  void unmappingTheMiddleSplits() {
    machine.mapAt(BASE, 5, RW, PRIVATE);
    machine.user.zero(BASE, 5 * PAGE);
    space.munmap(BASE + PAGE, 2 * PAGE);
    assertThat(space.areaCount()).isEqualTo(2);
    assertThat(space.residentPages()).isEqualTo(3);
    assertThat(space.fault(BASE + PAGE, false, false)).isEqualTo(FaultOutcome.SEGV_MAPERR);
    assertThat(machine.user.getByte(BASE + 3 * PAGE)).isZero();
    space.munmap(BASE, 100 * PAGE);
    assertThat(space.areaCount()).isZero();
    space.munmap(BASE, PAGE);
  }

  @Test
  void badArgumentsOfMunmap() {
    assertErrno(EINVAL, () -> space.munmap(BASE + 1, PAGE));
    assertErrno(EINVAL, () -> space.munmap(BASE, 0));
    assertErrno(EINVAL, () -> space.munmap(BASE, -1));
    assertErrno(EINVAL, () -> space.munmap(BASE, -PAGE));
    assertErrno(EINVAL, () -> space.munmap(Layout.USER_END, PAGE));
    assertErrno(EINVAL, () -> space.munmap(-PAGE, PAGE));
  }

  // mprotect

  @Test
  void protectionSplitsAndMergesAgain() {
    machine.mapAt(BASE, 4, RW, PRIVATE);
    machine.user.setByte(BASE + PAGE, (byte) 5);
    space.mprotect(BASE + PAGE, PAGE, PROT_READ);
    assertThat(space.areaCount()).isEqualTo(3);
    assertErrno(EFAULT, () -> machine.user.setByte(BASE + PAGE, (byte) 6));
    assertThat(machine.user.getByte(BASE + PAGE)).isEqualTo((byte) 5);
    space.mprotect(BASE + PAGE, PAGE, RW);
    assertThat(space.areaCount()).isEqualTo(1);
    machine.user.setByte(BASE + PAGE, (byte) 6);
  }

  @Test
  void noAccessHidesButKeepsContents() {
    machine.mapAt(BASE, 1, RW, PRIVATE);
    machine.user.setByte(BASE, (byte) 5);
    space.mprotect(BASE, PAGE, PROT_NONE);
    assertErrno(EFAULT, () -> machine.user.getByte(BASE));
    assertThat(space.fault(BASE, false, false)).isEqualTo(FaultOutcome.SEGV_ACCERR);
    space.mprotect(BASE, PAGE, PROT_READ);
    assertThat(machine.user.getByte(BASE)).isEqualTo((byte) 5);
    assertThat(space.fault(BASE, true, false)).isEqualTo(FaultOutcome.SEGV_ACCERR);
    assertThat(space.fault(BASE, false, true)).isEqualTo(FaultOutcome.SEGV_ACCERR);
    space.mprotect(BASE, PAGE, PROT_EXEC);
    assertThat(space.fault(BASE, false, true)).isEqualTo(FaultOutcome.HANDLED);
    assertThat(space.fault(BASE, false, false)).isEqualTo(FaultOutcome.HANDLED);
  }

  @Test
  void badArgumentsOfMprotect() {
    machine.mapAt(BASE, 2, RW, PRIVATE);
    machine.mapAt(BASE + 3 * PAGE, 1, RW, PRIVATE);
    assertErrno(EINVAL, () -> space.mprotect(BASE + 1, PAGE, PROT_READ));
    assertErrno(EINVAL, () -> space.mprotect(BASE, PAGE, 0x10));
    assertErrno(EINVAL, () -> space.mprotect(BASE, PAGE, PROT_GROWSDOWN | PROT_GROWSUP));
    assertErrno(EINVAL, () -> space.mprotect(BASE, PAGE, PROT_READ | PROT_GROWSDOWN));
    assertErrno(EINVAL, () -> space.mprotect(BASE, PAGE, PROT_READ | PROT_GROWSUP));
    assertErrno(ENOMEM, () -> space.mprotect(BASE, -PAGE, PROT_READ));
    assertErrno(ENOMEM, () -> space.mprotect(BASE, -1, PROT_READ));
    assertErrno(ENOMEM, () -> space.mprotect(BASE - PAGE, PAGE, PROT_READ));
    assertErrno(ENOMEM, () -> space.mprotect(-2L * PAGE, PAGE, PROT_READ));
    assertErrno(ENOMEM, () -> space.mprotect(-2L * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
    assertThat(space.areaCount()).isEqualTo(2);
    space.mprotect(BASE, 0, 0x10);
    assertErrno(ENOMEM, () -> space.mprotect(BASE, 4 * PAGE, PROT_READ));
    assertErrno(EFAULT, () -> machine.user.setByte(BASE, (byte) 1));
    machine.user.setByte(BASE + 3 * PAGE, (byte) 1);
  }

  // mremap

  @Test
  void growsInPlaceWhenThereIsRoom() {
    machine.mapAt(BASE, 2, RW, PRIVATE);
    machine.user.setByte(BASE + PAGE, (byte) 9);
    assertThat(space.mremap(BASE, 2 * PAGE, 5 * PAGE, 0, 0)).isEqualTo(BASE);
    machine.user.setByte(BASE + 4 * PAGE, (byte) 1);
    assertThat(machine.user.getByte(BASE + PAGE)).isEqualTo((byte) 9);
    assertThat(space.virtualPages()).isEqualTo(5);
  }

  @Test
  void movesWhenItMust() {
    machine.mapAt(BASE, 2, RW, PRIVATE);
    machine.mapAt(BASE + 2 * PAGE, 1, PROT_READ, PRIVATE);
    machine.user.setByte(BASE + PAGE, (byte) 9);
    assertErrno(ENOMEM, () -> space.mremap(BASE, 2 * PAGE, 3 * PAGE, 0, 0));
    long moved = space.mremap(BASE, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE, 0);
    assertThat(moved).isNotEqualTo(BASE);
    assertThat(machine.user.getByte(moved + PAGE)).isEqualTo((byte) 9);
    assertThat(machine.user.getByte(moved + 2 * PAGE)).isZero();
    assertErrno(EFAULT, () -> machine.user.getByte(BASE));
    assertThat(space.virtualPages()).isEqualTo(4);
  }

  @Test
  void shrinksAndMovesToAPlace() {
    machine.mapAt(BASE, 4, RW, PRIVATE);
    machine.user.setByte(BASE, (byte) 3);
    assertThat(space.mremap(BASE, 4 * PAGE, PAGE, 0, 0)).isEqualTo(BASE);
    assertThat(space.virtualPages()).isEqualTo(1);
    long to = BASE + 100 * PAGE;
    machine.mapAt(to, 2, RW, PRIVATE);
    int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
    assertThat(space.mremap(BASE, PAGE, 2 * PAGE, flags, to)).isEqualTo(to);
    assertThat(machine.user.getByte(to)).isEqualTo((byte) 3);
    assertThat(space.areaCount()).isEqualTo(1);
  }

  @Test
  void movesAndLeavesAnEmptyMappingBehind() {
    machine.mapAt(BASE, 2, RW, PRIVATE);
    machine.user.setByte(BASE, (byte) 3);
    int flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
    long moved = space.mremap(BASE, 2 * PAGE, 2 * PAGE, flags, 0);
    assertThat(machine.user.getByte(moved)).isEqualTo((byte) 3);
    assertThat(machine.user.getByte(BASE)).isZero();
    assertThat(space.virtualPages()).isEqualTo(4);
    assertThat(machine.backing.announcedFrames()).isEqualTo(1);
  }

  @Test
  void sizeZeroDuplicatesSharedMemory() {
    long addr = mmap(0, 2 * PAGE, RW, SHARED);
    machine.user.setByte(addr, (byte) 3);
    long twin = space.mremap(addr, 0, 2 * PAGE, MREMAP_MAYMOVE, 0);
    assertThat(machine.user.getByte(twin)).isEqualTo((byte) 3);
    machine.user.setByte(twin + PAGE, (byte) 4);
    assertThat(machine.user.getByte(addr + PAGE)).isEqualTo((byte) 4);
    long own = machine.map(1);
    assertErrno(EINVAL, () -> space.mremap(own, 0, PAGE, MREMAP_MAYMOVE, 0));
  }

  @Test
  void sharedMemoryEndsWhereItDid() {
    long addr = mmap(BASE, PAGE, RW, SHARED | MAP_FIXED);
    space.mremap(addr, PAGE, 2 * PAGE, 0, 0);
    assertThat(space.fault(addr + PAGE, false, false)).isEqualTo(FaultOutcome.BUS_ADRERR);
  }

  @Test
  void badArgumentsOfMremap() {
    machine.mapAt(BASE, 2, RW, PRIVATE);
    machine.mapAt(BASE + 2 * PAGE, 1, PROT_READ, PRIVATE);
    int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
    int keep = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
    assertErrno(EINVAL, () -> space.mremap(BASE + 1, PAGE, PAGE, 0, 0));
    assertErrno(EINVAL, () -> space.mremap(BASE, PAGE, 0, 0, 0));
    assertErrno(EINVAL, () -> space.mremap(BASE, PAGE, PAGE, 8, 0));
    assertErrno(EINVAL, () -> space.mremap(BASE, PAGE, PAGE, MREMAP_FIXED, BASE));
    assertErrno(EINVAL, () -> space.mremap(BASE, PAGE, 2 * PAGE, keep, 0));
    assertErrno(EINVAL, () -> space.mremap(BASE, PAGE, PAGE, fixed, BASE + 1));
    assertErrno(EINVAL, () -> space.mremap(BASE, 2 * PAGE, PAGE, fixed, BASE + PAGE));
    assertErrno(EINVAL, () -> space.mremap(BASE, PAGE, PAGE, fixed, Layout.USER_END));
    assertErrno(EINVAL, () -> space.mremap(BASE, PAGE, PAGE, fixed, -PAGE));
    assertErrno(EPERM, () -> space.mremap(BASE, PAGE, PAGE, fixed, 0));
    assertErrno(EFAULT, () -> space.mremap(BASE - PAGE, PAGE, PAGE, 0, 0));
    assertErrno(EFAULT, () -> space.mremap(-PAGE, PAGE, PAGE, 0, 0));
    assertErrno(EFAULT, () -> space.mremap(BASE, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, 0));
    assertErrno(EINVAL, () -> space.mremap(BASE, PAGE, -PAGE, MREMAP_MAYMOVE, 0));
    assertErrno(ENOMEM, () -> space.mremap(BASE, PAGE, 1L << 46, MREMAP_MAYMOVE, 0));
    assertErrno(EINVAL, () -> space.mremap(BASE, -PAGE, PAGE, 0, 0));
    assertThat(space.virtualPages()).isEqualTo(3);
  }

  // brk

  @Test
  void theHeapGrowsAndShrinks() {
    space.setBreak(BASE + 10);
    assertThat(space.brk(0)).isEqualTo(BASE + 10);
    assertThat(space.brk(BASE + 3 * PAGE)).isEqualTo(BASE + 3 * PAGE);
    machine.user.setByte(BASE + 2 * PAGE, (byte) 1);
    assertErrno(EFAULT, () -> machine.user.setByte(BASE, (byte) 1));
    assertThat(space.brk(BASE + PAGE + 5)).isEqualTo(BASE + PAGE + 5);
    assertErrno(EFAULT, () -> machine.user.getByte(BASE + 2 * PAGE));
    assertThat(space.brk(BASE + 4 * PAGE)).isEqualTo(BASE + 4 * PAGE);
    assertThat(space.areaCount()).isEqualTo(1);
    assertThat(machine.user.getByte(BASE + 2 * PAGE)).isZero();
    assertThat(space.brk(BASE)).isEqualTo(BASE + 4 * PAGE);
    assertThat(space.brk(-1)).isEqualTo(BASE + 4 * PAGE);
    assertThat(space.brk(Layout.USER_END)).isEqualTo(BASE + 4 * PAGE);
  }

  @Test
  void theHeapStopsBelowAMappingAndAtItsLimit() {
    space.setBreak(BASE);
    machine.mapAt(BASE + 4 * PAGE, 1, RW, PRIVATE);
    assertThat(space.brk(BASE + 4 * PAGE)).isEqualTo(BASE);
    assertThat(space.brk(BASE + 3 * PAGE)).isEqualTo(BASE + 3 * PAGE);
    space.munmap(BASE + 4 * PAGE, PAGE);
    space.setDataLimit(4L * PAGE);
    assertThat(space.brk(BASE + 5 * PAGE)).isEqualTo(BASE + 3 * PAGE);
    assertThat(space.brk(BASE + 4 * PAGE)).isEqualTo(BASE + 4 * PAGE);
  }

  // stacks

  @Test
  void stacksGrowToTheirLimitAndKeepTheirGap() {
    long top = Layout.STACK_TOP;
    machine.mapAt(top - 4 * PAGE, 4, RW, PRIVATE | MAP_GROWSDOWN);
    space.setStackLimit(64L * PAGE);
    machine.user.setByte(top - 60 * PAGE, (byte) 1);
    assertThat(space.stackPages()).isEqualTo(60);
    assertThat(space.fault(top - 65 * PAGE, true, false)).isEqualTo(FaultOutcome.SEGV_MAPERR);
    space.setStackLimit(-1);
    long below = top - 600 * PAGE;
    machine.mapAt(below, 1, RW, PRIVATE);
    assertThat(space.fault(below + 200 * PAGE, true, false)).isEqualTo(FaultOutcome.SEGV_MAPERR);
    assertThat(space.fault(below + 257 * PAGE, true, false)).isEqualTo(FaultOutcome.HANDLED);
    space.setAddressSpaceLimit(space.virtualPages() * PAGE);
    assertThat(space.fault(below + 256 * PAGE, true, false)).isEqualTo(FaultOutcome.SEGV_MAPERR);
  }

  @Test
  void nothingIsPlacedInTheGapBelowAStack() {
    machine.mapAt(BASE, 1, RW, PRIVATE | MAP_GROWSDOWN);
    long inGap = BASE - 10 * PAGE;
    assertThat(mmap(inGap, PAGE, RW, PRIVATE)).isNotEqualTo(inGap);
    assertThat(machine.mapAt(inGap, 1, RW, PRIVATE)).isEqualTo(inGap);
    long clear = BASE - Layout.STACK_GUARD_GAP - PAGE;
    assertThat(mmap(clear, PAGE, RW, PRIVATE)).isEqualTo(clear);
  }

  @Test
  void protectionCanReachDownAStack() {
    machine.mapAt(BASE, 4, RW, PRIVATE | MAP_GROWSDOWN);
    space.mprotect(BASE + 3 * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN);
    assertErrno(EFAULT, () -> machine.user.setByte(BASE, (byte) 1));
  }

  // madvise, msync, mincore, mlock

  @Test
  void unneededPagesAreZeroAgain() {
    long addr = machine.map(4);
    machine.user.setByte(addr, (byte) 1);
    machine.user.setByte(addr + PAGE, (byte) 2);
    space.madvise(addr, PAGE, MADV_DONTNEED);
    assertThat(machine.user.getByte(addr)).isZero();
    assertThat(machine.user.getByte(addr + PAGE)).isEqualTo((byte) 2);
    space.madvise(addr, 4 * PAGE, MADV_FREE);
    assertThat(machine.user.getByte(addr + PAGE)).isZero();
  }

  @Test
  void populatingMapsAllPages() {
    long addr = machine.map(600);
    space.madvise(addr, 600 * PAGE, MADV_POPULATE_WRITE);
    assertThat(space.residentPages()).isEqualTo(600);
    mmap(0, 7 * PAGE, PROT_READ, PRIVATE | MAP_POPULATE);
    assertThat(space.residentPages()).isEqualTo(607);
    mmap(0, 7 * PAGE, PROT_NONE, PRIVATE | MAP_POPULATE);
    assertThat(space.residentPages()).isEqualTo(607);
    assertThat(space.faults()).isZero();
    long readOnly = mmap(BASE, PAGE, PROT_READ, PRIVATE | MAP_FIXED);
    assertErrno(EINVAL, () -> space.madvise(readOnly, PAGE, MADV_POPULATE_WRITE));
    assertErrno(ENOMEM, () -> space.madvise(readOnly, 2 * PAGE, MADV_POPULATE_READ));
    TestFile file = new TestFile(machine.frames, 0, true);
    long past = machine.mapFile(file, 1, RW, MAP_SHARED, 0);
    assertErrno(EFAULT, () -> space.madvise(past, PAGE, MADV_POPULATE_READ));
  }

  @Test
  void badArgumentsOfMadvise() {
    machine.mapAt(BASE, 1, RW, PRIVATE);
    machine.mapAt(BASE + 2 * PAGE, 1, RW, PRIVATE);
    long shared = mmap(0, PAGE, RW, SHARED);
    assertErrno(EINVAL, () -> space.madvise(BASE, PAGE, 5));
    assertErrno(EINVAL, () -> space.madvise(BASE, PAGE, -1));
    assertErrno(EINVAL, () -> space.madvise(BASE + 1, PAGE, MADV_DONTNEED));
    assertErrno(EINVAL, () -> space.madvise(BASE, -1, MADV_DONTNEED));
    assertErrno(EINVAL, () -> space.madvise(BASE, -BASE - PAGE + 2L * PAGE, MADV_DONTNEED));
    assertErrno(ENOMEM, () -> space.madvise(-4L * PAGE, PAGE, MADV_DONTNEED));
    assertErrno(EINVAL, () -> space.madvise(shared, PAGE, MADV_FREE));
    assertErrno(EINVAL, () -> space.madvise(shared, PAGE, MADV_WIPEONFORK));
    assertErrno(EINVAL, () -> space.madvise(BASE, PAGE, MADV_REMOVE));
    assertErrno(EINVAL, () -> space.madvise(BASE, PAGE, MADV_COLLAPSE));
    space.madvise(BASE, 0, MADV_DONTNEED);
    machine.user.setByte(BASE + 2 * PAGE, (byte) 1);
    assertErrno(ENOMEM, () -> space.madvise(BASE, 3 * PAGE, MADV_DONTNEED));
    assertThat(machine.user.getByte(BASE + 2 * PAGE)).isZero();
    assertErrno(ENOMEM, () -> space.madvise(BASE + PAGE, PAGE, MADV_DONTNEED));
  }

  @Test
  void adviceKeepsAreasApart() {
    machine.mapAt(BASE, 3, RW, PRIVATE);
    space.madvise(BASE + PAGE, PAGE, MADV_DONTDUMP);
    assertThat(space.areaCount()).isEqualTo(3);
    space.madvise(BASE, 3 * PAGE, MADV_DODUMP);
    assertThat(space.areaCount()).isEqualTo(1);
    space.madvise(BASE, 2 * PAGE, MADV_RANDOM);
    space.madvise(BASE, 2 * PAGE, MADV_NORMAL);
    space.madvise(BASE, 2 * PAGE, MADV_WILLNEED);
    assertThat(space.areaCount()).isEqualTo(1);
  }

  @Test
  void holesCanBePunchedInSharedMemory() {
    long addr = mmap(0, 1000 * PAGE, RW, SHARED);
    machine.user.setByte(addr + 600 * PAGE, (byte) 1);
    machine.user.setByte(addr + 700 * PAGE, (byte) 2);
    space.madvise(addr, 650 * PAGE, MADV_REMOVE);
    assertThat(machine.user.getByte(addr + 600 * PAGE)).isZero();
    assertThat(machine.user.getByte(addr + 700 * PAGE)).isEqualTo((byte) 2);
    space.mprotect(addr, 1000 * PAGE, PROT_READ);
    assertErrno(EACCES, () -> space.madvise(addr, PAGE, MADV_REMOVE));
  }

  @Test
  void syncingReachesTheFile() {
    TestFile file = new TestFile(machine.frames, 8, true);
    long addr = machine.mapFile(file, 4, RW, MAP_SHARED, 2);
    space.msync(addr + PAGE, 2 * PAGE, MS_SYNC);
    space.msync(addr, 4 * PAGE, MS_ASYNC);
    assertThat(file.synced).containsExactly("3+2");
    assertThat(file.open).isEqualTo(1);
    assertErrno(EINVAL, () -> space.msync(addr, PAGE, MS_SYNC | MS_ASYNC));
    assertErrno(EINVAL, () -> space.msync(addr, PAGE, 8));
    assertErrno(EINVAL, () -> space.msync(addr + 1, PAGE, MS_SYNC));
    assertErrno(ENOMEM, () -> space.msync(addr, 5 * PAGE, MS_SYNC));
    assertErrno(ENOMEM, () -> space.msync(BASE, PAGE, MS_SYNC));
    assertErrno(ENOMEM, () -> space.msync(addr, -2L * PAGE, MS_SYNC));
    assertErrno(ENOMEM, () -> space.msync(-2L * PAGE, PAGE, MS_SYNC));
    space.msync(addr, 0, MS_SYNC);
    assertThat(file.synced).containsExactly("3+2", "2+4");
  }

  @Test
  void residencyIsReported() {
    machine.mapAt(BASE, 4, RW, PRIVATE);
    machine.user.setByte(BASE + 2 * PAGE, (byte) 1);
    long vector = machine.map(1);
    space.mincore(BASE, 4 * PAGE - 1, machine.user, vector, () -> false);
    byte[] seen = new byte[5];
    machine.user.copyInFully(vector, seen, 0, 5);
    assertThat(seen).containsExactly(0, 0, 1, 0, 0);
    assertErrno(EINVAL, () -> space.mincore(BASE + 1, PAGE, machine.user, vector, () -> false));
    assertErrno(ENOMEM, () -> space.mincore(BASE, 5 * PAGE, machine.user, vector, () -> false));
    assertErrno(ENOMEM, () -> space.mincore(BASE, -1, machine.user, vector, () -> false));
    assertErrno(ENOMEM, () -> space.mincore(-PAGE, PAGE, machine.user, vector, () -> false));
    assertErrno(EFAULT, () -> space.mincore(BASE, PAGE, machine.user, 8, () -> false));
    assertErrno(EFAULT, () -> space.mincore(BASE, PAGE, machine.user, -1, () -> false));
    TestFile file = new TestFile(machine.frames, 2, true);
    long mapped = machine.mapFile(file, 2, PROT_READ, MAP_SHARED, 0);
    machine.frames.release(file.page(1, false));
    space.mincore(mapped, 2 * PAGE, machine.user, vector, () -> false);
    assertThat(machine.user.getShort(vector)).isEqualTo((short) 0x100);
    file.truncate(0);
  }

  @Test
  void lockingNeedsMappings() {
    machine.mapAt(BASE, 2, RW, PRIVATE);
    space.lock(BASE + 5, PAGE, false);
    assertThat(space.lockedPages()).isEqualTo(2);
    assertThat(space.residentPages()).isEqualTo(2);
    space.lock(0, 0, false);
    assertErrno(ENOMEM, () -> space.unlock(BASE, 2 * PAGE + 1));
    assertThat(space.lockedPages()).isZero();
    assertErrno(ENOMEM, () -> space.lock(BASE - 1, 2, false));
    space.lock(BASE, -1, false);
    assertErrno(EINVAL, () -> space.lock(BASE, -BASE - 1, false));
    assertErrno(ENOMEM, () -> space.lock(-4L * PAGE, PAGE, true));
    assertThat(space.lockedPages()).isZero();
  }

  @Test
  void locksCountAgainstTheirLimit() {
    space.setLockLimit(4 * PAGE);
    machine.mapAt(BASE, 8, RW, PRIVATE);
    assertErrno(ENOMEM, () -> space.lock(BASE, 5 * PAGE, false));
    space.lock(BASE, 4 * PAGE, true);
    assertThat(space.residentPages()).isZero();
    space.lock(BASE + PAGE, 3 * PAGE, false);
    assertThat(space.residentPages()).isEqualTo(3);
    assertErrno(EINVAL, () -> space.madvise(BASE, PAGE, MADV_DONTNEED));
    assertErrno(EAGAIN, () -> mmap(0, PAGE, RW, PRIVATE | MAP_LOCKED));
    assertErrno(ENOMEM, () -> space.lockAll(true, true, false));
    space.munmap(BASE, 8 * PAGE);
    assertThat(space.lockedPages()).isZero();
    space.lockAll(false, true, false);
    machine.map(4);
    assertThat(space.lockedPages()).isEqualTo(4);
    assertErrno(EAGAIN, () -> machine.map(1));
    space.unlockAll();
    assertThat(space.lockedPages()).isZero();
    space.setLockLimit(0);
    assertErrno(EPERM, () -> space.lock(BASE, 0, false));
    assertErrno(EPERM, () -> space.lockAll(false, true, false));
    space.unlockAll();
  }

  // /proc/self/maps

  @Test
  void mapsLookLikeLinux() {
    TestFile file = new TestFile(machine.frames, 8, true);
    space.mmap(
        0x400000, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file, PAGE, true);
    space.setBreak(0x500000);
    space.brk(0x501000);
    mmap(BASE, PAGE, PROT_NONE, PRIVATE | MAP_FIXED);
    mmap(BASE + PAGE, PAGE, RW, SHARED | MAP_FIXED);
    machine.mapAt(Layout.STACK_TOP - PAGE, 1, RW, PRIVATE | MAP_GROWSDOWN);
    space.setStackStart(Layout.STACK_TOP - 16);
    String[] lines = machine.maps().split("\n", -1);
    assertThat(lines[0])
        .isEqualTo(
            "00400000-00402000 r-xp 00001000 fe:01 4711"
                + " ".repeat(31)
                + "/tmp/a file\\012with a line break");
    assertThat(lines[1])
        .isEqualTo("00500000-00501000 rw-p 00000000 00:00 0" + " ".repeat(34) + "[heap]");
    assertThat(lines[2]).isEqualTo("1000000000-1000001000 ---p 00000000 00:00 0 ");
    assertThat(lines[3]).startsWith("1000001000-1000002000 rw-s 00000000 00:01 ");
    assertThat(lines[3]).endsWith(" /dev/zero (deleted)");
    assertThat(lines[4])
        .isEqualTo("7f7fffffe000-7f7ffffff000 rw-p 00000000 00:00 0" + " ".repeat(26) + "[stack]");
    assertThat(lines).hasSize(6);
  }
}

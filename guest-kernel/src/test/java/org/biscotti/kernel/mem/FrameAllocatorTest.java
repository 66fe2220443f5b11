package org.biscotti.kernel.mem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.biscotti.kernel.mem.TestMachine.PAGE;

import java.lang.foreign.Arena;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.mem.FrameAllocator.Use;
import org.biscotti.kernel.port.GuestMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FrameAllocatorTest {
  private static final int FRAMES = 2000;

  private final Arena arena = Arena.ofShared();
  private final FakeBacking backing = new FakeBacking();
  private final GuestMemory memory =
      new GuestMemory(arena.allocate((FRAMES + 2L) * PAGE, PAGE), backing);
  private final FrameAllocator frames = new FrameAllocator(memory, 2 * PAGE);

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void framesAreZeroedEvenWhenRecycled() {
    long gpa = frames.allocate();
    memory.setLong(gpa + 8, -1);
    frames.release(gpa);
    assertThat(frames.allocate()).isEqualTo(gpa);
    assertThat(memory.getLong(gpa + 8)).isZero();
  }

  @Test
  void allFramesCanBeHadOnceAndThenNoMore() {
    Set<Long> seen = new HashSet<>();
    for (int i = 0; i < FRAMES; i++) {
      assertThat(seen.add(frames.allocateUninitialised(Use.KERNEL))).isTrue();
    }
    assertThat(frames.freeFrames()).isZero();
    TestMachine.assertErrno(Errno.ENOMEM, frames::allocate);
    assertThat(frames.allocateRun(new long[4], 4, Use.KERNEL)).isZero();
    seen.forEach(frames::release);
    assertThat(frames.freeFrames()).isEqualTo(FRAMES);
    assertThat(seen).allMatch(gpa -> gpa >= 2 * PAGE && gpa % PAGE == 0 && gpa < memory.size());
  }

  @Test
  void hostMemoryIsCommittedAheadAndRecycledFirst() {
    long gpa = frames.allocate();
    long committed = backing.committedBytes;
    assertThat(committed).isPositive().isLessThan((long) FRAMES * PAGE);
    for (int i = 0; i < 10_000; i++) {
      frames.release(gpa);
      gpa = frames.allocate();
    }
    assertThat(backing.committedBytes).isEqualTo(committed);
  }

  @Test
  void hostOutOfMemoryIsEnomemAndEveryCommittedFrameIsUsed() {
    backing.commitLimit = 700L * PAGE;
    for (int i = 0; i < 700; i++) {
      frames.allocateUninitialised(Use.KERNEL);
    }
    assertThat(backing.committedBytes).isEqualTo(700L * PAGE);
    TestMachine.assertErrno(Errno.ENOMEM, frames::allocate);
    backing.commitLimit = Long.MAX_VALUE;
    assertThat(frames.allocate()).isPositive();
  }

  @Test
  void runsAreContiguousAgainAfterFragmentation() {
    long[] all = new long[FRAMES];
    assertThat(frames.allocateRun(all, FRAMES, Use.KERNEL)).isEqualTo(FRAMES);
    for (int i = 0; i < FRAMES; i += 2) {
      frames.release(all[i]);
    }
    long[] scattered = new long[8];
    assertThat(frames.allocateRun(scattered, 8, Use.KERNEL)).isEqualTo(8);
    for (int i = 0; i < 8; i++) {
      frames.release(scattered[i]);
    }
    for (int i = 1; i < 100; i += 2) {
      frames.release(all[i]);
    }
    long[] run = new long[100];
    assertThat(frames.allocateRun(run, 100, Use.KERNEL)).isEqualTo(100);
    for (int i = 1; i < 100; i++) {
      assertThat(run[i]).isEqualTo(run[i - 1] + PAGE);
    }
  }

  @Test
  void runPrefersAPlaceWhereAllOfItFits() {
    long[] all = new long[512];
    frames.allocateRun(all, 512, Use.KERNEL);
    frames.release(all[3]);
    frames.release(all[5]);
    for (int i = 100; i < 164; i++) {
      frames.release(all[i]);
    }
    long[] run = new long[64];
    assertThat(frames.allocateRun(run, 64, Use.KERNEL)).isEqualTo(64);
    assertThat(run[0]).isEqualTo(all[100]);
    assertThat(run[63]).isEqualTo(all[163]);
  }

  @Test
  void pageTablesDoNotInterruptRunsOfPages() {
    long table = frames.allocateTable(Use.PROGRAM);
    long first = frames.allocate(Use.PROGRAM);
    for (int i = 1; i < FRAMES / 2; i++) {
      if (i % 100 == 0) {
        assertThat(frames.allocateTable(Use.PROGRAM)).isGreaterThan(table - 64 * PAGE);
      }
      assertThat(frames.allocateUninitialised(i % 2 == 0 ? Use.FILE : Use.PROGRAM))
          .isEqualTo(first + (long) i * PAGE);
    }
  }

  @Test
  void eitherEndOfMemoryServesBoth() {
    for (int i = 0; i < FRAMES - 3; i++) {
      frames.allocateTable(Use.KERNEL);
    }
    assertThat(frames.freeFrames()).isEqualTo(3);
    for (int i = 0; i < 3; i++) {
      frames.allocateUninitialised(Use.KERNEL);
    }
    TestMachine.assertErrno(Errno.ENOMEM, () -> frames.allocate(Use.KERNEL));
  }

  @Test
  void pagesMayTakeWhatIsFreeAtTheTop() {
    frames.allocateTable(Use.KERNEL);
    long[] run = new long[FRAMES];
    assertThat(frames.allocateRun(run, FRAMES, Use.KERNEL)).isEqualTo(FRAMES - 1);
    assertThat(frames.freeFrames()).isZero();
  }

  @Test
  void referencesKeepAFrame() {
    long gpa = frames.allocate();
    frames.retain(gpa);
    assertThat(frames.references(gpa)).isEqualTo(2);
    frames.release(gpa);
    assertThat(frames.references(gpa)).isEqualTo(1);
    assertThat(frames.freeFrames()).isEqualTo(FRAMES - 1);
    frames.release(gpa);
    assertThat(frames.references(gpa)).isZero();
    assertThat(frames.freeFrames()).isEqualTo(FRAMES);
  }

  @Test
  void misuseIsAnErrorThatChangesNothing() {
    long gpa = frames.allocate();
    frames.release(gpa);
    assertThatIllegalStateException().isThrownBy(() -> frames.release(gpa));
    assertThatIllegalStateException().isThrownBy(() -> frames.retain(gpa));
    assertThat(frames.references(gpa)).isZero();
    assertThatIllegalArgumentException().isThrownBy(() -> frames.retain(0));
    assertThatIllegalArgumentException().isThrownBy(() -> frames.release(memory.size()));
    assertThatIllegalArgumentException().isThrownBy(() -> new FrameAllocator(memory, 0));
  }

  @Test
  void quarantinedFramesComeBackWhenMemoryRunsOut() {
    long[] all = new long[FRAMES];
    frames.allocateRun(all, FRAMES, Use.KERNEL);
    frames.quarantine(all, FRAMES);
    assertThat(frames.freeFrames()).isEqualTo(FRAMES);
    assertThat(backing.tablesReleased).isZero();
    frames.allocate();
    assertThat(backing.tablesReleased).isEqualTo(1);
    assertThat(frames.freeFrames()).isEqualTo(FRAMES - 1);
  }

  @Test
  void memoryIsOutAsLongAsAProgramGetsNone() {
    assertThat(frames.isOut()).isFalse();
    long[] all = new long[FRAMES];
    int most = frames.allocateRun(all, FRAMES, Use.PROGRAM);
    assertThat(most).isBetween(FRAMES / 2, FRAMES - 1);
    assertThat(frames.isOut()).isTrue();
    frames.quarantine(all, 1);
    assertThat(frames.isOut()).as("what waits in quarantine can be had").isFalse();
    frames.allocate(Use.PROGRAM);
    assertThat(frames.isOut()).isTrue();
  }

  @Test
  void framesThatOthersUseAreNotFreeInQuarantine() {
    long shared = frames.allocate();
    long alone = frames.allocate();
    frames.retain(shared);
    frames.retain(shared);
    frames.quarantine(new long[] {shared, alone, shared}, 3);
    assertThat(frames.freeFrames()).isEqualTo(FRAMES - 1);
    frames.releaseQuarantined();
    assertThat(frames.freeFrames()).isEqualTo(FRAMES - 1);
    frames.release(shared);
    assertThat(frames.freeFrames()).isEqualTo(FRAMES);
  }

  @Test
  void quarantineEndsAtTheLimitOfThePolicy() {
    MemoryPolicy policy = new MemoryPolicy(1, 1, 1, 1, 0, 0, 0, 10, ForkPolicies.SEQUENTIAL);
    FrameAllocator few = new FrameAllocator(memory, 2 * PAGE, policy);
    long[] gpas = new long[6];
    few.allocateRun(gpas, 6, Use.KERNEL);
    few.quarantine(gpas, 6);
    few.trimQuarantine();
    assertThat(backing.tablesReleased).isZero();
    few.allocateRun(gpas, 6, Use.KERNEL);
    few.quarantine(gpas, 6);
    few.trimQuarantine();
    assertThat(backing.tablesReleased).isEqualTo(1);
    assertThat(few.freeFrames()).isEqualTo(FRAMES);
  }

  @Test
  void randomUseAgreesWithASet() {
    Random random = new Random(20250101);
    Set<Long> used = new HashSet<>();
    long[] run = new long[64];
    for (int step = 0; step < 20_000; step++) {
      if (random.nextInt(3) > 0 && used.size() < FRAMES) {
        int want = 1 + random.nextInt(run.length);
        int got = frames.allocateRun(run, want, Use.KERNEL);
        assertThat(got).isEqualTo(Math.min(want, FRAMES - used.size()));
        for (int i = 0; i < got; i++) {
          assertThat(used.add(run[i])).isTrue();
        }
      } else {
        used.removeIf(gpa -> {
          boolean drop = random.nextInt(4) == 0;
          if (drop) {
            frames.release(gpa);
          }
          return drop;
        });
      }
      assertThat(frames.freeFrames()).isEqualTo(FRAMES - used.size());
    }
  }
}

package org.biscotti.kernel.mem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.mem.TestMachine.PAGE;

import java.util.Random;
import org.biscotti.kernel.abi.ErrnoException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any argument whatever: a result or an error number, never another exception. */
class HostileArgumentsTest {
  private static final long[] INTERESTING = {
    0,
    1,
    -1,
    PAGE,
    PAGE - 1,
    PAGE + 1,
    -PAGE,
    1 - PAGE,
    0x10000,
    0x10_0000_0000L,
    0x10_0000_0000L + PAGE,
    Layout.USER_END,
    Layout.USER_END - PAGE,
    Layout.USER_END + PAGE,
    Layout.POINTER_END,
    1L << 47,
    -(1L << 47),
    Long.MIN_VALUE,
    Long.MAX_VALUE,
    Integer.MAX_VALUE,
    Layout.STACK_TOP,
    Layout.STACK_TOP - PAGE,
    0x4000_0000L,
    1L << 39,
    1L << 30,
    1L << 21
  };

  private static final int CALLS = 25_000;

  private Random random = new Random(0);
  private int succeeded;
  private int failed;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void onlyErrorNumbersComeOut(long seed) {
    random = new Random(seed);
    TestMachine machine =
        new TestMachine(
            3000, new MemoryPolicy(16, 64, 16, 512, 4, 4, 256, 64, ForkPolicies.SEQUENTIAL));
    TestFile file = new TestFile(machine.frames, 16, true);
    for (int i = 0; i < CALLS; i++) {
      try {
        call(machine, file);
        succeeded++;
      } catch (ErrnoException e) {
        assertThat(e.errno()).isPositive();
        failed++;
      }
      if (i % 1000 == 0) {
        machine.space.munmap(0, Layout.USER_END);
        machine.space.setBreak(0x5000_0000L);
        assertThat(machine.space.areaCount()).isZero();
        assertThat(machine.space.residentPages()).isZero();
        assertThat(machine.space.virtualPages()).isZero();
        assertThat(machine.space.dataPages()).isZero();
        assertThat(machine.space.stackPages()).isZero();
        assertThat(file.open).isZero();
      }
    }
    assertThat(succeeded).isGreaterThan(CALLS / 20);
    assertThat(failed).isGreaterThan(CALLS / 20);
    machine.space.munmap(0, Layout.USER_END);
    file.truncate(0);
    machine.close();
  }

  private void call(TestMachine machine, TestFile file) {
    AddressSpace space = machine.space;
    long addr = value();
    long length = value();
    switch (random.nextInt(14)) {
      case 0, 1 -> space.mmap(addr, length, bits(), mapFlags() | 0x20, null, 0, false);
      case 2 -> space.mmap(addr, length, bits(), mapFlags(), file, value(), random.nextBoolean());
      case 3 -> space.munmap(addr, length);
      case 4 -> space.mprotect(addr, length, bits());
      case 5 -> space.mremap(addr, length, value(), random.nextInt(9), value());
      case 6 -> space.madvise(addr, length, random.nextInt(28));
      case 7 -> space.msync(addr, length, random.nextInt(8));
      case 8 -> space.mincore(addr, Math.min(length, 1L << 33), machine.user, value(), () -> false);
      case 9 -> lock(space, addr, length);
      case 10 -> space.brk(addr);
      case 11 -> space.fault(addr, random.nextBoolean(), random.nextBoolean());
      case 12 -> machine.user.setLong(addr, length);
      default -> copy(machine, addr, length);
    }
  }

  private void lock(AddressSpace space, long addr, long length) {
    switch (random.nextInt(4)) {
      case 0 -> space.unlock(addr, length);
      case 1 -> space.lockAll(random.nextBoolean(), random.nextBoolean(), true);
      case 2 -> space.unlockAll();
      default -> space.lock(addr, length, random.nextBoolean());
    }
  }

  private void copy(TestMachine machine, long addr, long length) {
    UserBuffer buffer = new UserBuffer();
    byte[] bytes = new byte[100];
    if (random.nextBoolean()) {
      buffer.reset(machine.user, addr, length);
    } else {
      buffer.resetVector(machine.user, addr, length);
    }
    buffer.skip(random.nextInt(200));
    assertThat(buffer.put(bytes, 0, 100)).isBetween(0L, 100L);
    assertThat(buffer.take(bytes, 0, 100)).isBetween(0L, 100L);
    assertThat(machine.user.inSection()).isFalse();
    machine.user.readCString(addr, 200);
  }

  private long value() {
    long base = INTERESTING[random.nextInt(INTERESTING.length)];
    return switch (random.nextInt(5)) {
      case 0 -> base + random.nextInt(3) - 1;
      case 1 -> base + (long) (random.nextInt(64) - 32) * PAGE;
      case 2 -> random.nextInt(40) * (long) PAGE;
      case 3 -> random.nextInt(100) == 0 ? random.nextLong() : 0x10_0000_0000L;
      default -> base;
    };
  }

  private int bits() {
    return random.nextInt(20) == 0 ? random.nextInt() : random.nextInt(8);
  }

  private int mapFlags() {
    int flags = random.nextInt(4) | (random.nextInt() & 0x14110);
    return random.nextInt(20) == 0 ? random.nextInt() : flags;
  }
}

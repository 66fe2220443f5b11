package org.biscotti.kernel.mem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.mem.TestMachine.PAGE;
import static org.biscotti.kernel.mem.TestMachine.PRIVATE;
import static org.biscotti.kernel.mem.TestMachine.RW;
import static org.biscotti.kernel.mem.TestMachine.SHARED;
import static org.biscotti.kernel.mem.TestMachine.assertErrno;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.parallel.Parallel;
import org.biscotti.kernel.parallel.Parallelism;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Families of large processes, whichever way their page tables are copied. */
class ForkPolicyTest {
  private static final Parallel THREADS = new Parallel(Parallelism.THREAD, () -> 1);

  /** What areas start at: not at the boundary of a page table, so that some tables hold two. */
  private static final long BASE = 0x10_0001_0000L;

  private static final int PAGES = 3000;

  /** A process and what should be in its memory: a number for each page, -1 where nothing is. */
  private static final class Member {
    final AddressSpace space;
    final UserMemory user;
    final long[] expected;
    final long[] shared;

    Member(AddressSpace space, long[] expected, long[] shared) {
      this.space = space;
      this.user = new UserMemory(space);
      this.expected = expected;
      this.shared = shared;
    }

    void write(int page, long value) {
      user.setLong(BASE + (long) page * PAGE, value);
      expected[page] = value;
    }

    Member fork() {
      return new Member(space.fork(THREADS), expected.clone(), shared);
    }

    void check(int page) {
      long address = BASE + (long) page * PAGE;
      if (expected[page] == -1) {
        assertErrno(Errno.EFAULT, () -> user.getLong(address));
      } else {
        assertThat(user.getLong(address)).as("page %d", page).isEqualTo(expected[page]);
      }
    }

    void close() {
      user.close();
      space.close();
    }
  }

  private static TestMachine machine(ForkPolicies policy) {
    return new TestMachine(60_000, MemoryPolicy.DEFAULT.withFork(policy));
  }

  private static Member first(TestMachine machine) {
    machine.mapAt(BASE, PAGES, RW, PRIVATE);
    Member first = new Member(machine.space, new long[PAGES], new long[1]);
    for (int page = 0; page < PAGES; page++) {
      first.write(page, page);
    }
    return first;
  }

  @ParameterizedTest
  @EnumSource
  void eachHasMemoryOfItsOwn(ForkPolicies policy) {
    try (TestMachine machine = machine(policy)) {
      Random random = new Random(4);
      List<Member> family = new ArrayList<>(List.of(first(machine)));
      for (int step = 0; step < 3000; step++) {
        Member member = family.get(random.nextInt(family.size()));
        int page = random.nextInt(PAGES);
        switch (random.nextInt(40)) {
          case 0 -> {
            if (family.size() < 5) {
              family.add(member.fork());
            }
          }
          case 1 -> {
            if (family.size() > 1 && member != family.getFirst()) {
              family.remove(member);
              member.close();
            }
          }
          case 2 -> unmap(member, page, random.nextInt(600));
          case 3 -> map(member, page, random.nextInt(600));
          case 4 -> protect(member, page, random.nextInt(600));
          default -> {
            if (member.expected[page] != -1) {
              member.write(page, random.nextLong() >>> 1);
            }
          }
        }
        for (Member other : family) {
          other.check(page);
        }
      }
      for (Member member : family) {
        for (int page = 0; page < PAGES; page++) {
          member.check(page);
        }
      }
      family.subList(1, family.size()).forEach(Member::close);
      family.getFirst().user.close();
    }
  }

  private static void unmap(Member member, int page, int count) {
    int end = Math.min(PAGES, page + count + 1);
    member.space.munmap(BASE + (long) page * PAGE, (long) (end - page) * PAGE);
    Arrays.fill(member.expected, page, end, -1);
  }

  private static void map(Member member, int page, int count) {
    int end = Math.min(PAGES, page + count + 1);
    long address = BASE + (long) page * PAGE;
    int flags = PRIVATE | Mman.MAP_FIXED;
    member.space.mmap(address, (long) (end - page) * PAGE, RW, flags, null, 0, false);
    Arrays.fill(member.expected, page, end, 0);
  }

  /** Takes the right to write away and gives it back. */
  private static void protect(Member member, int page, int count) {
    if (member.expected[page] == -1) {
      return;
    }
    int end = page;
    while (end < PAGES && end <= page + count && member.expected[end] != -1) {
      end++;
    }
    long address = BASE + (long) page * PAGE;
    member.space.mprotect(address, (long) (end - page) * PAGE, Mman.PROT_READ);
    assertErrno(Errno.EFAULT, () -> member.user.setLong(address, 1));
    member.space.mprotect(address, (long) (end - page) * PAGE, RW);
  }

  @ParameterizedTest
  @EnumSource
  void sharedMemoryStaysShared(ForkPolicies policy) {
    try (TestMachine machine = machine(policy)) {
      Member parent = first(machine);
      long shared = BASE + (long) PAGES * PAGE; // in the same page table as the end of the others
      machine.mapAt(shared, 700, RW, SHARED);
      parent.user.setLong(shared, 1);
      Member child = parent.fork();
      child.user.setLong(shared, 2);
      child.user.setLong(shared + 699 * PAGE, 3);
      assertThat(parent.user.getLong(shared)).isEqualTo(2);
      assertThat(parent.user.getLong(shared + 699 * PAGE)).isEqualTo(3);
      child.write(PAGES - 1, 77);
      parent.check(PAGES - 1);
      child.close();
      parent.user.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void countsThePagesOfTheChild(ForkPolicies policy) {
    try (TestMachine machine = machine(policy)) {
      Member parent = first(machine);
      machine.space.madvise(BASE, 100 * PAGE, Mman.MADV_DONTFORK);
      machine.space.madvise(BASE + 1000 * PAGE, 100 * PAGE, Mman.MADV_WIPEONFORK);
      Member child = parent.fork();
      assertThat(parent.space.residentPages()).isEqualTo(PAGES);
      assertThat(child.space.residentPages()).isEqualTo(PAGES - 200);
      assertErrno(Errno.EFAULT, () -> child.user.getLong(BASE));
      assertThat(child.user.getLong(BASE + 1000 * PAGE)).isZero();
      for (int page = 100; page < 1000; page++) {
        child.check(page);
      }
      for (int page = 1100; page < PAGES; page++) {
        child.write(page, 5);
        parent.check(page);
      }
      child.close();
      parent.user.close();
    }
  }

  @Test
  void noTableIsCopiedForAChildThatEndsAtOnce() {
    try (TestMachine machine = machine(ForkPolicies.ONDEMAND)) {
      Member parent = first(machine);
      long before = machine.frames.freeFrames();
      Member child = parent.fork();
      assertThat(before - machine.frames.freeFrames()).isLessThan(5);
      child.close();
      machine.backing.announcements.clear();
      int released = machine.backing.tablesReleased;
      for (int page = 0; page < PAGES; page++) {
        parent.write(page, -page);
      }
      assertThat(machine.backing.announcements).isEmpty();
      assertThat(machine.backing.tablesReleased).isEqualTo(released);
      parent.user.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsDowngradedIsAnnounced(ForkPolicies policy) {
    try (TestMachine machine = machine(policy)) {
      Member parent = first(machine);
      int released = machine.backing.tablesReleased;
      Member child = parent.fork();
      assertThat(machine.backing.tablesReleased).isEqualTo(released + 1);
      child.close();
      parent.user.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aForkThatFailsLeavesTheParentAsItWas(ForkPolicies policy) {
    try (TestMachine machine = machine(policy)) {
      Member parent = first(machine);
      List<Long> taken = new ArrayList<>();
      while (machine.frames.freeFrames() > 1) {
        taken.add(machine.frames.allocate());
      }
      assertErrno(Errno.ENOMEM, parent::fork);
      taken.forEach(machine.frames::release);
      for (int page = 0; page < PAGES; page++) {
        parent.check(page);
        parent.write(page, 2L * page);
        parent.check(page);
      }
      parent.user.close();
    }
  }

  /** A write makes pages around it writable too, and copies what is shared of them at once. */
  @Test
  void aWriteCopiesNeighboursAhead() {
    try (TestMachine machine = machine(ForkPolicies.PARALLEL)) {
      Member parent = first(machine);
      Member child = parent.fork();
      long faults = child.space.faults();
      for (int page = 0; page < PAGES; page++) {
        child.write(page, page + 1);
      }
      assertThat(child.space.faults() - faults).isLessThan(20);
      for (int page = 0; page < PAGES; page++) {
        parent.check(page);
      }
      child.close();
      parent.user.close();
    }
  }
}

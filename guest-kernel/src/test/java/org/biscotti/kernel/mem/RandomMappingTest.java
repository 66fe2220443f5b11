package org.biscotti.kernel.mem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Mman.*;
import static org.biscotti.kernel.mem.TestMachine.PAGE;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random calls and accesses, each done to an address space and to a {@link PageModel}: results,
 * contents, permissions, areas and reference counts must agree, no stale translation may be left
 * with a {@link SoftTlb}, and every frame must be free at the end.
 */
class RandomMappingTest {
  private static final int STEPS = 4000;

  /** Window in pages; it straddles a boundary of page tables and of their directories. */
  private static final long WINDOW_START = (0x40_0000_0000L >> 12) - 40;

  private static final int WINDOW = 96;
  private static final long FRAME = 0xf_ffff_ffff_f000L;
  private static final int[] PROTECTIONS = {
    PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, PROT_WRITE
  };

  private Random random = new Random(0);
  private TestMachine machine;
  private PageModel model;
  private SoftTlb tlb;
  private final List<PageModel.Store> files = new ArrayList<>();

  @ParameterizedTest
  @CsvSource({"1,1", "2,1", "3,1", "4,1", "5,16", "6,16", "7,16", "8,16"})
  void agreesWithTheModel(long seed, int faultAround) {
    random = new Random(seed);
    int most = faultAround == 1 ? 1 : 512;
    machine =
        new TestMachine(
            6000,
            new MemoryPolicy(
                faultAround,
                faultAround,
                faultAround,
                most,
                0,
                4,
                16,
                16,
                ForkPolicies.SEQUENTIAL));
    model = new PageModel();
    tlb = new SoftTlb(machine);
    files.clear();
    for (boolean tracks : new boolean[] {true, false, true}) {
      files.add(new PageModel.Store(new TestFile(machine.frames, 24, tracks), 24));
    }
    for (int step = 0; step < STEPS; step++) {
      step();
      tlb.discardAnnounced();
      tlb.assertNothingStale();
      assertThat(machine.space.areaCount()).as("areas").isEqualTo(model.areas());
      assertThat(machine.space.virtualPages()).as("size").isEqualTo(model.pages.size());
      if (step % 50 == 0) {
        checkReferences();
      }
      if (step % 200 == 0) {
        checkAll();
      }
    }
    checkAll();
    files.forEach(store -> store.file.truncate(0));
    machine.space.munmap(WINDOW_START * PAGE, (long) WINDOW * PAGE);
    assertThat(files).allMatch(store -> store.file.open == 0);
    machine.close();
  }

  private void step() {
    switch (random.nextInt(16)) {
      case 0, 1 -> mapAnonymous();
      case 2 -> mapFile();
      case 3 -> unmap();
      case 4, 5 -> protect();
      case 6 -> remap();
      case 7 -> dontNeed();
      case 8 -> truncate();
      default -> access(page(), random.nextBoolean());
    }
  }

  private long page() {
    return WINDOW_START + random.nextInt(WINDOW);
  }

  /** A length that stays within the window, short more often than long. */
  private long count(long page) {
    int most = random.nextInt(4) == 0 ? 60 : 8;
    return Math.min(1 + random.nextInt(most), WINDOW_START + WINDOW - page);
  }

  private int protection() {
    return PROTECTIONS[random.nextInt(PROTECTIONS.length)];
  }

  private void mapAnonymous() {
    long page = page();
    long count = count(page);
    int prot = protection();
    boolean shared = random.nextInt(3) == 0;
    machine.mapAt(page * PAGE, count, prot, MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE));
    PageModel.Store store = shared ? new PageModel.Store(null, count) : null;
    model.map(page, count, prot, shared, store, 0);
  }

  private void mapFile() {
    long page = page();
    long count = count(page);
    int prot = protection();
    boolean shared = random.nextBoolean();
    PageModel.Store store = files.get(random.nextInt(files.size()));
    long first = random.nextInt(20);
    int flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE);
    machine.space.mmap(page * PAGE, count * PAGE, prot, flags, store.file, first * PAGE, true);
    model.map(page, count, prot, shared, store, first);
  }

  private void unmap() {
    long page = page();
    long count = count(page);
    machine.space.munmap(page * PAGE, count * PAGE);
    model.unmap(page, count);
  }

  private void protect() {
    long page = page();
    long count = count(page);
    int prot = protection();
    int errno = errnoOf(() -> machine.space.mprotect(page * PAGE, count * PAGE, prot));
    boolean whole = model.protect(page, count, prot);
    assertThat(Errno.name(errno)).isEqualTo(Errno.name(whole ? 0 : ENOMEM));
  }

  private void remap() {
    long from = page();
    long oldCount = count(from);
    boolean leave = random.nextInt(4) == 0;
    long to = page();
    long newCount = leave ? oldCount : count(to);
    if (to + newCount > WINDOW_START + WINDOW) {
      return;
    }
    int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (leave ? MREMAP_DONTUNMAP : 0);
    int errno =
        errnoOf(() ->
            machine.space.mremap(from * PAGE, oldCount * PAGE, newCount * PAGE, flags, to * PAGE));
    assertThat(Errno.name(errno))
        .isEqualTo(Errno.name(remapInModel(from, oldCount, to, newCount, leave)));
  }

  /** What mremap(2) does and returns, step by step as Linux does it. */
  private int remapInModel(long from, long oldCount, long to, long newCount, boolean leave) {
    if (!model.pages.containsKey(from)) {
      return EFAULT;
    }
    if (from + oldCount > to && to + newCount > from) {
      return EINVAL;
    }
    model.unmap(to, newCount);
    long kept = Math.min(oldCount, newCount);
    model.unmap(from + kept, oldCount - kept);
    if (!model.isOneArea(from, kept)) {
      return EFAULT;
    }
    model.move(from, kept, to, newCount, leave);
    return 0;
  }

  private void dontNeed() {
    long page = page();
    long count = count(page);
    int errno = errnoOf(() -> machine.space.madvise(page * PAGE, count * PAGE, MADV_DONTNEED));
    boolean whole = model.pages.subMap(page, page + count).size() == count;
    assertThat(Errno.name(errno)).isEqualTo(Errno.name(whole ? 0 : ENOMEM));
    model.dontNeed(page, count);
  }

  private void truncate() {
    PageModel.Store store = files.get(random.nextInt(files.size()));
    int count = random.nextInt(30);
    store.file.truncate(count);
    model.truncate(store, count);
  }

  private void access(long page, boolean write) {
    long gva = page * PAGE;
    PageModel.Cell cell = model.access(page, write);
    if (cell == null) {
      TestMachine.assertErrno(EFAULT, () -> touch(gva, write, 0));
      return;
    }
    long value = random.nextLong();
    long seen = touch(gva, write, value);
    if (write) {
      cell.value = value;
    } else {
      assertThat(seen).as("contents of page " + (page - WINDOW_START)).isEqualTo(cell.value);
    }
    tlb.touch(gva);
  }

  private long touch(long gva, boolean write, long value) {
    if (write) {
      machine.user.setLong(gva, value);
      return value;
    }
    return machine.user.getLong(gva);
  }

  private void checkAll() {
    for (long page = WINDOW_START; page < WINDOW_START + WINDOW; page++) {
      access(page, false);
      PageModel.Page there = model.pages.get(page);
      boolean executable = there != null && (there.prot & PROT_EXEC) != 0;
      boolean fetched = machine.space.fault(page * PAGE, false, true) == FaultOutcome.HANDLED;
      boolean beyondEnd = executable && model.access(page, false) == null;
      assertThat(fetched).isEqualTo(executable && !beyondEnd);
    }
    checkReferences();
  }

  /** Every frame has one reference for each entry, and one more if it is a store's. */
  private void checkReferences() {
    Map<Long, Integer> entries = new HashMap<>();
    Map<Long, Boolean> stored = new HashMap<>();
    for (long page = WINDOW_START; page < WINDOW_START + WINDOW; page++) {
      long entry = tlb.walk(page * PAGE);
      if (entry != 0) {
        PageModel.Page there = model.pages.get(page);
        assertThat(there).as("a page is mapped in an area").isNotNull();
        entries.merge(entry & FRAME, 1, Integer::sum);
        stored.put(entry & FRAME, there.store != null && there.own == null);
      }
    }
    entries.forEach((frame, count) ->
        assertThat(machine.frames.references(frame))
            .isEqualTo(count + (stored.get(frame) ? 1 : 0)));
    assertThat(machine.space.residentPages())
        .isEqualTo(entries.values().stream().mapToInt(Integer::intValue).sum());
  }

  private static int errnoOf(Runnable call) {
    try {
      call.run();
      return 0;
    } catch (ErrnoException e) {
      return e.errno();
    }
  }
}

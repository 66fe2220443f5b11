package org.biscotti.kernel.mem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.mem.TestMachine.PAGE;

import java.util.HashMap;
import java.util.Map;

/**
 * A translation cache that, like a processor's, keeps whatever it has seen until it is told of a
 * downgrade. A downgrade that is not announced leaves a stale translation here.
 */
final class SoftTlb {
  private static final long FRAME = 0xf_ffff_ffff_f000L;
  private static final long PRESENT = 1;
  private static final long WRITABLE = 2;
  private static final long NO_EXECUTE = 1L << 63;

  private final TestMachine machine;
  private final Map<Long, Long> entries = new HashMap<>();
  private int announcementsSeen;

  SoftTlb(TestMachine machine) {
    this.machine = machine;
  }

  /** The entry a processor finds for a page, 0 if none. */
  long walk(long gva) {
    long table = machine.space.root(0);
    for (int shift = 39; ; shift -= 9) {
      long entry = machine.memory.getLong(table + ((gva >>> shift) & 511) * 8);
      if (shift == 12 || (entry & PRESENT) == 0) {
        return entry;
      }
      table = entry & FRAME;
    }
  }

  /** The program has touched a page. */
  void touch(long page) {
    long entry = walk(page);
    if ((entry & PRESENT) != 0) {
      entries.put(page, entry);
    }
  }

  /** Forgets what was announced since the last time. */
  void discardAnnounced() {
    for (; announcementsSeen < machine.backing.announcements.size(); announcementsSeen++) {
      FakeBacking.Announcement announcement = machine.backing.announcements.get(announcementsSeen);
      for (int i = 0; i < announcement.gpas().size(); i++) {
        long from = announcement.gpas().get(i);
        long to = from + (long) announcement.runs().get(i) * PAGE;
        entries.values().removeIf(entry -> (entry & FRAME) >= from && (entry & FRAME) < to);
      }
    }
  }

  /** Checks that no translation that is still here allows more than the page table does. */
  void assertNothingStale() {
    for (Map.Entry<Long, Long> known : entries.entrySet()) {
      long cached = known.getValue();
      long now = walk(known.getKey());
      String page = "page 0x" + Long.toHexString(known.getKey());
      assertThat(now & PRESENT).as(page + " is still there").isEqualTo(PRESENT);
      assertThat(now & FRAME).as(page + " has the same frame").isEqualTo(cached & FRAME);
      assertThat(cached & ~now & WRITABLE).as(page + " is not read-only now").isZero();
      assertThat(now & ~cached & NO_EXECUTE).as(page + " is not no-execute now").isZero();
    }
  }
}

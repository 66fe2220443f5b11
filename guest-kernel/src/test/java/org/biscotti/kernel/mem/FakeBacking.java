package org.biscotti.kernel.mem;

import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.port.MemoryBacking;

/** A host that notes what it is told, and can be out of memory. */
final class FakeBacking implements MemoryBacking {
  /** One announcement: the first frame and the length of each run. */
  record Announcement(List<Long> gpas, List<Integer> runs, long cpus) {
    long frames() {
      return runs.stream().mapToLong(Integer::longValue).sum();
    }
  }

  final List<Announcement> announcements = new ArrayList<>();
  long committedBytes;
  long commitLimit = Long.MAX_VALUE;
  int tablesReleased;

  /** Runs inside each announcement, when the entries are stored and no frame is released yet. */
  Runnable duringAnnouncement = () -> {};

  @Override
  public boolean commit(long gpa, long bytes) {
    if (committedBytes + bytes > commitLimit) {
      return false;
    }
    committedBytes += bytes;
    return true;
  }

  @Override
  public void downgraded(long[] gpas, int[] runs, int count, long cpus) {
    List<Long> starts = new ArrayList<>();
    List<Integer> lengths = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      starts.add(gpas[i]);
      lengths.add(runs[i]);
    }
    announcements.add(new Announcement(starts, lengths, cpus));
    duringAnnouncement.run();
  }

  @Override
  public void tablesReleased() {
    tablesReleased++;
  }

  /** How many frames have been announced. */
  long announcedFrames() {
    return announcements.stream().mapToLong(Announcement::frames).sum();
  }
}

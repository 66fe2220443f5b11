package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

/**
 * Downgrades of page-table entries on their way to the machine: collected while entries are stored,
 * announced together, and only then are the frames released.
 *
 * <p>Neighbouring frames become one run, because some hosts pay by the run. Guarded by the lock of
 * the address space.
 */
final class Downgrades {
  private static final int CAPACITY = 512;

  private final FrameAllocator frames;
  private final Announcer announcer;

  private final long[] announced = new long[CAPACITY];
  private final int[] announcedRuns = new int[CAPACITY];
  private int announcedCount;

  private final long[] released = new long[CAPACITY];
  private final int[] releasedRuns = new int[CAPACITY];
  private int releasedCount;

  /** Everything is going to be announced, so that nothing need be noted. */
  private boolean all;

  /** The machine has been told already. */
  private volatile boolean early;

  /** An empty batch. */
  Downgrades(FrameAllocator frames, Announcer announcer) {
    this.frames = frames;
    this.announcer = announcer;
  }

  /** Whoever can make translations unusable everywhere. */
  interface Announcer {
    /**
     * Returns when no vCPU and no {@link UserMemory} uses a translation that was downgraded.
     *
     * @param gpas frames that the changed entries used to translate to, as starts of runs
     * @param runs length of each run in frames
     * @param count how many runs there are
     */
    void announce(long[] gpas, int[] runs, int count);

    /** The same for all translations of the address space. */
    void announceAll();

    /** The same where only {@link UserMemory} may still use some. */
    void announceToDoors();
  }

  /** Notes that a present entry for a frame has been stored with less in it. */
  void announce(long gpa) {
    if (all || extend(announced, announcedRuns, announcedCount, gpa)) {
      return;
    }
    if (announcedCount == CAPACITY) {
      flush();
    }
    announced[announcedCount] = gpa;
    announcedRuns[announcedCount++] = 1;
  }

  /**
   * Notes that more has been, or is going to be, downgraded before the next {@link #flush} than is
   * worth to be noted one by one. Meanwhile {@link #announce} may be called by any thread.
   */
  void announceAll() {
    all = true;
  }

  /**
   * Announces all, to the machine, before the entries are stored: right if no vCPU runs on them in
   * between. By any thread, after {@link #announceAll}.
   */
  void announceAllEarly() {
    announcer.announceAll();
    early = true;
  }

  /**
   * Gives up the reference of an entry that no longer holds the frame. If the entry was present,
   * its {@link #announce} comes first.
   */
  void release(long gpa) {
    if (extend(released, releasedRuns, releasedCount, gpa)) {
      return;
    }
    if (releasedCount == CAPACITY) {
      flush();
    }
    released[releasedCount] = gpa;
    releasedRuns[releasedCount++] = 1;
  }

  /** Announces what was noted, then releases. */
  void flush() {
    if (early) {
      announcer.announceToDoors();
    } else if (all) {
      announcer.announceAll();
    } else if (announcedCount > 0) {
      announcer.announce(announced, announcedRuns, announcedCount);
    }
    all = false;
    early = false;
    announcedCount = 0;
    for (int i = 0; i < releasedCount; i++) {
      for (int page = 0; page < releasedRuns[i]; page++) {
        frames.release(released[i] + (long) page * PAGE_SIZE);
      }
    }
    releasedCount = 0;
  }

  private static boolean extend(long[] gpas, int[] runs, int count, long gpa) {
    if (count > 0 && gpas[count - 1] + (long) runs[count - 1] * PAGE_SIZE == gpa) {
      runs[count - 1]++;
      return true;
    }
    return false;
  }
}

package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.GuestMemory;

/**
 * Page frames of guest-physical memory and their reference counts.
 *
 * <p>Host memory is committed a chunk at a time, before any frame of the chunk is handed out, so
 * that the host's running out is ENOMEM here and not a signal in the JVM. A released frame is used
 * again before more is committed, and never given back.
 *
 * <p>Whoever fills memory does not get the last of it: files end before programs do, and programs
 * before the kernel's own page tables, so that what is there can go on, and end.
 *
 * <p>Page tables come from the top of memory and everything else from its bottom, so that what is
 * filled in order lies in neighbours: with tables in between, no run would be longer than the 2 MiB
 * that one of them maps, and the copy of a long run is the only one that bypasses the caches.
 *
 * <p>Free frames are bits, so that runs of neighbours are found again after any history: an
 * announcement of downgrades is cheap for a run and dear for scattered frames. Counts live off the
 * Java heap. Thread-safe; the lock is a leaf.
 */
public final class FrameAllocator {
  /** Frames committed at a time, 2 MiB. */
  private static final int CHUNK_FRAMES = 512;

  /** The same at the top of memory, 256 KiB: page tables are few. */
  private static final int TOP_CHUNK_FRAMES = 64;

  /** How many free runs are looked at for one that is long enough. */
  private static final int RUNS_EXAMINED_MAX = 32;

  /** What a full machine keeps for the kernel: a 64th, and not more than 16 MiB. */
  private static final int KERNEL_SHARE = 64;

  private static final int KERNEL_FRAMES_MAX = 4096;

  /** Files leave so many times more free than programs do. */
  private static final int FILE_RESERVE_FACTOR = 4;

  private static final VarHandle COUNT = ValueLayout.JAVA_INT.varHandle();

  /** What a frame is for, which says how many have to be left for others. */
  public enum Use {
    /** Page tables, and pages that a call has to reach: the very last may be taken. */
    KERNEL,
    /** Pages of programs. */
    PROGRAM,
    /** Contents of files in memory. */
    FILE
  }

  private final GuestMemory memory;
  private final long firstGpa;
  private final int total;
  private final MemorySegment counts;
  private final int quarantineMax;

  private final ReentrantLock lock = new ReentrantLock();
  private final ReentrantLock flushing = new ReentrantLock();

  /** Bit i is set if frame i has host memory and is free; guarded by {@link #lock}. */
  private final long[] free;

  /** Bit i is set if word i of {@link #free} is not zero; guarded by {@link #lock}. */
  private final long[] freeWords;

  /** Frames below this have host memory; guarded by {@link #lock}. */
  private int committed;

  /** And so have those from here on; guarded by {@link #lock}. */
  private int committedFrom;

  /** How many bits are set in {@link #free}; guarded by {@link #lock}. */
  private int freeCommitted;

  /** The host has refused memory: only committed frames count as free; guarded by the lock. */
  private boolean refused;

  private volatile Runnable shortage = () -> {};

  private long[] quarantine = new long[64];
  private volatile int quarantined;

  /**
   * Manages all memory from an address up, with the default policy.
   *
   * @param memory the machine's memory
   * @param firstGpa the first frame; what lies below is somebody else's
   */
  public FrameAllocator(GuestMemory memory, long firstGpa) {
    this(memory, firstGpa, MemoryPolicy.DEFAULT);
  }

  /**
   * Manages all memory from an address up.
   *
   * @param memory the machine's memory
   * @param firstGpa the first frame, page-aligned and not 0; what lies below is somebody else's
   * @param policy says how many frames may wait in quarantine
   */
  public FrameAllocator(GuestMemory memory, long firstGpa, MemoryPolicy policy) {
    if (firstGpa <= 0 || firstGpa % PAGE_SIZE != 0 || firstGpa > memory.size()) {
      throw new IllegalArgumentException("first frame at 0x" + Long.toHexString(firstGpa));
    }
    this.memory = memory;
    this.firstGpa = firstGpa;
    this.total = Math.toIntExact((memory.size() - firstGpa) >> PAGE_SHIFT);
    this.counts = Arena.ofAuto().allocate(ValueLayout.JAVA_INT, Math.max(total, 1));
    this.quarantineMax = policy.quarantineFrames();
    this.committedFrom = total;
    int words = (total + Long.SIZE - 1) / Long.SIZE;
    this.free = new long[words];
    this.freeWords = new long[(words + Long.SIZE - 1) / Long.SIZE];
  }

  /**
   * Allocates a zeroed frame.
   *
   * @return its address; the caller owns its one reference
   * @throws ErrnoException ENOMEM if guest or host memory is out
   */
  public long allocate() {
    return allocate(Use.KERNEL);
  }

  /** The same for a purpose. */
  public long allocate(Use use) {
    long gpa = allocateUninitialised(use);
    memory.zero(gpa, PAGE_SIZE);
    return gpa;
  }

  /**
   * Allocates a frame that still holds what its last user left there.
   *
   * @param use what for
   * @return its address; the caller owns its one reference and overwrites all of it
   * @throws ErrnoException ENOMEM if guest or host memory is out, ENOSPC if it is for a file
   */
  public long allocateUninitialised(Use use) {
    return allocateOne(use, false);
  }

  /**
   * Allocates a frame for a page table, which still holds what its last user left there.
   *
   * @param use who pays for it
   * @return its address; the caller owns its one reference and overwrites all of it
   * @throws ErrnoException ENOMEM if guest or host memory is out
   */
  long allocateTable(Use use) {
    return allocateOne(use, true);
  }

  private long allocateOne(Use use, boolean table) {
    int frame = takeOne(use, table);
    if (frame < 0) {
      releaseQuarantined();
      frame = takeOne(use, table);
    }
    if (frame < 0) {
      tellOfShortage(use);
      throw ErrnoException.of(use == Use.FILE ? Errno.ENOSPC : Errno.ENOMEM);
    }
    return gpa(frame);
  }

  /**
   * Allocates up to a number of frames, not zeroed, neighbours where there are such.
   *
   * @param out receives the addresses; the caller owns one reference to each
   * @param want how many are wanted
   * @param use what for
   * @return how many there are, 0 if memory is out
   */
  public int allocateRun(long[] out, int want, Use use) {
    int wanted = Math.min(want, out.length);
    int keep = reserve(use);
    int got = takeRuns(out, 0, wanted, keep);
    if (got < wanted && quarantined > 0) {
      releaseQuarantined();
      got = takeRuns(out, got, wanted, keep);
    }
    if (got == 0 && wanted > 0) {
      tellOfShortage(use);
    }
    return got;
  }

  /** How many frames an allocation has to leave free. */
  private int reserve(Use use) {
    int kernel = Math.min(total / KERNEL_SHARE, KERNEL_FRAMES_MAX);
    return switch (use) {
      case KERNEL -> 0;
      case PROGRAM -> kernel;
      case FILE -> kernel * FILE_RESERVE_FACTOR;
    };
  }

  /** Has somebody told, with any lock held, that a program's memory or the kernel's is out. */
  public void onShortage(Runnable listener) {
    shortage = listener;
  }

  /** Files that are full are a matter for whoever writes them. */
  private void tellOfShortage(Use use) {
    if (use != Use.FILE) {
      shortage.run();
    }
  }

  /** Adds a reference to a frame that has one. */
  public void retain(long gpa) {
    if ((int) COUNT.getAndAdd(counts, countOffset(gpa), 1) <= 0) {
      COUNT.getAndAdd(counts, countOffset(gpa), -1);
      throw new IllegalStateException("retain of a free frame 0x" + Long.toHexString(gpa));
    }
  }

  /** Gives up a reference; with the last one the frame is free. */
  public void release(long gpa) {
    int before = (int) COUNT.getAndAdd(counts, countOffset(gpa), -1);
    if (before == 1) {
      markFree(frame(gpa));
    } else if (before <= 0) {
      COUNT.getAndAdd(counts, countOffset(gpa), 1);
      throw new IllegalStateException("release of a free frame 0x" + Long.toHexString(gpa));
    }
  }

  /**
   * Gives up a reference unless it is the only one.
   *
   * @return false if it is
   */
  boolean releaseShared(long gpa) {
    int now = references(gpa);
    while (now > 1) {
      if (COUNT.compareAndSet(counts, countOffset(gpa), now, now - 1)) {
        return true;
      }
      now = references(gpa);
    }
    return false;
  }

  /** The number of references to a frame, 0 if it is free. */
  public int references(long gpa) {
    return (int) COUNT.getVolatile(counts, countOffset(gpa));
  }

  /** Frames that can still be handed out, if the host has memory for them. */
  public long freeFrames() {
    lock.lock();
    try {
      return freeNow() + quarantinedAlone();
    } finally {
      lock.unlock();
    }
  }

  /** True if there is no frame for a page of a program. */
  public boolean isOut() {
    releaseQuarantined();
    lock.lock();
    try {
      return !leaves(reserve(Use.PROGRAM));
    } finally {
      lock.unlock();
    }
  }

  /** True when less than a sixteenth is left: time to take only what is needed. */
  boolean isScarce() {
    return !hasFree(total / 16);
  }

  /**
   * True if so many frames can still be handed out. Unlike {@link #freeFrames} it costs nothing
   * while there are plenty: the quarantine is looked through only if they do not suffice.
   */
  public boolean hasFree(long wanted) {
    lock.lock();
    try {
      return freeNow() >= wanted || freeNow() + quarantinedAlone() >= wanted;
    } finally {
      lock.unlock();
    }
  }

  private long freeNow() {
    return (long) freeCommitted + (committedFrom - committed);
  }

  /**
   * How many frames the end of the quarantine makes free. A page of a file, or one that another
   * process shares, has references besides the one that the quarantine holds, and stays.
   */
  private long quarantinedAlone() {
    long alone = 0;
    for (int i = 0; i < quarantined; i++) {
      if (references(quarantine[i]) == 1) {
        alone++;
      }
    }
    return alone;
  }

  /** Frames this allocator manages. */
  public long totalFrames() {
    return total;
  }

  /** The memory the frames are in. */
  public GuestMemory memory() {
    return memory;
  }

  /**
   * Gives up the last use of frames that vCPUs may still hold translations to, or that served as
   * page tables. They are released together, later, after one {@link
   * org.biscotti.kernel.port.MemoryBacking#tablesReleased}.
   *
   * @param gpas frames of which the caller gives up one reference each
   * @param count how many
   */
  void quarantine(long[] gpas, int count) {
    lock.lock();
    try {
      int size = quarantined;
      if (size + count > quarantine.length) {
        quarantine = Arrays.copyOf(quarantine, Math.max(quarantine.length * 2, size + count));
      }
      System.arraycopy(gpas, 0, quarantine, size, count);
      quarantined = size + count;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the quarantine if more frames are in it than the policy allows. */
  void trimQuarantine() {
    if (quarantined > quarantineMax) {
      releaseQuarantined();
    }
  }

  /** Makes the quarantined frames fit for use and releases them. */
  public void releaseQuarantined() {
    flushing.lock();
    try {
      long[] gpas;
      int count;
      lock.lock();
      try {
        gpas = quarantine;
        count = quarantined;
        if (count == 0) {
          return;
        }
        quarantine = new long[64];
        quarantined = 0;
      } finally {
        lock.unlock();
      }
      memory.backing().tablesReleased();
      for (int i = 0; i < count; i++) {
        release(gpas[i]);
      }
    } finally {
      flushing.unlock();
    }
  }

  private int takeOne(Use use, boolean table) {
    lock.lock();
    try {
      if (!leaves(reserve(use))) {
        return -1;
      }
      int frame = table ? freeAtTop() : -1;
      if (frame < 0) {
        frame = freeAtBottom();
      }
      if (frame < 0) {
        frame = nextFree(0);
      }
      if (frame >= 0) {
        take(frame);
      }
      return frame;
    } finally {
      lock.unlock();
    }
  }

  /** True if a frame can be taken and so many are left then. */
  private boolean leaves(int keep) {
    while (refused && freeCommitted <= keep) {
      if (!commitChunk()) {
        return false;
      }
    }
    return available() > keep;
  }

  /** Frames that can be handed out, as far as is known of the host. */
  private long available() {
    return refused ? freeCommitted : freeNow();
  }

  private int takeRuns(long[] out, int from, int wanted, int keep) {
    int got = from;
    lock.lock();
    try {
      while (got < wanted && leaves(keep)) {
        int first = longRun(wanted - got);
        if (first < 0) {
          if (commitChunk()) {
            continue;
          }
          first = nextFree(0);
          if (first < 0) {
            break;
          }
        }
        int room = (int) Math.min(wanted - got, available() - keep);
        int end = runEnd(first, first + room);
        for (int frame = first; frame < end; frame++) {
          take(frame);
          out[got++] = gpa(frame);
        }
      }
      return got;
    } finally {
      lock.unlock();
    }
  }

  /** The first of {@code want} free neighbours, or of the longest run seen, or -1 if none. */
  private int longRun(int want) {
    int best = -1;
    int bestLength = 0;
    int from = 0;
    for (int i = 0; i < RUNS_EXAMINED_MAX; i++) {
      int first = nextFreeAtBottom(from);
      if (first < 0) {
        break;
      }
      int end = Math.min(runEnd(first, first + want), committedFrom);
      if (end - first > bestLength) {
        best = first;
        bestLength = end - first;
        if (bestLength == want) {
          break;
        }
      }
      from = end;
    }
    return best;
  }

  /** The first free frame at or after one, or -1. */
  private int nextFree(int from) {
    int word = from >> 6;
    if (word >= free.length) {
      return -1;
    }
    long bits = free[word] & (-1L << from);
    if (bits == 0) {
      word = nextFreeWord(word + 1);
      if (word < 0) {
        return -1;
      }
      bits = free[word];
    }
    return (word << 6) + Long.numberOfTrailingZeros(bits);
  }

  private int freeAtTop() {
    int frame = nextFree(committedFrom);
    return frame < 0 && commitTopChunk() ? nextFree(committedFrom) : frame;
  }

  private int freeAtBottom() {
    int frame = nextFreeAtBottom(0);
    return frame < 0 && commitChunk() ? nextFreeAtBottom(0) : frame;
  }

  private int nextFreeAtBottom(int from) {
    int frame = nextFree(from);
    return frame < committedFrom ? frame : -1;
  }

  private int nextFreeWord(int from) {
    int index = from >> 6;
    if (index >= freeWords.length) {
      return -1;
    }
    long bits = freeWords[index] & (-1L << from);
    while (bits == 0) {
      if (++index == freeWords.length) {
        return -1;
      }
      bits = freeWords[index];
    }
    return (index << 6) + Long.numberOfTrailingZeros(bits);
  }

  /** The end, exclusive and at most {@code limit}, of the run of free frames at {@code first}. */
  private int runEnd(int first, int limit) {
    int frame = first;
    while (frame < limit && frame < total) {
      long used = ~free[frame >> 6] & (-1L << frame);
      if (used != 0) {
        return Math.min(limit, (frame & -Long.SIZE) + Long.numberOfTrailingZeros(used));
      }
      frame = (frame & -Long.SIZE) + Long.SIZE;
    }
    return Math.min(limit, total);
  }

  private void take(int frame) {
    int word = frame >> 6;
    free[word] &= ~(1L << frame);
    if (free[word] == 0) {
      freeWords[word >> 6] &= ~(1L << word);
    }
    freeCommitted--;
    COUNT.setVolatile(counts, (long) frame * Integer.BYTES, 1);
  }

  private void markFree(int frame) {
    lock.lock();
    try {
      setFree(frame);
      freeCommitted++;
    } finally {
      lock.unlock();
    }
  }

  private void setFree(int frame) {
    int word = frame >> 6;
    free[word] |= 1L << frame;
    freeWords[word >> 6] |= 1L << word;
  }

  /** Commits the next chunk, or as much of it as the host will give; false if that is nothing. */
  private boolean commitChunk() {
    int first = committed;
    int toBoundary = CHUNK_FRAMES - (int) ((gpa(first) >> PAGE_SHIFT) % CHUNK_FRAMES);
    int wanted = Math.min(toBoundary, committedFrom - first);
    int frames = wanted;
    while (frames > 0 && !commit(first, frames)) {
      frames /= 2;
    }
    committed = first + frames;
    refused = frames < wanted;
    return frames > 0;
  }

  /** Commits the chunk before those at the top of memory, all of it; false if it cannot be had. */
  private boolean commitTopChunk() {
    int first = committedFrom - TOP_CHUNK_FRAMES;
    if (refused || first < committed || !commit(first, TOP_CHUNK_FRAMES)) {
      return false;
    }
    committedFrom = first;
    return true;
  }

  private boolean commit(int first, int frames) {
    if (!memory.backing().commit(gpa(first), (long) frames << PAGE_SHIFT)) {
      return false;
    }
    for (int frame = first; frame < first + frames; frame++) {
      setFree(frame);
    }
    freeCommitted += frames;
    return true;
  }

  private long gpa(int frame) {
    return firstGpa + ((long) frame << PAGE_SHIFT);
  }

  private int frame(long gpa) {
    long frame = (gpa - firstGpa) >> PAGE_SHIFT;
    if (frame < 0 || frame >= total) {
      throw new IllegalArgumentException("not a frame: 0x" + Long.toHexString(gpa));
    }
    return (int) frame;
  }

  private long countOffset(long gpa) {
    return (long) frame(gpa) * Integer.BYTES;
  }
}

package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.GuestMemory;

/**
 * The typed door to the memory of one address space: every access of the kernel to a program's
 * memory goes through one of these, whatever the pointer is.
 *
 * <p>It resolves page faults as the program's own access would (demand paging, copy-on-write, stack
 * growth). A pointer to nothing is EFAULT, or a short count where the caller can use one; it is
 * never a Java exception.
 *
 * <p>A copy happens inside a <em>section</em> of at most one page, or if it is large of one run of
 * neighbouring frames, announced in {@link #section}: an address space that has taken a translation
 * away waits until every section that may have used it is over, before it gives up the frame. So
 * there is no lock here. One thread at a time uses a door; each task has its own, and a thread that
 * helps opens another.
 */
public final class UserMemory implements AutoCloseable {
  private static final long BAD = -1;
  private static final long NO_PAGE = -1;
  private static final int PAGE_MASK = PAGE_SIZE - 1;

  /** How often a fault is resolved for one access, in case another thread undoes it each time. */
  private static final int FAULTS_MAX = 64;

  /** A section takes less than this many turns, unless the host runs somebody else meanwhile. */
  private static final int SPINS_MAX = 10_000;

  private static final long PREEMPTED_WAIT_NANOS = 50_000;

  /**
   * From here on the JVM copies past the caches where it can (AVX-512), which saves reading what is
   * overwritten: 17 GB/s instead of 10 on one core, 22 instead of 15 on two.
   */
  static final long LARGE_BYTES = 2_621_440;

  /** What a section copies at most: a quarter of a millisecond. */
  static final long RUN_BYTES = 4 << 20;

  /** What strings are read into, to begin with and most of the time. */
  private static final int SCRATCH_BYTES = 256;

  /** A longer scratch is not kept: each task has one, and waits with it. */
  private static final int SCRATCH_KEPT = 8 << 10;

  private static final long LOW_BITS = 0x0101_0101_0101_0101L;
  private static final long HIGH_BITS = 0x8080_8080_8080_8080L;

  private final AddressSpace space;
  private final GuestMemory memory;

  /** Odd while the owner is inside a section. Written by the owner alone. */
  private volatile long section;

  private long cacheGeneration = -1;
  private long readPage = NO_PAGE;
  private long readFrame;
  private long writePage = NO_PAGE;
  private long writeFrame;

  private byte[] scratch = new byte[SCRATCH_BYTES];

  /** Where the address space keeps this door; its own business, under its lock. */
  private int place;

  /** Opens a door to an address space. */
  public UserMemory(AddressSpace space) {
    this.space = space;
    this.memory = space.memory();
    space.attach(this);
  }

  int place() {
    return place;
  }

  void setPlace(int next) {
    place = next;
  }

  /** The address space behind this door. */
  public AddressSpace space() {
    return space;
  }

  /** Closes the door; it must not be used any more. */
  @Override
  public void close() {
    space.detach(this);
  }

  /** Reads a byte; EFAULT. */
  public byte getByte(long gva) {
    long gpa = enterOrThrow(gva, false);
    byte value = memory.getByte(gpa);
    leave();
    return value;
  }

  /** Writes a byte; EFAULT. */
  public void setByte(long gva, byte value) {
    long gpa = enterOrThrow(gva, true);
    memory.setByte(gpa, value);
    leave();
  }

  /** Reads two bytes at any alignment; EFAULT. */
  public short getShort(long gva) {
    return (short) ((getByte(gva) & 0xff) | getByte(gva + 1) << 8);
  }

  /** Writes two bytes at any alignment; EFAULT. */
  public void setShort(long gva, short value) {
    setByte(gva, (byte) value);
    setByte(gva + 1, (byte) (value >> 8));
  }

  /** Reads four bytes at any alignment; EFAULT. */
  public int getInt(long gva) {
    if (crossesPage(gva, Integer.BYTES)) {
      return (getShort(gva) & 0xffff) | getShort(gva + Short.BYTES) << 16;
    }
    long gpa = enterOrThrow(gva, false);
    int value = memory.getInt(gpa);
    leave();
    return value;
  }

  /** Writes four bytes at any alignment; EFAULT. */
  public void setInt(long gva, int value) {
    if (crossesPage(gva, Integer.BYTES)) {
      setShort(gva, (short) value);
      setShort(gva + Short.BYTES, (short) (value >> 16));
      return;
    }
    long gpa = enterOrThrow(gva, true);
    memory.setInt(gpa, value);
    leave();
  }

  /** Reads eight bytes at any alignment; EFAULT. */
  public long getLong(long gva) {
    if (crossesPage(gva, Long.BYTES)) {
      return (getInt(gva) & 0xffff_ffffL) | (long) getInt(gva + Integer.BYTES) << 32;
    }
    long gpa = enterOrThrow(gva, false);
    long value = memory.getLong(gpa);
    leave();
    return value;
  }

  /** Writes eight bytes at any alignment; EFAULT. */
  public void setLong(long gva, long value) {
    if (crossesPage(gva, Long.BYTES)) {
      setInt(gva, (int) value);
      setInt(gva + Integer.BYTES, (int) (value >> 32));
      return;
    }
    long gpa = enterOrThrow(gva, true);
    memory.setLong(gpa, value);
    leave();
  }

  /** Reads an aligned word with volatile ordering; EFAULT, EINVAL if it is not aligned. */
  public int getIntVolatile(long gva) {
    long gpa = enterOrThrow(aligned(gva), false);
    int value = memory.getIntVolatile(gpa);
    leave();
    return value;
  }

  /** Compares and sets an aligned word; EFAULT, EINVAL if it is not aligned. */
  public boolean compareAndSetInt(long gva, int expected, int value) {
    long gpa = enterOrThrow(aligned(gva), true);
    boolean done = memory.compareAndSetInt(gpa, expected, value);
    leave();
    return done;
  }

  /**
   * Copies from user memory into an array.
   *
   * @return bytes copied, fewer than {@code length} if a page could not be read
   */
  public int copyIn(long gva, byte[] to, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, to.length);
    int done = 0;
    while (done < length) {
      long gpa = enter(gva + done, false);
      if (gpa == BAD) {
        break;
      }
      int chunk = (int) chunk(gva + done, length - done);
      memory.copyTo(gpa, to, offset + done, chunk);
      leave();
      done += chunk;
    }
    return done;
  }

  /** Copies from user memory into an array, all of it or EFAULT. */
  public void copyInFully(long gva, byte[] to, int offset, int length) {
    if (copyIn(gva, to, offset, length) < length) {
      throw ErrnoException.of(Errno.EFAULT);
    }
  }

  /**
   * Copies from an array into user memory.
   *
   * @return bytes copied, fewer than {@code length} if a page could not be written
   */
  public int copyOut(long gva, byte[] from, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, from.length);
    int done = 0;
    while (done < length) {
      long gpa = enter(gva + done, true);
      if (gpa == BAD) {
        break;
      }
      int chunk = (int) chunk(gva + done, length - done);
      memory.copyFrom(from, offset + done, gpa, chunk);
      leave();
      done += chunk;
    }
    return done;
  }

  /** Copies from an array into user memory, all of it or EFAULT. */
  public void copyOutFully(long gva, byte[] from, int offset, int length) {
    if (copyOut(gva, from, offset, length) < length) {
      throw ErrnoException.of(Errno.EFAULT);
    }
  }

  /**
   * Copies from user memory into a segment.
   *
   * @return bytes copied, fewer than {@code length} if a page could not be read
   */
  public long copyIn(long gva, MemorySegment to, long offset, long length) {
    Objects.checkFromIndexSize(offset, length, to.byteSize());
    long done = 0;
    while (done < length) {
      long gpa = enter(gva + done, false);
      if (gpa == BAD) {
        break;
      }
      long chunk = chunk(gva + done, length - done);
      try {
        MemorySegment.copy(memory.segment(), gpa, to, offset + done, chunk);
      } finally {
        leave();
      }
      done += chunk;
    }
    return done;
  }

  /**
   * Copies from a segment into user memory.
   *
   * @return bytes copied, fewer than {@code length} if a page could not be written
   */
  public long copyOut(long gva, MemorySegment from, long offset, long length) {
    Objects.checkFromIndexSize(offset, length, from.byteSize());
    long done = 0;
    while (done < length) {
      long gpa = enter(gva + done, true);
      if (gpa == BAD) {
        break;
      }
      long chunk = chunk(gva + done, length - done);
      try {
        MemorySegment.copy(from, offset + done, memory.segment(), gpa, chunk);
      } finally {
        leave();
      }
      done += chunk;
    }
    return done;
  }

  /** All of guest-physical memory. */
  GuestMemory guest() {
    return memory;
  }

  /**
   * Copies from frames that the caller holds into user memory.
   *
   * @param fromGpa where to start; the bytes from there on are contiguous in guest memory
   * @return bytes copied, fewer than {@code length} if a page could not be written
   */
  public long copyFromFrame(long fromGpa, long toGva, long length) {
    Objects.checkFromIndexSize(fromGpa, length, memory.size());
    long done = 0;
    while (done < length) {
      long gpa = enter(toGva + done, true);
      if (gpa == BAD) {
        break;
      }
      long chunk = run(toGva + done, gpa, length - done, true);
      memory.copy(fromGpa + done, gpa, chunk);
      leave();
      done += chunk;
    }
    return done;
  }

  /**
   * Copies from user memory into frames that the caller holds.
   *
   * @param toGpa where to start; the bytes from there on are contiguous in guest memory
   * @return bytes copied, fewer than {@code length} if a page could not be read
   */
  public long copyToFrame(long fromGva, long toGpa, long length) {
    Objects.checkFromIndexSize(toGpa, length, memory.size());
    long done = 0;
    while (done < length) {
      long gpa = enter(fromGva + done, false);
      if (gpa == BAD) {
        break;
      }
      long chunk = run(fromGva + done, gpa, length - done, false);
      memory.copy(gpa, toGpa + done, chunk);
      leave();
      done += chunk;
    }
    return done;
  }

  /**
   * Fills user memory with zeroes.
   *
   * @return bytes written, fewer than {@code length} if a page could not be written
   */
  public long zero(long gva, long length) {
    long done = 0;
    while (done < length) {
      long gpa = enter(gva + done, true);
      if (gpa == BAD) {
        break;
      }
      long chunk = chunk(gva + done, length - done);
      memory.zero(gpa, chunk);
      leave();
      done += chunk;
    }
    return done;
  }

  /**
   * Reads a string that a NUL ends.
   *
   * @param max most bytes there may be, the NUL included
   * @return the bytes before the NUL as ISO 8859-1, so that all of them survive
   * @throws ErrnoException EFAULT; ENAMETOOLONG if there is no NUL among the first {@code max}
   */
  public String readCString(long gva, int max) {
    try {
      int length = readIntoScratch(gva, max);
      return new String(scratch, 0, length, StandardCharsets.ISO_8859_1);
    } finally {
      shrinkScratch();
    }
  }

  /** Reads a string that a NUL ends, as bytes; errors as {@link #readCString}. */
  public byte[] readCStringBytes(long gva, int max) {
    try {
      int length = readIntoScratch(gva, max);
      return Arrays.copyOf(scratch, length);
    } finally {
      shrinkScratch();
    }
  }

  private void shrinkScratch() {
    if (scratch.length > SCRATCH_KEPT) {
      scratch = new byte[SCRATCH_BYTES];
    }
  }

  /**
   * Where an address leads, after resolving a fault. The result holds only until anything may park
   * or another thread may unmap; {@link #pin} is for whoever needs it longer.
   *
   * @return guest-physical address
   * @throws ErrnoException EFAULT
   */
  public long translate(long gva, boolean write) {
    long gpa = enterOrThrow(gva, write);
    leave();
    return gpa;
  }

  /**
   * Like {@link #translate}, and takes a reference to the frame for the caller, who gives it up
   * with {@link FrameAllocator#release} of the frame's address.
   */
  public long pin(long gva, boolean write) {
    long gpa = enterOrThrow(gva, write);
    space.frames().retain(gpa & -PAGE_SIZE);
    leave();
    return gpa;
  }

  /** True while the owner is inside a section. */
  boolean inSection() {
    return (section & 1) != 0;
  }

  /** Waits until a section that is under way, if any, is over. */
  void awaitSectionEnd() {
    long seen = section;
    if ((seen & 1) == 0) {
      return;
    }
    for (int spins = 0; section == seen; spins++) {
      if (spins < SPINS_MAX) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(PREEMPTED_WAIT_NANOS);
      }
    }
  }

  private static boolean crossesPage(long gva, int bytes) {
    return (gva & PAGE_MASK) > PAGE_SIZE - bytes;
  }

  private static long aligned(long gva) {
    if ((gva & (Integer.BYTES - 1)) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return gva;
  }

  private static long chunk(long gva, long wanted) {
    return Math.min(wanted, PAGE_SIZE - (gva & PAGE_MASK));
  }

  /**
   * How many bytes may be copied in the section that {@link #enter} has started: up to the end of
   * the page, or of the run of neighbouring frames if much is to be copied.
   */
  private long run(long gva, long gpa, long wanted, boolean write) {
    long bytes = chunk(gva, wanted);
    if (wanted < LARGE_BYTES) {
      return bytes;
    }
    long limit = Math.min(wanted, RUN_BYTES);
    while (bytes < limit
        && Long.compareUnsigned(gva + bytes, Layout.USER_END) < 0
        && space.walk(gva + bytes, write) == gpa + bytes) {
      bytes += Math.min(PAGE_SIZE, limit - bytes);
    }
    return bytes;
  }

  private int readIntoScratch(long gva, int max) {
    int done = 0;
    while (done < max) {
      long gpa = enterOrThrow(gva + done, false);
      int chunk = (int) chunk(gva + done, max - done);
      int length = lengthBeforeNul(gpa, chunk);
      if (done + length > scratch.length) {
        leave();
        scratch = Arrays.copyOf(scratch, Math.max(scratch.length * 2, done + length));
        continue;
      }
      memory.copyTo(gpa, scratch, done, length);
      leave();
      done += length;
      if (length < chunk) {
        return done;
      }
    }
    throw ErrnoException.of(Errno.ENAMETOOLONG);
  }

  /** Bytes before the first NUL at an address, or {@code limit}; eight at a time. */
  private int lengthBeforeNul(long gpa, int limit) {
    int length = 0;
    for (; length + Long.BYTES <= limit; length += Long.BYTES) {
      long word = memory.getLong(gpa + length);
      long nul = (word - LOW_BITS) & ~word & HIGH_BITS;
      if (nul != 0) {
        return length + (Long.numberOfTrailingZeros(nul) >> 3);
      }
    }
    while (length < limit && memory.getByte(gpa + length) != 0) {
      length++;
    }
    return length;
  }

  private long enterOrThrow(long gva, boolean write) {
    long gpa = enter(gva, write);
    if (gpa == BAD) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    return gpa;
  }

  /**
   * Starts a section in which the result may be used up to the end of its page.
   *
   * @return guest-physical address, or {@link #BAD} with no section started
   */
  private long enter(long gva, boolean write) {
    if (Long.compareUnsigned(gva, Layout.USER_END) >= 0) {
      return BAD;
    }
    for (int faults = 0; faults < FAULTS_MAX; faults++) {
      long mine = section;
      section = mine + 1;
      long frame = lookUp(gva >>> PAGE_SHIFT, write);
      if (frame != BAD) {
        return frame | (gva & PAGE_MASK);
      }
      section = mine + 2;
      if (space.faultInCall(gva, write) != FaultOutcome.HANDLED) {
        return BAD;
      }
    }
    return BAD;
  }

  private void leave() {
    long mine = section;
    section = mine + 1;
  }

  /** The frame of a page, if it is mapped for the access; called inside a section. */
  private long lookUp(long page, boolean write) {
    long generation = space.downgradeGeneration();
    if (generation != cacheGeneration) {
      cacheGeneration = generation;
      readPage = NO_PAGE;
      writePage = NO_PAGE;
    }
    if (page == writePage) {
      return writeFrame;
    }
    if (!write && page == readPage) {
      return readFrame;
    }
    long frame = space.walk(page << PAGE_SHIFT, write);
    if (frame == 0) {
      return BAD;
    }
    if (write) {
      writePage = page;
      writeFrame = frame;
    } else {
      readPage = page;
      readFrame = frame;
    }
    return frame;
  }
}

package org.biscotti.kernel.mem;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.parallel.Parallel;
import org.jspecify.annotations.Nullable;

/**
 * A cursor over the memory that a call reads or fills: one range of user memory, an array of ranges
 * as readv(2) takes it, or an array of the kernel's own where bytes go from file to file. Reusable,
 * so that a call needs no object of its own.
 *
 * <p>Every move returns how many bytes it moved. That is less than asked for at the end of the
 * buffer, or at a page that cannot be used; then {@link #faulted} is true from there on. Whoever
 * asked decides what that means: nothing moved is EFAULT, something moved is a partial result.
 */
public final class UserBuffer {
  /** Most bytes one call moves (MAX_RW_COUNT): 2 GiB less a page. */
  public static final long BYTES_MAX = 0x7fff_f000L;

  /** Most ranges in one vector (UIO_MAXIOV). */
  public static final int RANGES_MAX = 1024;

  private static final int IOVEC_SIZE = 16;

  /** What one thread moves at a time where several do, at least: 20 microseconds of copying. */
  private static final int PART_PAGES = 64;

  /** How many smaller parts there are, so that threads end together. */
  private static final int PARTS = 8;

  /** Rough speed of copying, for the decision whether it is worth a thread. */
  private static final long BYTES_PER_NANO = 12;

  private final Parallel parallel;

  private @Nullable UserMemory memory;
  private byte @Nullable [] kernel;
  private long[] bases = new long[8];
  private long[] lengths = new long[8];
  private int count;
  private int index;
  private long offset;
  private long remaining;
  private long position;
  private boolean faulted;

  /** A buffer that one thread fills. */
  public UserBuffer() {
    this(Parallel.NONE);
  }

  /**
   * A buffer.
   *
   * @param parallel who may help to fill it
   */
  public UserBuffer(Parallel parallel) {
    this.parallel = parallel;
  }

  /** Moves one part of the bytes, for {@link #moveInParts}. */
  @FunctionalInterface
  public interface Part {
    /**
     * Moves what remains of a buffer.
     *
     * @param buffer the part
     * @param offset where the part starts within the whole
     * @return bytes moved
     */
    long move(UserBuffer buffer, long offset);
  }

  /**
   * True if so many bytes are better moved by several threads, {@linkplain #moveInParts in parts}.
   */
  public boolean isWorthParts(long bytes) {
    long all = Math.min(bytes, remaining);
    return kernel == null
        && all >= 2 * PART_PAGES * PAGE_SIZE
        && parallel.pays(all / BYTES_PER_NANO);
  }

  /**
   * Has the user's memory filled or taken from in parts, by several threads. The bytes of a buffer
   * may lie far behind the first page of it that cannot be used, in memory that the program has for
   * something else, and a call that stops at that page has not touched them, nor what it would have
   * put elsewhere: so the threads get no more than what is mapped without a hole, and the caller's
   * does the rest. Parts after one that moves less than it should, as memory runs out or another
   * thread unmaps it, may be moved, but do not count.
   *
   * @param bytes how many
   * @param fills true if the mover writes to the user's memory
   * @return bytes moved
   */
  public long moveInParts(long bytes, boolean fills, Part mover) {
    long mapped = accessiblePrefix(Math.min(bytes, remaining), fills);
    long moved = isWorthParts(mapped) ? moveAtOnce(mapped, mover) : 0;
    return moved < mapped && faulted ? moved : moved + mover.move(this, moved);
  }

  /** How many bytes there are before the first that a program may not access so. */
  private long accessiblePrefix(long bytes, boolean write) {
    AddressSpace space = memory().space();
    long prefix = 0;
    long from = offset;
    for (int i = index; i < count && prefix < bytes; i++) {
      long want = Math.min(lengths[i] - from, bytes - prefix);
      long accessible = space.accessiblePrefix(bases[i] + from, want, write);
      prefix += accessible;
      if (accessible < want) {
        break;
      }
      from = 0;
    }
    return prefix;
  }

  private long moveAtOnce(long all, Part mover) {
    long partBytes = (long) parallel.chunk(partPages(all)) * PAGE_SIZE;
    long[] done = new long[(int) ((all + partBytes - 1) / partBytes)];
    boolean[] bad = new boolean[done.length];
    parallel.run(
        done.length,
        1,
        all / BYTES_PER_NANO,
        (from, to) -> {
          try (UserMemory door = new UserMemory(memory().space())) {
            UserBuffer part = new UserBuffer();
            for (int i = from; i < to; i++) {
              long offset = i * partBytes;
              part.resetPart(this, door, offset, Math.min(partBytes, all - offset));
              done[i] = mover.move(part, offset);
              bad[i] = part.faulted;
            }
          }
        });
    long total = 0;
    int i = 0;
    while (i < done.length && done[i] == Math.min(partBytes, all - i * partBytes)) {
      total += done[i++];
    }
    if (i < done.length) {
      total += done[i];
    }
    skip(total);
    faulted = i < done.length && bad[i];
    return total;
  }

  /**
   * Parts are copied past the caches if the whole would be, and then an even number of them, of no
   * more than is copied at once.
   */
  private static int partPages(long all) {
    long large = all / UserMemory.LARGE_BYTES & -2;
    long bytes =
        large == 0
            ? Math.max(all / PARTS, (long) PART_PAGES * PAGE_SIZE)
            : Math.min((all - 1) / large + PAGE_SIZE, UserMemory.RUN_BYTES);
    return (int) (bytes / PAGE_SIZE);
  }

  private void resetPart(UserBuffer whole, UserMemory door, long from, long length) {
    clear(door);
    bases = whole.bases;
    lengths = whole.lengths;
    count = whole.count;
    index = whole.index;
    offset = whole.offset;
    remaining = from + length;
    skip(from);
    position = 0;
  }

  /**
   * Sets the cursor to one range, cut to {@link #BYTES_MAX}.
   *
   * @param gva start
   * @param length in bytes, unsigned
   * @throws ErrnoException EFAULT if the range does not lie below {@link Layout#POINTER_END}
   */
  public void reset(UserMemory userMemory, long gva, long length) {
    clear(userMemory);
    checkPointers(gva, length);
    count = 1;
    bases[0] = gva;
    lengths[0] = Math.min(length, BYTES_MAX);
    remaining = lengths[0];
  }

  /**
   * Sets the cursor to the ranges of an array of {@code struct iovec} (readv(2)), cut to {@link
   * #BYTES_MAX} in total.
   *
   * @param iovGva address of the array
   * @param ranges number of its elements
   * @throws ErrnoException EINVAL if there are more than {@link #RANGES_MAX} or a length is
   *     negative; EFAULT if the array cannot be read or a range is no user memory
   */
  public void resetVector(UserMemory userMemory, long iovGva, long ranges) {
    clear(userMemory);
    if (ranges < 0 || ranges > RANGES_MAX) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (ranges > bases.length) {
      bases = new long[RANGES_MAX];
      lengths = new long[RANGES_MAX];
    }
    long total = 0;
    for (int i = 0; i < ranges; i++) {
      long base = userMemory.getLong(iovGva + (long) i * IOVEC_SIZE);
      long length = userMemory.getLong(iovGva + (long) i * IOVEC_SIZE + Long.BYTES);
      if (length < 0) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      checkPointers(base, length);
      bases[i] = base;
      lengths[i] = Math.min(length, BYTES_MAX - total);
      total += lengths[i];
    }
    count = (int) ranges;
    remaining = total;
  }

  /**
   * Sets the cursor to the start of an array of the kernel's own; "the user" below is then that
   * array, which never faults.
   *
   * @param userMemory of the calling task, for its frames
   * @param length how many of the array's bytes count
   */
  public void resetKernel(UserMemory userMemory, byte[] bytes, int length) {
    clear(userMemory);
    kernel = bytes;
    count = 1;
    bases[0] = 0;
    Objects.checkFromToIndex(0, length, bytes.length);
    lengths[0] = length;
    remaining = length;
  }

  /** Bytes still to be moved. */
  public long remaining() {
    return remaining;
  }

  /** Bytes moved or skipped since the last reset. */
  public long position() {
    return position;
  }

  /** True if a move met a page that could not be used. */
  public boolean faulted() {
    return faulted;
  }

  /** Cuts what remains to at most {@code bytes}. */
  public void limit(long bytes) {
    remaining = Math.min(remaining, Math.max(bytes, 0));
  }

  /**
   * Moves on without touching memory.
   *
   * @return bytes skipped
   */
  public long skip(long bytes) {
    long todo = Math.min(bytes, remaining);
    long left = todo;
    while (left > 0) {
      long step = Math.min(left, inRange());
      advance(step);
      left -= step;
    }
    return todo;
  }

  /** Copies from a frame the caller holds to the user; returns bytes moved. */
  public long putFrame(long gpa, long bytes) {
    long done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      long want = Math.min(bytes - done, inRange());
      done += moved(fromFrame(gpa + done, want), want);
    }
    return done;
  }

  /** Copies from the user to a frame the caller holds; returns bytes moved. */
  public long takeFrame(long gpa, long bytes) {
    long done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      long want = Math.min(bytes - done, inRange());
      done += moved(toFrame(gpa + done, want), want);
    }
    return done;
  }

  /** Copies from an array to the user; returns bytes moved. */
  public long put(byte[] from, int from0, int bytes) {
    int done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      int want = (int) Math.min(bytes - done, inRange());
      done += (int) moved(out(from, from0 + done, want), want);
    }
    return done;
  }

  /** Copies from the user to an array; returns bytes moved. */
  public long take(byte[] to, int to0, int bytes) {
    int done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      int want = (int) Math.min(bytes - done, inRange());
      done += (int) moved(in(to, to0 + done, want), want);
    }
    return done;
  }

  /** Copies from a segment to the user; returns bytes moved. */
  public long put(MemorySegment from, long from0, long bytes) {
    long done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      long want = Math.min(bytes - done, inRange());
      done += moved(out(from, from0 + done, want), want);
    }
    return done;
  }

  /** Copies from the user to a segment; returns bytes moved. */
  public long take(MemorySegment to, long to0, long bytes) {
    long done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      long want = Math.min(bytes - done, inRange());
      done += moved(in(to, to0 + done, want), want);
    }
    return done;
  }

  /** Gives the user zeroes; returns bytes moved. */
  public long putZeroes(long bytes) {
    long done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      long want = Math.min(bytes - done, inRange());
      done += moved(zeroes(want), want);
    }
    return done;
  }

  private long fromFrame(long gpa, long bytes) {
    byte[] own = kernel;
    if (own == null) {
      return memory().copyFromFrame(gpa, address(), bytes);
    }
    memory().guest().copyTo(gpa, own, (int) address(), (int) bytes);
    return bytes;
  }

  private long toFrame(long gpa, long bytes) {
    byte[] own = kernel;
    if (own == null) {
      return memory().copyToFrame(address(), gpa, bytes);
    }
    memory().guest().copyFrom(own, (int) address(), gpa, (int) bytes);
    return bytes;
  }

  private long out(byte[] from, int from0, int bytes) {
    byte[] own = kernel;
    if (own == null) {
      return memory().copyOut(address(), from, from0, bytes);
    }
    System.arraycopy(from, from0, own, (int) address(), bytes);
    return bytes;
  }

  private long out(MemorySegment from, long from0, long bytes) {
    byte[] own = kernel;
    if (own == null) {
      return memory().copyOut(address(), from, from0, bytes);
    }
    MemorySegment.copy(from, JAVA_BYTE, from0, own, (int) address(), (int) bytes);
    return bytes;
  }

  private long in(byte[] to, int to0, int bytes) {
    byte[] own = kernel;
    if (own == null) {
      return memory().copyIn(address(), to, to0, bytes);
    }
    System.arraycopy(own, (int) address(), to, to0, bytes);
    return bytes;
  }

  private long in(MemorySegment to, long to0, long bytes) {
    byte[] own = kernel;
    if (own == null) {
      return memory().copyIn(address(), to, to0, bytes);
    }
    MemorySegment.copy(own, (int) address(), to, JAVA_BYTE, to0, (int) bytes);
    return bytes;
  }

  private long zeroes(long bytes) {
    byte[] own = kernel;
    if (own == null) {
      return memory().zero(address(), bytes);
    }
    Arrays.fill(own, (int) address(), (int) (address() + bytes), (byte) 0);
    return bytes;
  }

  private void clear(UserMemory userMemory) {
    memory = userMemory;
    kernel = null;
    count = 0;
    index = 0;
    offset = 0;
    remaining = 0;
    position = 0;
    faulted = false;
  }

  private static void checkPointers(long gva, long length) {
    if (Long.compareUnsigned(length, Layout.POINTER_END) > 0
        || Long.compareUnsigned(gva, Layout.POINTER_END - length) > 0) {
      throw ErrnoException.of(Errno.EFAULT);
    }
  }

  private UserMemory memory() {
    if (memory == null) {
      throw new IllegalStateException("buffer was never set");
    }
    return memory;
  }

  private long address() {
    return bases[index] + offset;
  }

  /** Bytes left in the current range; moves to the next one that has any. */
  private long inRange() {
    while (offset == lengths[index]) {
      index++;
      offset = 0;
    }
    return Math.min(lengths[index] - offset, remaining);
  }

  private long moved(long bytes, long wanted) {
    faulted = bytes < wanted;
    advance(bytes);
    return bytes;
  }

  private void advance(long bytes) {
    offset += bytes;
    position += bytes;
    remaining -= bytes;
  }

  @Override
  public String toString() {
    return "UserBuffer["
        + position
        + " of "
        + (position + remaining)
        + " moved, "
        + Arrays.toString(Arrays.copyOf(bases, count))
        + "]";
  }
}

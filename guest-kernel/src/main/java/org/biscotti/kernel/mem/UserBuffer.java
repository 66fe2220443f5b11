package org.biscotti.kernel.mem;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.jspecify.annotations.Nullable;

/**
 * A cursor over the user memory that a call reads or fills: one range, or an array of ranges as
 * readv(2) takes it. Reusable, so that a call needs no object of its own.
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

  private @Nullable UserMemory memory;
  private long[] bases = new long[8];
  private long[] lengths = new long[8];
  private int count;
  private int index;
  private long offset;
  private long remaining;
  private long position;
  private boolean faulted;

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
      done += moved(memory().copyFromFrame(gpa + done, address(), want), want);
    }
    return done;
  }

  /** Copies from the user to a frame the caller holds; returns bytes moved. */
  public long takeFrame(long gpa, long bytes) {
    long done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      long want = Math.min(bytes - done, inRange());
      done += moved(memory().copyToFrame(address(), gpa + done, want), want);
    }
    return done;
  }

  /** Copies from an array to the user; returns bytes moved. */
  public long put(byte[] from, int from0, int bytes) {
    int done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      int want = (int) Math.min(bytes - done, inRange());
      done += (int) moved(memory().copyOut(address(), from, from0 + done, want), want);
    }
    return done;
  }

  /** Copies from the user to an array; returns bytes moved. */
  public long take(byte[] to, int to0, int bytes) {
    int done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      int want = (int) Math.min(bytes - done, inRange());
      done += (int) moved(memory().copyIn(address(), to, to0 + done, want), want);
    }
    return done;
  }

  /** Copies from a segment to the user; returns bytes moved. */
  public long put(MemorySegment from, long from0, long bytes) {
    long done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      long want = Math.min(bytes - done, inRange());
      done += moved(memory().copyOut(address(), from, from0 + done, want), want);
    }
    return done;
  }

  /** Copies from the user to a segment; returns bytes moved. */
  public long take(MemorySegment to, long to0, long bytes) {
    long done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      long want = Math.min(bytes - done, inRange());
      done += moved(memory().copyIn(address(), to, to0 + done, want), want);
    }
    return done;
  }

  /** Gives the user zeroes; returns bytes moved. */
  public long putZeroes(long bytes) {
    long done = 0;
    while (done < bytes && remaining > 0 && !faulted) {
      long want = Math.min(bytes - done, inRange());
      done += moved(memory().zero(address(), want), want);
    }
    return done;
  }

  private void clear(UserMemory userMemory) {
    memory = userMemory;
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

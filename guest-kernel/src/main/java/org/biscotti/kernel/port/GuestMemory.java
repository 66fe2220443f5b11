package org.biscotti.kernel.port;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Guest-physical memory: one contiguous range of bytes that starts at guest-physical address 0.
 *
 * <p>All addresses are guest-physical ({@code gpa}), in bytes. Every access is bounds-checked by
 * the segment: an address outside the guest's memory throws {@link IndexOutOfBoundsException} and
 * never reaches the JVM's own memory. Nothing here allocates.
 */
public final class GuestMemory {
  /** Bytes in a page frame. */
  public static final int PAGE_SIZE = 4096;

  /** log2 of {@link #PAGE_SIZE}. */
  public static final int PAGE_SHIFT = 12;

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG_UNALIGNED =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT_UNALIGNED =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle ATOMIC_LONG = LONG.varHandle();
  private static final VarHandle ATOMIC_INT = INT.varHandle();
  private static final MemorySegment ZEROES = MemorySegment.ofArray(new long[PAGE_SIZE / 8]);

  private final MemorySegment segment;
  private final MemoryBacking backing;

  /**
   * Wraps a machine's memory.
   *
   * @param segment all of guest-physical memory; its size is a multiple of {@link #PAGE_SIZE}
   * @param backing what the host can do for that memory
   */
  public GuestMemory(MemorySegment segment, MemoryBacking backing) {
    if (segment.byteSize() % PAGE_SIZE != 0) {
      throw new IllegalArgumentException("guest memory is not a whole number of pages");
    }
    this.segment = segment;
    this.backing = backing;
  }

  /** Size in bytes. */
  public long size() {
    return segment.byteSize();
  }

  /** What the host can do for this memory. */
  public MemoryBacking backing() {
    return backing;
  }

  /** The whole of memory, for bulk operations that want a segment. */
  public MemorySegment segment() {
    return segment;
  }

  public byte getByte(long gpa) {
    return segment.get(ValueLayout.JAVA_BYTE, gpa);
  }

  public void setByte(long gpa, byte value) {
    segment.set(ValueLayout.JAVA_BYTE, gpa, value);
  }

  /** Reads four bytes at any alignment. */
  public int getInt(long gpa) {
    return segment.get(INT_UNALIGNED, gpa);
  }

  /** Writes four bytes at any alignment. */
  public void setInt(long gpa, int value) {
    segment.set(INT_UNALIGNED, gpa, value);
  }

  /** Reads eight bytes at any alignment. */
  public long getLong(long gpa) {
    return segment.get(LONG_UNALIGNED, gpa);
  }

  /** Writes eight bytes at any alignment. */
  public void setLong(long gpa, long value) {
    segment.set(LONG_UNALIGNED, gpa, value);
  }

  /** Reads eight aligned bytes with acquire ordering; for page-table entries and shared words. */
  public long getLongAcquire(long gpa) {
    return (long) ATOMIC_LONG.getAcquire(segment, gpa);
  }

  /** Writes eight aligned bytes with release ordering; for page-table entries and shared words. */
  public void setLongRelease(long gpa, long value) {
    ATOMIC_LONG.setRelease(segment, gpa, value);
  }

  /** Compares and sets eight aligned bytes; true if the value was {@code expected}. */
  public boolean compareAndSetLong(long gpa, long expected, long value) {
    return ATOMIC_LONG.compareAndSet(segment, gpa, expected, value);
  }

  /** Reads four aligned bytes with acquire ordering; for shared words. */
  public int getIntAcquire(long gpa) {
    return (int) ATOMIC_INT.getAcquire(segment, gpa);
  }

  /** Writes four aligned bytes with release ordering; for shared words. */
  public void setIntRelease(long gpa, int value) {
    ATOMIC_INT.setRelease(segment, gpa, value);
  }

  /** Reads four aligned bytes with volatile ordering; for futex words. */
  public int getIntVolatile(long gpa) {
    return (int) ATOMIC_INT.getVolatile(segment, gpa);
  }

  /** Compares and sets four aligned bytes; true if the value was {@code expected}. */
  public boolean compareAndSetInt(long gpa, int expected, int value) {
    return ATOMIC_INT.compareAndSet(segment, gpa, expected, value);
  }

  /** Copies {@code bytes} within guest memory; the ranges must not overlap. */
  public void copy(long fromGpa, long toGpa, long bytes) {
    MemorySegment.copy(segment, fromGpa, segment, toGpa, bytes);
  }

  /** Copies from a Java array into guest memory. */
  public void copyFrom(byte[] from, int offset, long toGpa, int bytes) {
    MemorySegment.copy(from, offset, segment, ValueLayout.JAVA_BYTE, toGpa, bytes);
  }

  /** Copies from guest memory into a Java array. */
  public void copyTo(long fromGpa, byte[] to, int offset, int bytes) {
    MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, fromGpa, to, offset, bytes);
  }

  /** Fills {@code bytes} (at most one page) with zeroes. */
  public void zero(long gpa, long bytes) {
    MemorySegment.copy(ZEROES, 0, segment, gpa, bytes);
  }
}

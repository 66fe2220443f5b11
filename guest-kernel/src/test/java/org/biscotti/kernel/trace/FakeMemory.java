package org.biscotti.kernel.trace;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;

/** Memory in which only what a test has put there can be read, byte by byte. */
final class FakeMemory implements TracedMemory {
  private final TreeMap<Long, Byte> bytes = new TreeMap<>();
  private long nextFree = 0x10_0000;
  private int longestRead;

  /** Puts bytes somewhere, with nothing readable behind them; returns the address. */
  long put(byte[] content) {
    long gva = nextFree;
    nextFree += (content.length + 4096 + 4095) & -4096;
    putAt(gva, content);
    return gva;
  }

  void putAt(long gva, byte[] content) {
    for (int i = 0; i < content.length; i++) {
      bytes.put(gva + i, content[i]);
    }
  }

  /** Puts a string with its NUL somewhere. */
  long string(String text) {
    return put((text + '\0').getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Puts text without a NUL somewhere. */
  long text(String text) {
    return put(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  long longs(long... values) {
    ByteBuffer buffer = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long value : values) {
      buffer.putLong(value);
    }
    return put(buffer.array());
  }

  long ints(int... values) {
    ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : values) {
      buffer.putInt(value);
    }
    return put(buffer.array());
  }

  /** A structure of {@code size} bytes: zeroes, but for pairs of offset and 32-bit value. */
  long struct(int size, int... offsetsAndValues) {
    ByteBuffer buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < offsetsAndValues.length; i += 2) {
      buffer.putInt(offsetsAndValues[i], offsetsAndValues[i + 1]);
    }
    return put(buffer.array());
  }

  /** The largest length that has been asked for. */
  int longestRead() {
    return longestRead;
  }

  @Override
  public int read(long gva, byte[] to, int offset, int length) {
    longestRead = Math.max(longestRead, length);
    for (int i = 0; i < length; i++) {
      Byte value = bytes.get(gva + i);
      if (value == null) {
        return i;
      }
      to[offset + i] = value;
    }
    return length;
  }
}

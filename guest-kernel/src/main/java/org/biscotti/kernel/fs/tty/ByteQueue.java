package org.biscotti.kernel.fs.tty;

import java.util.Arrays;

/** A first-in, first-out queue of bytes that grows as it has to. */
final class ByteQueue {
  private byte[] bytes = new byte[256];
  private int head;
  private int count;

  int size() {
    return count;
  }

  void add(int value) {
    if (count == bytes.length) {
      grow();
    }
    bytes[(head + count++) % bytes.length] = (byte) value;
  }

  private void grow() {
    byte[] more = new byte[bytes.length * 2];
    for (int i = 0; i < count; i++) {
      more[i] = bytes[(head + i) % bytes.length];
    }
    bytes = more;
    head = 0;
  }

  /** Takes up to so many bytes from the front. */
  byte[] take(int most) {
    byte[] taken = peek(most);
    drop(taken.length);
    return taken;
  }

  /** Up to so many bytes from the front, which stay. */
  byte[] peek(int most) {
    int some = Math.min(most, count);
    byte[] front = new byte[some];
    for (int i = 0; i < some; i++) {
      front[i] = bytes[(head + i) % bytes.length];
    }
    return front;
  }

  /** Removes bytes from the front. */
  void drop(int some) {
    head = (head + some) % bytes.length;
    count -= some;
  }

  /** The byte that was added last; there is one. */
  int last() {
    return bytes[(head + count - 1) % bytes.length] & 0xff;
  }

  /** Removes the byte that was added last. */
  void dropLast() {
    count--;
  }

  void clear() {
    head = 0;
    count = 0;
    if (bytes.length > 1 << 16) {
      bytes = Arrays.copyOf(bytes, 256);
    }
  }
}

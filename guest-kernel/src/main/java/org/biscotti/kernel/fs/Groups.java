package org.biscotti.kernel.fs;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;

/**
 * Supplementary groups (setgroups(2)): immutable, in ascending order as Linux keeps them, and the
 * same object for all processes that have inherited them. It counts those, and takes room on the
 * kernel's heap while there are any.
 */
public final class Groups {
  /** Most of them that a process may have: NGROUPS_MAX of limits(5). */
  public static final int MAX = 65536;

  /** None at all. */
  public static final Groups NONE = new Groups(new int[0]);

  /** The object and its array, beside the numbers. */
  private static final int OVERHEAD_BYTES = 48;

  private final int[] ascending;
  private final AtomicInteger holders = new AtomicInteger();

  private Groups(int[] ascending) {
    this.ascending = ascending;
  }

  /** Groups that no process has yet. */
  public static Groups of(int... groups) {
    int[] ascending = groups.clone();
    Arrays.sort(ascending);
    return groups.length == 0 ? NONE : new Groups(ascending);
  }

  private long bytes() {
    return OVERHEAD_BYTES + (long) Integer.BYTES * ascending.length;
  }

  /**
   * Counts one more process that has them.
   *
   * @throws org.biscotti.kernel.abi.ErrnoException ENOMEM if it is the first and there is no room
   */
  public Groups retain() {
    if (ascending.length > 0 && holders.getAndIncrement() == 0) {
      boolean room = false;
      try {
        KernelMemory.HEAP.reserve(Kind.BYTE, bytes(), Errno.ENOMEM);
        room = true;
      } finally {
        if (!room) {
          holders.getAndDecrement();
        }
      }
    }
    return this;
  }

  /** Counts one less. */
  public void release() {
    if (ascending.length > 0 && holders.decrementAndGet() == 0) {
      KernelMemory.HEAP.release(Kind.BYTE, bytes());
    }
  }

  /** How many there are. */
  public int size() {
    return ascending.length;
  }

  /** One of them by its place in the order. */
  public int get(int index) {
    return ascending[index];
  }

  public boolean contains(int group) {
    return Arrays.binarySearch(ascending, group) >= 0;
  }

  /** All of them, in order. */
  public IntStream stream() {
    return Arrays.stream(ascending);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Groups groups && Arrays.equals(ascending, groups.ascending);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(ascending);
  }

  @Override
  public String toString() {
    return Arrays.toString(ascending);
  }
}

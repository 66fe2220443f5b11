package org.biscotti.devices.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;

/**
 * Native memory for the duration of one call: where errno is captured, strings and structures go.
 *
 * <p>A native call holds its thread, so no more are in use at once than there are platform threads;
 * a fixed pool therefore serves nearly all calls without allocating anything. Between {@link
 * #borrow} and {@link #close} the borrower must not wait for anything but the call itself.
 */
final class Scratch implements AutoCloseable {
  /** Room for a path, a link target or any structure, terminating zero included. */
  static final int BUFFER_BYTES = 4096;

  private static final int POOL_SIZE = 64;

  /** Made when they are needed first; read and written by whom the slot belongs to. */
  private static final @Nullable Scratch[] POOL = new Scratch[POOL_SIZE];

  private static final AtomicIntegerArray IN_USE = new AtomicIntegerArray(POOL_SIZE);

  private final int slot;
  private final MemorySegment captured;
  private final MemorySegment first;
  private final MemorySegment second;

  private Scratch(Arena arena, int slot) {
    this.slot = slot;
    this.captured = arena.allocate(CLibrary.CAPTURED);
    this.first = arena.allocate(BUFFER_BYTES, Long.BYTES);
    this.second = arena.allocate(BUFFER_BYTES, Long.BYTES);
  }

  /** Memory of the caller's own until it closes it. */
  static Scratch borrow() {
    int start = (int) Thread.currentThread().threadId() & (POOL_SIZE - 1);
    for (int i = 0; i < POOL_SIZE; i++) {
      int slot = (start + i) & (POOL_SIZE - 1);
      if (IN_USE.compareAndSet(slot, 0, 1)) {
        Scratch scratch = POOL[slot];
        if (scratch == null) {
          scratch = new Scratch(Arena.global(), slot);
          POOL[slot] = scratch;
        }
        return scratch;
      }
    }
    return new Scratch(Arena.ofAuto(), -1);
  }

  /** Where the linker stores errno. */
  MemorySegment captured() {
    return captured;
  }

  /** {@link #BUFFER_BYTES} bytes, aligned for any structure; not cleared. */
  MemorySegment first() {
    return first;
  }

  /** Another such buffer. */
  MemorySegment second() {
    return second;
  }

  @Override
  public void close() {
    if (slot >= 0) {
      IN_USE.setRelease(slot, 0);
    }
  }
}

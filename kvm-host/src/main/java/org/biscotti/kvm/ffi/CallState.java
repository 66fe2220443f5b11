package org.biscotti.kvm.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;

/**
 * Where the C library's {@code errno} of one thread's calls is kept: each thread that makes native
 * calls has its own.
 */
public final class CallState {
  static final StructLayout LAYOUT = Linker.Option.captureStateLayout();

  /**
   * Where errno is in that: on Linux there is nothing else. A test asks the layout, which is no
   * work for a start: to find a member by its path takes the JVM ten milliseconds.
   */
  static final long ERRNO = 0;

  final MemorySegment segment;

  /** A state that lives as long as the arena. */
  public CallState(Arena arena) {
    segment = arena.allocate(LAYOUT);
  }

  /** The error number of the last call that failed; meaningless after one that did not. */
  public int errno() {
    return segment.get(ValueLayout.JAVA_INT, ERRNO);
  }
}

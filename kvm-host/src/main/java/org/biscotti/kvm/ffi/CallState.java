package org.biscotti.kvm.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;

/**
 * Where the C library's {@code errno} of one thread's calls is kept: each thread that makes native
 * calls has its own.
 */
public final class CallState {
  private static final StructLayout LAYOUT = Linker.Option.captureStateLayout();
  private static final long ERRNO = LAYOUT.byteOffset(PathElement.groupElement("errno"));

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

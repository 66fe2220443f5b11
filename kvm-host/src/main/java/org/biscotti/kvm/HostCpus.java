package org.biscotti.kvm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import org.biscotti.kvm.ffi.CallState;
import org.biscotti.kvm.ffi.Libc;

/** The host's cores that this process may use, and pinning a thread to one of them. */
public final class HostCpus {
  /** Size of the masks in bytes: room for 8192 cores. */
  private static final int MASK_BYTES = 1024;

  private HostCpus() {}

  /** Numbers of the cores that the calling thread may run on, ascending. */
  public static int[] allowed() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(MASK_BYTES, 8);
      int length = Libc.schedGetAffinity(new CallState(arena), mask);
      if (length < 0) {
        return new int[] {0};
      }
      return IntStream.range(0, MASK_BYTES * 8)
          .filter(i -> (mask.get(ValueLayout.JAVA_BYTE, i / 8) >> (i % 8) & 1) != 0)
          .toArray();
    }
  }

  /** Binds the calling thread to one core; best effort. */
  static void pinTo(int core) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(MASK_BYTES, 8);
      mask.set(ValueLayout.JAVA_BYTE, core / 8, (byte) (1 << (core % 8)));
      Libc.schedSetAffinity(new CallState(arena), mask);
    }
  }
}

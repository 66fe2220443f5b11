package org.biscotti.kvm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
      return BitSet.valueOf(mask.toArray(ValueLayout.JAVA_BYTE)).stream().toArray();
    }
  }

  /**
   * /proc/cpuinfo of the host's first core without its number: what a guest's vCPU is, but for the
   * features that KVM keeps to itself. Empty if it cannot be read.
   */
  static String description() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .takeWhile(line -> !line.isBlank())
          .filter(line -> !line.startsWith("processor"))
          .collect(Collectors.joining("\n", "", "\n"));
    } catch (IOException | UncheckedIOException e) {
      return "";
    }
  }

  /** Binds the calling thread to some cores; best effort. */
  static void pinTo(int... cores) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(MASK_BYTES, 8);
      for (int core : cores) {
        byte others = mask.get(ValueLayout.JAVA_BYTE, core / 8);
        mask.set(ValueLayout.JAVA_BYTE, core / 8, (byte) (others | 1 << (core % 8)));
      }
      Libc.schedSetAffinity(new CallState(arena), mask);
    }
  }
}

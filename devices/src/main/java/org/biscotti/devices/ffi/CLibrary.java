package org.biscotti.devices.ffi;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/** Makes the handles of this package, and turns "-1 and errno" into one number. */
final class CLibrary {
  /** C {@code int}. */
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  /** C {@code long}, {@code size_t}, {@code off_t}. */
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  /** What the linker captures: {@code struct { int errno; }}. */
  static final StructLayout CAPTURED = Linker.Option.captureStateLayout();

  private static final long ERRNO_OFFSET = CAPTURED.byteOffset(PathElement.groupElement("errno"));

  private static final Linker LINKER = Linker.nativeLinker();

  private CLibrary() {}

  /**
   * A handle of a C function that captures errno: its first argument is the segment to capture
   * into.
   *
   * @param descriptor the C prototype
   * @param options further options, such as where variadic arguments start
   */
  @SuppressWarnings("restricted")
  static MethodHandle function(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    Linker.Option[] all = Arrays.copyOf(options, options.length + 1);
    all[options.length] = Linker.Option.captureCallState("errno");
    // SAFETY: each caller states the prototype of its man page; the layout test of this package
    // compares the structures behind the pointers with the C compiler's.
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, all);
  }

  /** What a call returned: {@code result}, or {@code -errno} if that is negative. */
  static long resultOrErrno(long result, Scratch scratch) {
    return result >= 0 ? result : -scratch.captured().get(INT, ERRNO_OFFSET);
  }

  /** Rethrows what a handle threw; a linked C function throws nothing of its own. */
  static RuntimeException unexpected(Throwable thrown) {
    switch (thrown) {
      case Error error -> throw error;
      case RuntimeException exception -> throw exception;
      default -> throw new AssertionError(thrown);
    }
  }

  /** Writes a name of bytes (as ISO 8859-1) and its terminating zero; returns {@code to}. */
  static MemorySegment cString(MemorySegment to, String bytes) {
    int length = bytes.length();
    for (int i = 0; i < length; i++) {
      to.set(ValueLayout.JAVA_BYTE, i, (byte) bytes.charAt(i));
    }
    to.set(ValueLayout.JAVA_BYTE, length, (byte) 0);
    return to;
  }
}

package org.biscotti.devices.ffi;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Makes the handles of this package, and turns "-1 and errno" into one number. */
final class CLibrary {
  /** C {@code int}. */
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  /** C {@code long}, {@code size_t}, {@code off_t}. */
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  /** What the linker captures: {@code struct { int errno; }}. */
  static final StructLayout CAPTURED = Linker.Option.captureStateLayout();

  /**
   * Where errno is in that. A test asks the layout, which is no work for a start: to find a member
   * by its path takes the JVM ten milliseconds.
   */
  static final long ERRNO_OFFSET = 0;

  private static final Linker LINKER = Linker.nativeLinker();

  private CLibrary() {}

  /**
   * One shape for all functions, here and in the machine's own bindings. Each shape that the linker
   * has not seen costs it some ten milliseconds at the start of the program. The second argument is
   * a segment, for those that read or write memory which another thread may free: it cannot be
   * freed during the call.
   */
  private static final FunctionDescriptor WORDS =
      FunctionDescriptor.of(LONG, LONG, ValueLayout.ADDRESS, LONG, LONG, LONG, LONG);

  /**
   * A handle of a C function of integers and addresses, for {@link #transfer}, and if the caller
   * keeps the memory for {@link #call} and {@link #intCall}.
   */
  @SuppressWarnings("restricted")
  static MethodHandle function(String name) {
    // SAFETY: every argument of the functions of this package is an integer or a pointer, and there
    // are at most six. The x86-64 psABI (3.2.3) passes those in the same six registers, of which a
    // function reads as many as it declares, and of an int only the lower half; a result of type
    // int is the lower half of the register, which is what intCall takes of it. The functions with
    // variable arguments (syscall, fcntl, ioctl) take no floating-point ones, so that what the ABI
    // wants in AL for them does not matter. The layout test of this package compares the
    // structures behind the pointers with the C compiler's.
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name), WORDS, Linker.Option.captureCallState("errno"));
  }

  /** Calls a function of up to three arguments that returns a long: its result, or -errno. */
  static long call(MethodHandle function, Scratch scratch, long a, long b, long c) {
    return call(function, scratch, a, b, c, 0, 0);
  }

  /** Calls a function of up to five arguments that returns a long: its result, or -errno. */
  static long call(MethodHandle function, Scratch scratch, long a, long b, long c, long d, long e) {
    return invoke(function, scratch, a, word(b), c, d, e);
  }

  /**
   * Calls a function that moves bytes between a descriptor and memory: its result, or -errno.
   *
   * @param memory native memory, of which it is given address and size
   * @param last the argument after the size, if it has one: flags, or an offset
   */
  static long transfer(
      MethodHandle function, Scratch scratch, int fd, MemorySegment memory, long last) {
    return invoke(function, scratch, fd, memory, memory.byteSize(), last, 0);
  }

  private static long invoke(
      MethodHandle function, Scratch scratch, long a, MemorySegment b, long c, long d, long e) {
    try {
      long result = (long) function.invokeExact(scratch.captured(), a, b, c, d, e, 0L);
      return resultOrErrno(result, scratch);
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
  }

  /** A second argument that is no segment. */
  private static MemorySegment word(long value) {
    return MemorySegment.ofAddress(value);
  }

  /** Calls a function of up to three arguments that returns an int: its result, or -errno. */
  static int intCall(MethodHandle function, Scratch scratch, long a, long b, long c) {
    return intCall(function, scratch, a, b, c, 0, 0);
  }

  /** Calls a function of up to five arguments that returns an int: its result, or -errno. */
  static int intCall(
      MethodHandle function, Scratch scratch, long a, long b, long c, long d, long e) {
    try {
      int result = (int) (long) function.invokeExact(scratch.captured(), a, word(b), c, d, e, 0L);
      return (int) resultOrErrno(result, scratch);
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
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

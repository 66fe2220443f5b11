package org.biscotti.devices;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.biscotti.devices.ffi.FileCalls;
import org.biscotti.devices.ffi.OpenCalls;

/** Makes pipes, socket pairs and pseudo-terminals; each is two descriptors. */
final class TestStreams {
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;

  private TestStreams() {}

  @SuppressWarnings("restricted")
  private static int call(String name, FunctionDescriptor descriptor, Object... arguments) {
    try {
      // SAFETY: prototypes of the man pages, for tests only.
      return (int)
          Linker.nativeLinker()
              .downcallHandle(Linker.nativeLinker().defaultLookup().findOrThrow(name), descriptor)
              .invokeWithArguments(arguments);
    } catch (Throwable thrown) {
      throw new AssertionError(thrown);
    }
  }

  private static int[] pair(MemorySegment from) {
    return from.toArray(JAVA_INT);
  }

  /** The end to read and the end to write (pipe(2)). */
  static int[] pipe() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment two = arena.allocate(JAVA_INT, 2);
      assertThat(call("pipe", FunctionDescriptor.of(JAVA_INT, ADDRESS), two)).isZero();
      return pair(two);
    }
  }

  /** Two connected sockets (socketpair(2)). */
  static int[] sockets() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment two = arena.allocate(JAVA_INT, 2);
      FunctionDescriptor descriptor =
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
      assertThat(call("socketpair", descriptor, AF_UNIX, SOCK_STREAM, 0, two)).isZero();
      return pair(two);
    }
  }

  /** The controlling end and the user's end of a new pseudo-terminal (openpty(3)). */
  static int[] terminal(int rows, int columns) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment controlling = arena.allocate(JAVA_INT);
      MemorySegment user = arena.allocate(JAVA_INT);
      MemorySegment size = arena.allocate(MemoryLayout.sequenceLayout(4, JAVA_SHORT));
      size.setAtIndex(JAVA_SHORT, 0, (short) rows);
      size.setAtIndex(JAVA_SHORT, 1, (short) columns);
      FunctionDescriptor descriptor =
          FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
      MemorySegment none = MemorySegment.NULL;
      assertThat(call("openpty", descriptor, controlling, user, none, none, size)).isZero();
      return new int[] {controlling.get(JAVA_INT, 0), user.get(JAVA_INT, 0)};
    }
  }

  static void write(int fd, String text) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(text.length());
      bytes.copyFrom(MemorySegment.ofArray(text.getBytes(StandardCharsets.ISO_8859_1)));
      assertThat(FileCalls.write(fd, bytes)).isEqualTo(text.length());
    }
  }

  /** Reads at most a number of bytes, waiting for the first. */
  static String read(int fd, int most) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(most);
      int read = (int) FileCalls.read(fd, bytes);
      assertThat(read).isNotNegative();
      byte[] array = bytes.asSlice(0, read).toArray(JAVA_BYTE);
      return new String(array, StandardCharsets.ISO_8859_1);
    }
  }

  static void close(int... descriptors) {
    for (int fd : descriptors) {
      var _ = OpenCalls.close(fd);
    }
  }
}

package org.biscotti.kernel.trace;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.util.Arrays;
import org.biscotti.kernel.abi.Fcntl;
import org.jspecify.annotations.Nullable;

/** Strings and buffers in a program's memory. */
final class Strings {
  private Strings() {}

  /** A path, all of it. */
  static void path(TracedCall call, int index, CallText out) {
    terminated(call.memory(), call.argument(index), Fcntl.PATH_MAX, out);
  }

  /** A string of which the beginning will do. */
  static void string(TracedCall call, int index, CallText out) {
    terminated(call.memory(), call.argument(index), TracedCall.SHOWN_MAX + 1, out);
  }

  /**
   * A string that a NUL ends.
   *
   * @param max how many bytes are looked at; one fewer is shown if there is no NUL among them
   */
  static void terminated(TracedMemory memory, long gva, int max, CallText out) {
    byte[] text = new byte[Math.min(max, TracedCall.SHOWN_MAX + 1)];
    int length = 0;
    while (length < max) {
      if (length == text.length) {
        text = Arrays.copyOf(text, Math.min(max, 2 * length));
      }
      int toPageEnd = PAGE_SIZE - (int) ((gva + length) & (PAGE_SIZE - 1));
      int wanted = Math.min(toPageEnd, text.length - length);
      int got = gva == 0 ? 0 : memory.read(gva + length, text, length, wanted);
      for (int end = length + got; length < end; length++) {
        if (text[length] == 0) {
          out.quoted(text, 0, length);
          return;
        }
      }
      if (got < wanted) {
        out.address(gva);
        return;
      }
    }
    out.quoted(text, 0, max - 1).add("...");
  }

  /** A buffer of a length that the program gives or the call returns. */
  static void buffer(TracedMemory memory, long gva, long length, CallText out) {
    byte[] content = head(memory, gva, length);
    if (content == null) {
      out.address(gva);
    } else {
      out.quoted(content, 0, content.length).add(isCut(content, length) ? "..." : "");
    }
  }

  /** A buffer of bytes that are no text. */
  static void bytes(TracedMemory memory, long gva, long length, CallText out) {
    byte[] content = head(memory, gva, length);
    if (content == null) {
      out.address(gva);
    } else {
      out.quotedHex(content, content.length).add(isCut(content, length) ? "..." : "");
    }
  }

  private static boolean isCut(byte[] shown, long length) {
    return Long.compareUnsigned(shown.length, length) < 0;
  }

  /** The first bytes of a buffer, or null if they cannot be read. */
  private static byte @Nullable [] head(TracedMemory memory, long gva, long length) {
    if (gva == 0) {
      return null;
    }
    int shown =
        Long.compareUnsigned(length, TracedCall.SHOWN_MAX) > 0
            ? TracedCall.SHOWN_MAX
            : (int) length;
    byte[] content = new byte[shown];
    return memory.read(gva, content, 0, shown) == shown ? content : null;
  }

  /** A path whose length, with its NUL, the call returns (getcwd(2)). */
  static void returnedPath(TracedCall call, int index, CallText out) {
    int length = (int) Math.min(Math.max(call.result() - 1, 0), Fcntl.PATH_MAX);
    byte[] content = new byte[length];
    long gva = call.argument(index);
    if (call.memory().read(gva, content, 0, length) < length) {
      out.address(gva);
    } else {
      out.quoted(content, 0, length);
    }
  }
}

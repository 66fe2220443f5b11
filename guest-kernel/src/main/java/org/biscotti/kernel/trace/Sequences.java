package org.biscotti.kernel.trace;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.biscotti.kernel.abi.Epoll;
import org.biscotti.kernel.abi.Poll;

/** Arrays in a program's memory: numbers, bit sets, buffers, descriptors to poll. */
final class Sequences {
  private static final int IOVEC_BYTES = 16;
  private static final int CPU_SET_BYTES_MAX = 128;
  private static final int FD_SET_BYTES_MAX = 128;
  private static final int DIRECTORY_ENTRY_BYTES_MIN = 19;
  private static final int DIRECTORY_ENTRIES_MAX = 65536;

  /** Prints an element of an array. */
  @FunctionalInterface
  interface Element {
    void print(ByteBuffer element, CallText out);
  }

  private Sequences() {}

  /**
   * The first elements of an array, and the address of the first that cannot be read.
   *
   * @param count number of elements, unsigned
   */
  static void print(
      TracedMemory memory, long gva, long count, int elementBytes, Element element, CallText out) {
    if (gva == 0) {
      out.add("NULL");
      return;
    }
    byte[] content = new byte[elementBytes];
    ByteBuffer view = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; Long.compareUnsigned(i, count) < 0; i++) {
      long at = gva + (long) i * elementBytes;
      if (i == TracedCall.SHOWN_MAX) {
        out.add(", ...]");
        return;
      }
      if (memory.read(at, content, 0, elementBytes) < elementBytes) {
        unreadable(i, at, out);
        return;
      }
      out.add(i == 0 ? "[" : ", ");
      element.print(view, out);
    }
    out.add(count == 0 ? "[]" : "]");
  }

  private static void unreadable(int index, long gva, CallText out) {
    if (index == 0) {
      out.address(gva);
    } else {
      out.add(", ... /* ").hex(gva).add(" */]");
    }
  }

  /** Group numbers. */
  static void numbers(TracedCall call, int index, long count, CallText out) {
    long elements = call.argument(index) == 0 ? 0 : count;
    print(
        call.memory(),
        call.argument(index),
        elements,
        Integer.BYTES,
        (element, to) -> Words.identity(element.getInt(0), to),
        out);
  }

  /** Which pages are in memory (mincore(2)). */
  static void residency(TracedCall call, int index, long bytes, CallText out) {
    long pages = (bytes >>> 12) + ((bytes & 0xfff) != 0 ? 1 : 0);
    print(
        call.memory(),
        call.argument(index),
        pages,
        1,
        (element, to) -> to.decimal(element.get(0) & 1),
        out);
  }

  /** What epoll_wait(2) has stored. */
  static void epollEvents(TracedCall call, int index, CallText out) {
    print(
        call.memory(),
        call.argument(index),
        call.result(),
        Epoll.EVENT_SIZE,
        Structs::epollEvent,
        out);
  }

  /** Buffers that the program hands over, with what is in them. */
  static void gather(TracedCall call, int index, long count, CallText out) {
    print(
        call.memory(),
        call.argument(index),
        count,
        IOVEC_BYTES,
        (element, to) -> iovec(call, element, element.getLong(8), to),
        out);
  }

  /** Buffers that the call has filled, one after the other. */
  static void scatter(TracedCall call, int index, long count, CallText out) {
    long[] left = {call.result()};
    print(
        call.memory(),
        call.argument(index),
        count,
        IOVEC_BYTES,
        (element, to) -> {
          long length = element.getLong(8);
          long filled = Long.compareUnsigned(length, left[0]) < 0 ? length : left[0];
          left[0] -= filled;
          iovec(call, element, filled, to);
        },
        out);
  }

  private static void iovec(TracedCall call, ByteBuffer element, long filled, CallText out) {
    out.add("{iov_base=");
    if (call.failed()) {
      out.address(element.getLong(0));
    } else {
      Strings.buffer(call.memory(), element.getLong(0), filled, out);
    }
    out.add(", iov_len=").unsigned(element.getLong(8)).add('}');
  }

  /** Descriptors and what is waited for. */
  static void pollRequests(TracedCall call, int index, long count, CallText out) {
    print(
        call.memory(),
        call.argument(index),
        count,
        Poll.POLLFD_SIZE,
        (element, to) -> {
          int fd = element.getInt(0);
          to.add("{fd=").decimal(fd);
          if (fd >= 0) {
            to.add(", events=");
            ConstantSets.flags("poll").printFlags(to, element.getShort(4) & 0xffff);
          }
          to.add('}');
        },
        out);
  }

  /** What has become of {@link #pollRequests}, as a remark on the result. */
  static void pollAnswers(TracedCall call, int index, long count) {
    if (call.failed() || call.result() == 0) {
      return;
    }
    CallText out = call.addRemark().add('[');
    byte[] content = new byte[Poll.POLLFD_SIZE];
    ByteBuffer view = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    int shown = 0;
    for (long i = 0; i < count && i < DIRECTORY_ENTRIES_MAX; i++) {
      long at = call.argument(index) + i * Poll.POLLFD_SIZE;
      if (call.memory().read(at, content, 0, content.length) < content.length) {
        break;
      }
      if (view.getShort(6) != 0) {
        out.add(shown == 0 ? "" : ", ");
        if (shown++ == TracedCall.SHOWN_MAX) {
          out.add("...");
          break;
        }
        out.add("{fd=").decimal(view.getInt(0)).add(", revents=");
        ConstantSets.flags("poll").printFlags(out, view.getShort(6) & 0xffff);
        out.add('}');
      }
    }
    out.add(']');
  }

  /** A set of CPUs of a given size in bytes. */
  static void cpus(TracedCall call, int index, long bytes, CallText out) {
    int length = (int) Math.min(bytes & Long.MAX_VALUE, CPU_SET_BYTES_MAX);
    bits(call, index, length, length * Byte.SIZE, length < bytes, out);
  }

  /** A set of descriptors of select(2) as the program has filled it in. */
  static void descriptors(TracedCall call, int index, long count, CallText out) {
    int number = (int) count;
    if (number < 0) {
      out.address(call.argument(index));
      return;
    }
    int limit = Math.min(number, FD_SET_BYTES_MAX * Byte.SIZE);
    int length = (limit + Byte.SIZE - 1) / Byte.SIZE;
    bits(call, index, length, limit, limit < number, out);
  }

  private static void bits(
      TracedCall call, int index, int length, int limit, boolean more, CallText out) {
    byte[] content = new byte[length];
    long gva = call.argument(index);
    if (gva == 0 || call.memory().read(gva, content, 0, length) < length) {
      out.address(gva);
      return;
    }
    out.add('[');
    boolean first = true;
    for (int i = 0; i < limit; i++) {
      if ((content[i / Byte.SIZE] >> (i % Byte.SIZE) & 1) != 0) {
        out.add(first ? "" : " ").decimal(i);
        first = false;
      }
    }
    out.add(more ? " ...]" : "]");
  }

  /** Descriptors that select(2) has found ready, as a remark on the result. */
  static void ready(TracedCall call, int index, long count) {
    if (call.failed() || call.result() == 0 || call.argument(index) == 0) {
      return;
    }
    CallText set = new CallText();
    descriptors(call, index, count, set);
    if (!set.toString().equals("[]")) {
      String[] kinds = {"in ", "out ", "except "};
      call.addRemark().add(index >= 1 && index <= kinds.length ? kinds[index - 1] : "").add(set);
    }
  }

  /** How many entries there are in what getdents64(2) has stored. */
  static void directoryEntries(TracedCall call, int index, CallText out) {
    long gva = call.argument(index);
    byte[] header = new byte[DIRECTORY_ENTRY_BYTES_MIN];
    int entries = 0;
    long done = 0;
    while (done < call.result() && entries < DIRECTORY_ENTRIES_MAX) {
      if (call.memory().read(gva + done, header, 0, header.length) < header.length) {
        break;
      }
      int bytes = (header[16] & 0xff) | (header[17] & 0xff) << 8;
      if (bytes < header.length) {
        break;
      }
      done += bytes;
      entries++;
    }
    out.address(gva).add(" /* ").decimal(entries).add(" entries */");
  }

  /** Arguments of a program (execve(2)): the strings of an array of pointers that NULL ends. */
  static void strings(TracedCall call, int index, CallText out) {
    long gva = call.argument(index);
    byte[] content = new byte[Long.BYTES];
    ByteBuffer view = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; ; i++) {
      long at = gva + (long) i * Long.BYTES;
      if (gva == 0 || call.memory().read(at, content, 0, Long.BYTES) < Long.BYTES) {
        unreadable(i, at, out);
        return;
      }
      if (view.getLong(0) == 0) {
        out.add(i == 0 ? "[]" : "]");
        return;
      }
      if (i == TracedCall.SHOWN_MAX) {
        out.add(", ...]");
        return;
      }
      out.add(i == 0 ? "[" : ", ");
      Strings.terminated(call.memory(), view.getLong(0), TracedCall.SHOWN_MAX + 1, out);
    }
  }
}

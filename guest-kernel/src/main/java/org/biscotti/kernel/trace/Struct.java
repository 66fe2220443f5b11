package org.biscotti.kernel.trace;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A C structure in a program's memory.
 *
 * @param bytes how much of it has to be readable
 * @param printer prints it
 */
record Struct(int bytes, Printer printer) {
  /** Prints a structure that has been read. */
  @FunctionalInterface
  interface Printer {
    void print(ByteBuffer struct, CallText out);
  }

  /** Prints the structure at an address, or the address if it cannot be read. */
  void print(TracedMemory memory, long gva, CallText out) {
    byte[] content = new byte[bytes];
    if (gva != 0 && memory.read(gva, content, 0, bytes) == bytes) {
      print(content, 0, out);
    } else {
      out.address(gva);
    }
  }

  /** Prints a structure that stands at an offset of an array. */
  void print(byte[] content, int offset, CallText out) {
    printer.print(
        ByteBuffer.wrap(content, offset, bytes).slice().order(ByteOrder.LITTLE_ENDIAN), out);
  }
}

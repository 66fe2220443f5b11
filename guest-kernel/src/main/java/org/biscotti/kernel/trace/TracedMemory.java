package org.biscotti.kernel.trace;

/** A program's memory as a trace sees it. */
@FunctionalInterface
interface TracedMemory {
  /**
   * Copies bytes from a program's memory. It never throws, whatever the pointer.
   *
   * @return bytes copied, fewer than {@code length} if a page could not be read
   */
  int read(long gva, byte[] to, int offset, int length);
}

package org.biscotti.kernel.exec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Makes ELF files by hand, right ones and wrong ones. */
final class ElfBuilder {
  static final int ET_EXEC = 2;
  static final int ET_DYN = 3;
  static final int PT_LOAD = 1;
  static final int PT_INTERP = 3;
  static final int PT_GNU_STACK = 0x6474e551;
  static final int R = 4;
  static final int W = 2;
  static final int X = 1;
  static final int HEADERS = 64;
  static final int HEADER = 56;

  private record ProgramHeader(
      int type, int flags, long offset, long address, long fileSize, long size, long align) {}

  private final List<ProgramHeader> headers = new ArrayList<>();
  private final int type;
  private long entry;
  private int size = HEADERS;
  private byte[] content = new byte[0];

  ElfBuilder(int type) {
    this.type = type;
  }

  /** A small program at 0x400000: code, and data with a bss that goes on for two pages. */
  static ElfBuilder ordinary() {
    return new ElfBuilder(ET_EXEC)
        .entry(0x400100)
        .load(R | X, 0, 0x400000, 0x1000, 0x1000)
        .load(R | W, 0x1234, 0x402234, 0x100, 0x2200)
        .fill(0x1334);
  }

  /** The same, to be loaded anywhere. */
  static ElfBuilder relocatable() {
    return new ElfBuilder(ET_DYN)
        .entry(0x100)
        .load(R | X, 0, 0, 0x1000, 0x1000)
        .load(R | W, 0x1234, 0x2234, 0x100, 0x2200)
        .fill(0x1334);
  }

  ElfBuilder entry(long entry) {
    this.entry = entry;
    return this;
  }

  ElfBuilder header(
      int type, int flags, long offset, long address, long fileSize, long size, long align) {
    headers.add(new ProgramHeader(type, flags, offset, address, fileSize, size, align));
    return this;
  }

  ElfBuilder load(int flags, long offset, long address, long fileSize, long size) {
    return header(PT_LOAD, flags, offset, address, fileSize, size, 0x1000);
  }

  /** Asks for a dynamic linker; its path lies at the end of the file. */
  ElfBuilder interpreter(String path) {
    byte[] bytes = (path + "\0").getBytes(StandardCharsets.ISO_8859_1);
    header(PT_INTERP, R, Math.max(size, 0x800), 0, bytes.length, bytes.length, 1);
    return append(Math.max(size, 0x800), bytes);
  }

  /** Makes the file at least this long; every byte of it is different from 0. */
  ElfBuilder fill(int size) {
    byte[] pattern = new byte[Math.max(size - this.size, 0)];
    for (int i = 0; i < pattern.length; i++) {
      pattern[i] = pattern(this.size + i);
    }
    return append(this.size, pattern);
  }

  /** What {@link #fill} puts at an offset. */
  static byte pattern(long offset) {
    return (byte) (offset % 251 + 1);
  }

  private ElfBuilder append(int at, byte[] bytes) {
    size = Math.max(size, at + bytes.length);
    content = Arrays.copyOf(content, size);
    System.arraycopy(bytes, 0, content, at, bytes.length);
    return this;
  }

  byte[] build() {
    int length = Math.max(size, HEADERS + headers.size() * HEADER);
    ByteBuffer out = ByteBuffer.wrap(Arrays.copyOf(content, length)).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(0x464c457f).put((byte) 2).put((byte) 1).put((byte) 1);
    out.position(16);
    out.putShort((short) type).putShort((short) 62).putInt(1).putLong(entry);
    out.putLong(HEADERS).putLong(0).putInt(0);
    out.putShort((short) 64).putShort((short) HEADER).putShort((short) headers.size());
    out.putShort((short) 64).putShort((short) 0).putShort((short) 0);
    for (ProgramHeader header : headers) {
      out.putInt(header.type()).putInt(header.flags()).putLong(header.offset());
      out.putLong(header.address()).putLong(header.address());
      out.putLong(header.fileSize()).putLong(header.size()).putLong(header.align());
    }
    return out.array();
  }

  /** Reads from an array as a file would be read, a bit at a time. */
  static int read(byte[] file, long offset, byte[] to, int at, int length) {
    if (offset >= file.length) {
      return 0;
    }
    int count = Math.min(Math.min(length, 1000), file.length - (int) offset);
    System.arraycopy(file, (int) offset, to, at, count);
    return count;
  }
}

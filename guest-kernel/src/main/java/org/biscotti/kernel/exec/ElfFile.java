package org.biscotti.kernel.exec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.Layout;
import org.jspecify.annotations.Nullable;

/**
 * What the headers of an x86-64 ELF file say about running it (elf(5)), checked.
 *
 * <p>Whoever has one may compute with its numbers: no sum in it overflows, segments do not overlap
 * one another, and all of it fits into the addresses that a program can own. Sizes may still be
 * larger than the memory there is, and file ranges may lie beyond the end of the file.
 *
 * @param relocatable true for ET_DYN, which can be loaded anywhere
 * @param entry address of the first instruction, as linked
 * @param headerCount number of program headers, for AT_PHNUM
 * @param headersAddress where the program headers are in memory, as linked, for AT_PHDR; 0 if no
 *     segment holds them
 * @param segments the PT_LOAD segments with any size, in the order of the file; at least one
 * @param interpreter path of the dynamic linker, bytes as ISO 8859-1, or null if there is none
 * @param executableStack true if PT_GNU_STACK asks for one
 * @param alignment largest alignment that a segment asks for, a power of two, at least a page
 */
record ElfFile(
    boolean relocatable,
    long entry,
    int headerCount,
    long headersAddress,
    List<Segment> segments,
    @Nullable String interpreter,
    boolean executableStack,
    long alignment) {

  /** Size of a program header, for AT_PHENT. */
  static final int PROGRAM_HEADER_SIZE = 56;

  private static final int HEADER_SIZE = 64;

  /** Linux reads at most this much of program headers. */
  private static final int PROGRAM_HEADERS_MAX = 65536;

  private static final int PATH_MAX = 4096;

  private static final int PAGE_SIZE = 4096;

  private static final int MAGIC = 0x464c457f; // 0x7f 'E' 'L' 'F'
  private static final int ELFCLASS64 = 2;
  private static final int ELFDATA2LSB = 1;
  private static final int ET_EXEC = 2;
  private static final int ET_DYN = 3;
  private static final int EM_X86_64 = 62;
  private static final int PT_LOAD = 1;
  private static final int PT_INTERP = 3;
  private static final int PT_GNU_STACK = 0x6474e551;
  private static final int PF_X = 1;

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /**
   * A range of the file that becomes a range of memory.
   *
   * @param address first address, as linked
   * @param offset where its bytes start in the file; congruent to the address modulo the page size
   *     if {@code fileSize} is not 0
   * @param fileSize bytes from the file
   * @param memorySize bytes in memory, not fewer; the rest is zero
   * @param flags PF_R 4, PF_W 2, PF_X 1
   */
  record Segment(long address, long offset, long fileSize, long memorySize, int flags) {
    static final int PF_W = 2;
    static final int PF_R = 4;

    /** First address after it. */
    long end() {
      return address + memorySize;
    }

    boolean readable() {
      return (flags & PF_R) != 0;
    }

    boolean writable() {
      return (flags & PF_W) != 0;
    }

    boolean executable() {
      return (flags & PF_X) != 0;
    }
  }

  /** Where the bytes come from; as {@link Executable#read}. */
  interface Reader {
    int read(long offset, byte[] to, int at, int length);
  }

  /**
   * Reads and checks the headers. Reads at most 68 KiB, whatever they say.
   *
   * @throws ErrnoException ENOEXEC if this is no ELF file for this machine, or its headers are cut
   *     off or contradict one another; EINVAL for a segment that cannot be mapped; ENOMEM for one
   *     that no address space can hold; EIO if the interpreter's path is cut off
   */
  static ElfFile parse(Reader file) {
    byte[] header = new byte[HEADER_SIZE];
    check(readFully(file, 0, header) && isForThisMachine(header), Errno.ENOEXEC);
    int type = getShort(header, 16);
    check(type == ET_EXEC || type == ET_DYN, Errno.ENOEXEC);
    long headersOffset = getLong(header, 32);
    int count = getShort(header, 56);
    int bytes = count * PROGRAM_HEADER_SIZE;
    check(getShort(header, 54) == PROGRAM_HEADER_SIZE, Errno.ENOEXEC);
    check(count > 0 && bytes <= PROGRAM_HEADERS_MAX, Errno.ENOEXEC);
    byte[] table = new byte[bytes];
    check(readFully(file, headersOffset, table), Errno.ENOEXEC);

    List<Segment> segments = new ArrayList<>();
    String interpreter = null;
    boolean executableStack = false;
    long alignment = PAGE_SIZE;
    long headersAddress = 0;
    for (int at = 0; at < bytes; at += PROGRAM_HEADER_SIZE) {
      switch (getInt(table, at)) {
        case PT_LOAD -> {
          Segment segment = segment(table, at);
          if (segment.memorySize() != 0) {
            segments.add(segment);
          }
          alignment = Math.max(alignment, alignment(getLong(table, at + 48)));
          if (headersAddress == 0) {
            headersAddress = addressOf(headersOffset, segment);
          }
        }
        case PT_INTERP -> {
          if (interpreter == null) {
            interpreter = interpreter(file, getLong(table, at + 8), getLong(table, at + 32));
          }
        }
        case PT_GNU_STACK -> executableStack = (getInt(table, at + 4) & PF_X) != 0;
        default -> {} // PT_GNU_PROPERTY and all others tell a program loader nothing
      }
    }
    check(!segments.isEmpty(), Errno.EINVAL);
    checkDisjoint(segments);
    return new ElfFile(
        type == ET_DYN,
        getLong(header, 24),
        count,
        headersAddress,
        List.copyOf(segments),
        interpreter,
        executableStack,
        alignment);
  }

  /** First address of the first page. */
  long start() {
    long start = Long.MAX_VALUE;
    for (Segment segment : segments) {
      start = Math.min(start, segment.address());
    }
    return start & -PAGE_SIZE;
  }

  /** First address after the last byte. */
  long end() {
    long end = 0;
    for (Segment segment : segments) {
      end = Math.max(end, segment.end());
    }
    return end;
  }

  private static boolean isForThisMachine(byte[] header) {
    return getInt(header, 0) == MAGIC
        && header[4] == ELFCLASS64
        && header[5] == ELFDATA2LSB
        && getShort(header, 18) == EM_X86_64;
  }

  private static Segment segment(byte[] table, int at) {
    int flags = getInt(table, at + 4) & 7;
    long offset = getLong(table, at + 8);
    long address = getLong(table, at + 16);
    long fileSize = getLong(table, at + 32);
    long memorySize = getLong(table, at + 40);
    check(Long.compareUnsigned(fileSize, memorySize) <= 0, Errno.EINVAL);
    check(Long.compareUnsigned(address, Layout.USER_END) < 0, Errno.ENOMEM);
    check(Long.compareUnsigned(memorySize, Layout.USER_END - address) <= 0, Errno.ENOMEM);
    if (fileSize != 0) {
      check(((offset - address) & (PAGE_SIZE - 1)) == 0, Errno.EINVAL);
      // Room for rounding up to a page, too.
      check(offset >= 0 && offset <= Long.MAX_VALUE - fileSize - PAGE_SIZE, Errno.EINVAL);
    }
    return new Segment(address, offset, fileSize, memorySize, flags);
  }

  /** What cannot be an alignment is ignored, as Linux does. */
  private static long alignment(long value) {
    return Long.bitCount(value) == 1 && value > 0 ? value : PAGE_SIZE;
  }

  /** Where a file offset is in memory if the segment holds it, else 0. */
  private static long addressOf(long offset, Segment segment) {
    long distance = offset - segment.offset();
    return Long.compareUnsigned(distance, segment.fileSize()) < 0
        ? segment.address() + distance
        : 0;
  }

  private static String interpreter(Reader file, long offset, long size) {
    check(size >= 2 && size <= PATH_MAX, Errno.ENOEXEC);
    byte[] path = new byte[(int) size];
    check(readFully(file, offset, path), Errno.EIO);
    check(path[path.length - 1] == 0, Errno.ENOEXEC);
    int length = 0;
    while (path[length] != 0) {
      length++;
    }
    return new String(path, 0, length, StandardCharsets.ISO_8859_1);
  }

  private static void checkDisjoint(List<Segment> segments) {
    List<Segment> sorted = new ArrayList<>(segments);
    sorted.sort((a, b) -> Long.compare(a.address(), b.address()));
    for (int i = 1; i < sorted.size(); i++) {
      check(sorted.get(i - 1).end() <= sorted.get(i).address(), Errno.ENOEXEC);
    }
  }

  private static boolean readFully(Reader file, long offset, byte[] to) {
    if (offset < 0 || offset > Long.MAX_VALUE - to.length) {
      return false;
    }
    int done = 0;
    while (done < to.length) {
      int count = file.read(offset + done, to, done, to.length - done);
      if (count <= 0) {
        return false;
      }
      done += count;
    }
    return true;
  }

  private static void check(boolean good, int errno) {
    if (!good) {
      throw ErrnoException.of(errno);
    }
  }

  private static int getShort(byte[] bytes, int at) {
    return (short) SHORT.get(bytes, at) & 0xffff;
  }

  private static int getInt(byte[] bytes, int at) {
    return (int) INT.get(bytes, at);
  }

  private static long getLong(byte[] bytes, int at) {
    return (long) LONG.get(bytes, at);
  }
}

package org.biscotti.kernel.exec;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.Layout;
import org.biscotti.kernel.mem.PageSource;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.port.GuestMemory;

/**
 * Maps the segments of one ELF file into a new address space: the program itself, or its dynamic
 * linker.
 *
 * <p>Nothing is read here but the page in which a file's bytes end and its zeroes begin; the rest
 * comes when it is touched. But few pages of zeroes are there at once: nearly every program touches
 * its own, and a fault costs more than a dozen pages. Failures leave a half-filled address space
 * for the caller to close.
 */
final class ElfLoader {
  private static final int PRIVATE_FIXED = Mman.MAP_PRIVATE | Mman.MAP_FIXED;
  private static final long ZEROED_AT_ONCE_BYTES = 16 * GuestMemory.PAGE_SIZE;
  private static final int RESERVATION = Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_NORESERVE;

  private final AddressSpace space;
  private final UserMemory memory;

  /** A loader into an address space, with a door to the same. */
  ElfLoader(AddressSpace space, UserMemory memory) {
    this.space = space;
    this.memory = memory;
  }

  /**
   * Maps a program: where it was linked, or near {@link Layout#PIE_BASE}. Nothing else is mapped
   * yet.
   *
   * @return what is to be added to addresses as linked
   * @throws ErrnoException EPERM for addresses below {@link Layout#USER_MIN}; ENOMEM if it does not
   *     fit; EINVAL if it starts outside of what a program can own; EFAULT if the page with the end
   *     of a segment's bytes is not in the file
   */
  long mapProgram(ElfFile elf, PageSource pages) {
    long bias = 0;
    if (elf.relocatable()) {
      bias = (Layout.PIE_BASE - elf.start()) & -elf.alignment();
      long start = elf.start() + bias;
      if (start < Layout.USER_MIN || elf.end() + bias > Layout.USER_END) {
        throw ErrnoException.of(Errno.ENOMEM);
      }
    } else if (elf.start() < Layout.USER_MIN) {
      throw ErrnoException.of(Errno.EPERM);
    }
    mapSegments(elf, pages, bias);
    return bias;
  }

  /**
   * Maps a dynamic linker: where mmap(2) would put it, or where it was linked if that is still
   * free.
   *
   * @return what is to be added to addresses as linked
   * @throws ErrnoException as {@link #mapProgram}; EEXIST if it would overlap the program
   */
  long mapInterpreter(ElfFile elf, PageSource pages) {
    long size = roundUp(elf.end()) - elf.start();
    long bias = 0;
    if (elf.relocatable()) {
      long slack = elf.alignment() - GuestMemory.PAGE_SIZE;
      long at = space.mmap(0, size + slack, Mman.PROT_NONE, RESERVATION, null, 0, false);
      space.munmap(at, size + slack);
      bias = (at - elf.start() + slack) & -elf.alignment();
    } else {
      if (elf.start() < Layout.USER_MIN) {
        throw ErrnoException.of(Errno.EPERM);
      }
      int flags = RESERVATION | Mman.MAP_FIXED_NOREPLACE;
      space.mmap(elf.start(), size, Mman.PROT_NONE, flags, null, 0, false);
      space.munmap(elf.start(), size);
    }
    mapSegments(elf, pages, bias);
    return bias;
  }

  /**
   * Segments replace what is there: the range is known to be free, and of two segments that share a
   * page, which small alignments give, the later one counts, as in Linux.
   */
  private void mapSegments(ElfFile elf, PageSource pages, long bias) {
    if (Long.compareUnsigned(elf.entry() + bias, Layout.USER_END) >= 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    for (ElfFile.Segment segment : elf.segments()) {
      mapSegment(segment, pages, bias);
    }
  }

  private void mapSegment(ElfFile.Segment segment, PageSource pages, long bias) {
    long address = segment.address() + bias;
    long inPage = address & (GuestMemory.PAGE_SIZE - 1);
    long fileEnd = address + segment.fileSize();
    long zeroStart = address - inPage;
    if (segment.fileSize() != 0) {
      zeroStart = roundUp(fileEnd);
      space.mmap(
          address - inPage,
          zeroStart - (address - inPage),
          protection(segment),
          PRIVATE_FIXED | Mman.MAP_DENYWRITE,
          pages,
          segment.offset() - inPage,
          false);
      // Linux leaves the tail as it is in the file where the program cannot write either.
      if (segment.memorySize() > segment.fileSize()
          && segment.writable()
          && memory.zero(fileEnd, zeroStart - fileEnd) < zeroStart - fileEnd) {
        throw ErrnoException.of(Errno.EFAULT);
      }
    }
    long end = roundUp(address + segment.memorySize());
    if (end > zeroStart) {
      // Readable and writable whatever the segment says, as Linux has it.
      int prot = (protection(segment) & Mman.PROT_EXEC) | Mman.PROT_READ | Mman.PROT_WRITE;
      boolean small = end - zeroStart <= ZEROED_AT_ONCE_BYTES;
      int flags = PRIVATE_FIXED | Mman.MAP_ANONYMOUS | (small ? Mman.MAP_POPULATE : 0);
      space.mmap(zeroStart, end - zeroStart, prot, flags, null, 0, false);
    }
  }

  private static int protection(ElfFile.Segment segment) {
    return (segment.readable() ? Mman.PROT_READ : 0)
        | (segment.writable() ? Mman.PROT_WRITE : 0)
        | (segment.executable() ? Mman.PROT_EXEC : 0);
  }

  /** Rounds an address up to a page; none is so high that it could overflow. */
  static long roundUp(long address) {
    return (address + GuestMemory.PAGE_SIZE - 1) & -GuestMemory.PAGE_SIZE;
  }
}

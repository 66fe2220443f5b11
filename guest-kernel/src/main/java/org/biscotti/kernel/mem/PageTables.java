package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.GuestMemory;

/**
 * A four-level page table (SDM vol. 3, 4.5) for the 47-bit half of addresses that programs own.
 *
 * <p>The top level is a Java array: each vCPU has a PML4 page of its own, a copy of it that differs
 * in the kernel's slot. All lower tables are frames of guest memory. Tables are only ever added,
 * until {@link #collect} gives them all away, so a directory entry never changes once it is there;
 * but for one: a leaf table may be shared with the address space of a child or a parent. Then its
 * directory entry is read-only in both, and nobody changes what is in the table. Before that an
 * address space has to {@link #own} it: it is the last one that has it, or gets a copy.
 *
 * <p>Stores happen under the owner's lock; {@link #entry} may be called without. Shared anonymous
 * memory keeps its frames in a table of this form too, with the page number in place of the
 * address.
 */
final class PageTables {
  /** Entries in a table. */
  static final int ENTRIES = 512;

  /** Bytes of address space that one leaf table maps, 2 MiB. */
  static final long TABLE_SPAN = (long) ENTRIES << PAGE_SHIFT;

  /** The processor may use the entry. */
  static final long PRESENT = 1;

  static final long WRITABLE = 1 << 1;
  static final long USER = 1 << 2;
  static final long ACCESSED = 1 << 5;
  static final long DIRTY = 1 << 6;

  /**
   * Software: the frame is private anonymous memory, not the page of a file. An entry that is not
   * zero holds a frame even if it is not present (PROT_NONE).
   */
  static final long ANONYMOUS = 1 << 9;

  static final long NO_EXECUTE = 1L << 63;

  private static final long ADDRESS = 0x000f_ffff_ffff_f000L;
  private static final long DIRECTORY = PRESENT | WRITABLE | USER | ACCESSED;
  private static final int DIRECTORY_SHIFT = 21;

  /** Held to copy a shared leaf table, and to give one up. One for all address spaces. */
  private static final ReentrantLock SHARING = new ReentrantLock();

  private static final VarHandle PML4_ENTRY = MethodHandles.arrayElementVarHandle(long[].class);

  /** Slots of the top level that this table covers: addresses of 47 bits. */
  private static final int SLOTS = 256;

  private final FrameAllocator frames;
  private final GuestMemory memory;
  private final long[] pml4 = new long[SLOTS];

  /** What {@link #unlink} took out, until it is collected. */
  private final long[] unlinked = new long[SLOTS];

  /** PML4 pages, one per vCPU, 0 where there is none yet. */
  private final long[] roots;

  private final long[] kernelEntries;
  private int tableCount;
  private FrameAllocator.Use use = FrameAllocator.Use.PROGRAM;

  /**
   * An empty table.
   *
   * @param kernelEntries what each vCPU's PML4 page has in its slot 255
   */
  PageTables(FrameAllocator frames, long[] kernelEntries) {
    this.frames = frames;
    this.memory = frames.memory();
    this.kernelEntries = kernelEntries.clone();
    this.roots = new long[kernelEntries.length];
  }

  /** Says for whom the next tables are made; to begin with for a program. */
  void setUse(FrameAllocator.Use next) {
    use = next;
  }

  /** The frame an entry refers to. */
  static long frame(long entry) {
    return entry & ADDRESS;
  }

  /** The PML4 page of a vCPU, made on first use; ENOMEM. */
  long root(int vcpu) {
    if (roots[vcpu] == 0) {
      long page = frames.allocateTable(FrameAllocator.Use.KERNEL);
      for (int slot = 0; slot < SLOTS - 1; slot++) {
        memory.setLong(page + slot * 8L, pml4[slot]);
      }
      memory.setLongRelease(page + (SLOTS - 1) * 8L, kernelEntries[vcpu]);
      roots[vcpu] = page;
      tableCount++;
    }
    return roots[vcpu];
  }

  /**
   * The leaf entry for an address below 2^47, 0 if there is none; without {@link #WRITABLE} if its
   * table is shared.
   */
  long entry(long gva) {
    long at = directoryAddress(gva);
    if (at == 0) {
      return 0;
    }
    long directory = memory.getLongAcquire(at);
    if (directory == 0) {
      return 0;
    }
    long entry = memory.getLongAcquire(frame(directory) + leafOffset(gva));
    return (directory & WRITABLE) != 0 ? entry : entry & ~WRITABLE;
  }

  /** Where the leaf entry for an address is, 0 if there is no table for it. */
  long entryAddress(long gva) {
    long at = directoryAddress(gva);
    long directory = at == 0 ? 0 : memory.getLongAcquire(at);
    return directory == 0 ? 0 : frame(directory) + leafOffset(gva);
  }

  private static long leafOffset(long gva) {
    return ((gva >>> PAGE_SHIFT) & (ENTRIES - 1)) * 8;
  }

  /** Where the directory entry for the leaf table of an address is, 0 if there is no directory. */
  private long directoryAddress(long gva) {
    long entry = (long) PML4_ENTRY.getAcquire(pml4, (int) (gva >>> 39));
    for (int shift = 30; entry != 0; shift -= 9) {
      long at = frame(entry) + ((gva >>> shift) & (ENTRIES - 1)) * 8;
      if (shift == DIRECTORY_SHIFT) {
        return at;
      }
      entry = memory.getLongAcquire(at);
    }
    return 0;
  }

  /** Where the leaf entry for an address is; adds tables as needed; ENOMEM. */
  long makeEntryAddress(long gva) {
    long at = makeDirectoryAddress(gva);
    long directory = memory.getLong(at);
    if (directory == 0) {
      directory = newTable();
      memory.setLongRelease(at, directory);
    }
    return frame(directory) + leafOffset(gva);
  }

  /**
   * Where the directory entry for the leaf table of an address is; adds directories as needed. With
   * that done for all, leaf tables may be made by several threads at once, each its own.
   *
   * @throws ErrnoException ENOMEM
   */
  long makeDirectoryAddress(long gva) {
    int slot = (int) (gva >>> 39);
    if (pml4[slot] == 0) {
      addTopLevel(slot);
    }
    long entry = pml4[slot];
    for (int shift = 30; ; shift -= 9) {
      long at = frame(entry) + ((gva >>> shift) & (ENTRIES - 1)) * 8;
      if (shift == DIRECTORY_SHIFT) {
        return at;
      }
      entry = memory.getLong(at);
      if (entry == 0) {
        entry = newTable();
        memory.setLongRelease(at, entry);
      }
    }
  }

  /** True if there is a leaf table for an address. */
  boolean hasTable(long gva) {
    return entryAddress(gva) != 0;
  }

  /** True if there is a leaf table for an address and it may be another's too. */
  boolean isShared(long gva) {
    long at = directoryAddress(gva);
    long directory = at == 0 ? 0 : memory.getLong(at);
    return directory != 0 && (directory & WRITABLE) == 0;
  }

  /**
   * Shares the leaf table of an address with a child that has none there. What was writable is so
   * no longer: a downgrade of all of it, which the caller announces.
   *
   * @throws ErrnoException ENOMEM
   */
  void shareTable(PageTables child, long gva) {
    long to = child.makeDirectoryAddress(gva);
    long from = directoryAddress(gva);
    long shared = memory.getLong(from) & ~WRITABLE;
    frames.retain(frame(shared));
    memory.setLongRelease(from, shared);
    memory.setLongRelease(to, shared);
    child.tableCount++;
  }

  /**
   * Makes a shared leaf table this address space's own: what it has is the same, but can be changed
   * from now on.
   *
   * @return 0 if nobody else has it any more; else the table of which a copy has taken the place.
   *     The caller announces a downgrade of all that it maps, because whoever keeps it will change
   *     it, and then {@linkplain #giveUp gives it up}.
   * @throws ErrnoException ENOMEM
   */
  long own(long gva) {
    long at = directoryAddress(gva);
    long directory = memory.getLong(at);
    long table = frame(directory);
    SHARING.lock();
    try {
      if (frames.references(table) == 1) {
        memory.setLongRelease(at, directory | WRITABLE);
        return 0;
      }
      long copy = frames.allocateTable(use);
      for (long offset = 0; offset < ENTRIES * 8L; offset += 8) {
        long entry = memory.getLong(table + offset);
        long readOnly = entry & ~WRITABLE;
        if (entry != 0) {
          frames.retain(frame(entry));
          memory.setLongRelease(table + offset, readOnly);
        }
        memory.setLong(copy + offset, readOnly);
      }
      memory.setLongRelease(at, copy | DIRECTORY);
      return table;
    } finally {
      SHARING.unlock();
    }
  }

  /** Gives up a table that {@link #own} has returned, with its frames if nobody else has it. */
  void giveUp(long table) {
    SHARING.lock();
    try {
      if (!frames.releaseShared(table)) {
        for (long offset = 0; offset < ENTRIES * 8L; offset += 8) {
          long entry = memory.getLong(table + offset);
          if (entry != 0) {
            frames.release(frame(entry));
          }
        }
        frames.release(table);
      }
    } finally {
      SHARING.unlock();
    }
  }

  /** The first address from {@code gva} on, at most {@code end}, that has a leaf table. */
  long skipAbsent(long gva, long end) {
    long at = gva;
    while (at < end) {
      long entry = pml4[(int) (at >>> 39)];
      int shift = 39;
      while (entry != 0 && shift > 21) {
        shift -= 9;
        entry = memory.getLong(frame(entry) + ((at >>> shift) & (ENTRIES - 1)) * 8);
      }
      if (entry != 0) {
        return at;
      }
      at = ((at >>> shift) + 1) << shift;
    }
    return end;
  }

  /** The end of the leaf table that maps an address, at most {@code end}. */
  static long tableEnd(long gva, long end) {
    return Math.min(end, (gva | (TABLE_SPAN - 1)) + 1);
  }

  /** How many frames the tables take. */
  int tableCount() {
    return tableCount;
  }

  /** Makes all entries unreachable from now on, ahead of {@link #collect}. */
  void unlink() {
    for (int slot = 0; slot < SLOTS; slot++) {
      unlinked[slot] = pml4[slot];
      PML4_ENTRY.setRelease(pml4, slot, 0L);
    }
  }

  /**
   * Gives all frames away, after {@link #unlink}: those of the tables and those the entries hold.
   * No vCPU runs on any root.
   *
   * @param to receives the frames, with the reference that this table had
   */
  void collect(FrameSink to) {
    for (int slot = 0; slot < SLOTS; slot++) {
      if (unlinked[slot] != 0) {
        collect(unlinked[slot], 30, to);
        unlinked[slot] = 0;
      }
    }
    for (int vcpu = 0; vcpu < roots.length; vcpu++) {
      if (roots[vcpu] != 0) {
        to.accept(roots[vcpu]);
        roots[vcpu] = 0;
      }
    }
    tableCount = 0;
  }

  /** Takes frames. */
  interface FrameSink {
    void accept(long gpa);
  }

  private void collect(long directoryEntry, int shift, FrameSink to) {
    long table = frame(directoryEntry);
    if ((directoryEntry & WRITABLE) == 0 && isLeftToOthers(table)) {
      return;
    }
    for (int i = 0; i < ENTRIES; i++) {
      long entry = memory.getLong(table + i * 8L);
      if (entry == 0) {
        continue;
      }
      if (shift == PAGE_SHIFT) {
        to.accept(frame(entry));
      } else {
        collect(entry, shift - 9, to);
      }
    }
    to.accept(table);
  }

  private boolean isLeftToOthers(long sharedTable) {
    SHARING.lock();
    try {
      return frames.releaseShared(sharedTable);
    } finally {
      SHARING.unlock();
    }
  }

  private void addTopLevel(int slot) {
    long entry = newTable();
    PML4_ENTRY.setRelease(pml4, slot, entry);
    for (long root : roots) {
      if (root != 0) {
        memory.setLongRelease(root + slot * 8L, entry);
      }
    }
  }

  private long newTable() {
    long table = frames.allocateTable(use);
    memory.zero(table, GuestMemory.PAGE_SIZE);
    tableCount++;
    return table | DIRECTORY;
  }
}

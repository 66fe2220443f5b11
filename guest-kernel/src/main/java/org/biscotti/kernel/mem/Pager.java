package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.util.function.LongUnaryOperator;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.FrameAllocator.Use;
import org.biscotti.kernel.port.GuestMemory;
import org.jspecify.annotations.Nullable;

/**
 * The pages of an address space: fills page-table entries on faults and takes them away again. What
 * may be mapped where is the {@link AddressSpace}'s to decide; here an access is already known to
 * be allowed.
 *
 * <p>All methods are called with the address space's lock held. Methods that say so leave
 * downgrades unannounced, so that one announcement serves a whole call; {@link #flush} ends that.
 */
final class Pager {
  /** The lower half of what {@link #copyTable} returns. */
  static final long PAGES_MASK = 0xffff_ffffL;

  private static final long COMMON =
      PageTables.PRESENT | PageTables.USER | PageTables.ACCESSED | PageTables.DIRTY;

  /**
   * How many shared tables are copied when one is needed: 32 MiB worth, 5 microseconds each. To
   * announce it costs 150 microseconds or more under shadow paging, whatever their number.
   */
  private static final int TABLES_OWNED_MAX = 16;

  private final FrameAllocator frames;
  private final GuestMemory memory;
  private final PageTables tables;
  private final MemoryPolicy policy;
  private final Downgrades downgrades;
  private final long[] run = new long[PageTables.ENTRIES];
  private final long[] replaced = new long[PageTables.ENTRIES];
  private final long[] givenUp = new long[TABLES_OWNED_MAX];

  /** Whether a fault of a program is served, or one of a call, which can hardly fail. */
  private Use use = Use.PROGRAM;

  private long anonymousPages;
  private long filePages;
  private long residentPeak;
  private long pagesMapped;

  Pager(
      FrameAllocator frames,
      PageTables tables,
      MemoryPolicy policy,
      Downgrades.Announcer announcer) {
    this.frames = frames;
    this.memory = frames.memory();
    this.tables = tables;
    this.policy = policy;
    this.downgrades = new Downgrades(frames, announcer);
  }

  /** Says for whom the next pages are brought in. */
  void setUse(Use next) {
    use = next;
    tables.setUse(next);
  }

  /** Resident pages that belong to no file. */
  long anonymousPages() {
    return anonymousPages;
  }

  /** Resident pages of files and shared memory. */
  long filePages() {
    return filePages;
  }

  /** The most pages that were ever resident at once. */
  long residentPeak() {
    return residentPeak;
  }

  /** Pages mapped since the start, by faults and otherwise. */
  long pagesMapped() {
    return pagesMapped;
  }

  /**
   * Makes a page accessible, and some around it.
   *
   * @param vma the area it is in, which allows the access
   * @param page start of the page
   */
  FaultOutcome fault(Vma vma, long page, boolean write) {
    return fault(vma, page, write, true);
  }

  /**
   * Makes pages accessible ahead of time.
   *
   * @return HANDLED, or the first thing that went wrong; what was done before stays
   */
  FaultOutcome populate(Vma vma, long from, long to, boolean write) {
    long page = from;
    while (page < to) {
      long end = PageTables.tableEnd(page, to);
      FaultOutcome outcome =
          vma.source == null ? populateAnonymous(vma, page, end) : FaultOutcome.HANDLED;
      for (; page < end && outcome == FaultOutcome.HANDLED; page += PAGE_SIZE) {
        outcome = fault(vma, page, write, false);
      }
      if (outcome != FaultOutcome.HANDLED) {
        return outcome;
      }
    }
    return FaultOutcome.HANDLED;
  }

  /**
   * Makes pages accessible as the program may access them (MAP_POPULATE, mlock(2)): private ones
   * that it can write become its own.
   */
  FaultOutcome bringIn(Vma vma, long from, long to) {
    return vma.prot == 0
        ? FaultOutcome.SEGV_ACCERR
        : populate(vma, from, to, vma.writable() && !vma.shared);
  }

  /** Takes all pages of a range away, leaving downgrades to {@link #flush}. */
  void unmap(long from, long to) {
    unmap(from, to, true);
  }

  /**
   * Takes pages of a range away, leaving downgrades to {@link #flush}.
   *
   * @param privateCopies false to leave the private copies of file pages
   */
  void unmap(long from, long to, boolean privateCopies) {
    for (long page = tables.skipAbsent(from, to); page < to; page = tables.skipAbsent(page, to)) {
      long end = PageTables.tableEnd(page, to);
      own(page);
      for (long at = tables.entryAddress(page); page < end; page += PAGE_SIZE, at += 8) {
        long entry = memory.getLong(at);
        if (entry != 0 && (privateCopies || (entry & PageTables.ANONYMOUS) == 0)) {
          remove(at, entry);
        }
      }
    }
  }

  /** Gives the pages of a range the area's protection, leaving downgrades to {@link #flush}. */
  void protect(Vma vma, long from, long to) {
    for (long page = tables.skipAbsent(from, to); page < to; page = tables.skipAbsent(page, to)) {
      long end = PageTables.tableEnd(page, to);
      own(page);
      for (long at = tables.entryAddress(page); page < end; page += PAGE_SIZE, at += 8) {
        long entry = memory.getLong(at);
        if (entry != 0) {
          protectEntry(vma, at, entry);
        }
      }
    }
  }

  /**
   * Moves pages to addresses where nothing is mapped, leaving downgrades to {@link #flush}.
   *
   * @throws ErrnoException ENOMEM, with nothing moved
   */
  void move(long from, long to, long length) {
    long end = from + length;
    for (long page = tables.skipAbsent(from, end); page < end; ) {
      long tableEnd = PageTables.tableEnd(page, end);
      own(page);
      makeOwnEntryAddress(to + (page - from));
      makeOwnEntryAddress(to + (tableEnd - PAGE_SIZE - from));
      page = tables.skipAbsent(tableEnd, end);
    }
    for (long page = tables.skipAbsent(from, end);
        page < end;
        page = tables.skipAbsent(page, end)) {
      long tableEnd = PageTables.tableEnd(page, end);
      for (long at = tables.entryAddress(page); page < tableEnd; page += PAGE_SIZE, at += 8) {
        long entry = memory.getLong(at);
        if (entry != 0) {
          memory.setLongRelease(at, 0);
          announceIfPresent(entry);
          memory.setLongRelease(tables.entryAddress(to + (page - from)), entry);
        }
      }
    }
  }

  /** Makes the private pages of an area read-only, leaving downgrades to {@link #flush}; ENOMEM. */
  void freeze(Vma vma) {
    forEachTable(
        vma,
        (from, to) -> {
          own(from);
          long at = tables.entryAddress(from);
          for (long page = from; page < to; page += PAGE_SIZE, at += 8) {
            long entry = memory.getLong(at);
            if ((entry & PageTables.ANONYMOUS) != 0 && (entry & PageTables.WRITABLE) != 0) {
              memory.setLongRelease(at, entry & ~PageTables.WRITABLE);
              announceIfPresent(entry);
            }
          }
        });
  }

  /** Makes the private pages of an area writable again that no other address space has. */
  void thaw(Vma vma) {
    forEachTable(
        vma,
        (from, to) -> {
          if (!tables.isShared(from)) {
            protect(vma, from, to);
          }
        });
  }

  /**
   * Makes the tables of a range this address space's own, so that what is in them may change.
   *
   * @throws ErrnoException ENOMEM
   */
  void own(long from, long to) {
    for (long page = tables.skipAbsent(from, to);
        page < to;
        page = tables.skipAbsent(PageTables.tableEnd(page, to), to)) {
      own(page);
    }
  }

  /**
   * Makes the shared table of a page this address space's own, and the shared ones after it,
   * because the announcement costs the same for all of them.
   */
  private void own(long page) {
    if (!tables.isShared(page)) {
      return;
    }
    int copied = 0;
    long end = Math.min(Layout.USER_END, page + TABLES_OWNED_MAX * PageTables.TABLE_SPAN);
    try {
      for (long at = page; at < end && tables.isShared(at); at += PageTables.TABLE_SPAN) {
        long table = tables.own(at);
        if (table == 0) {
          break;
        }
        givenUp[copied++] = table;
      }
    } catch (ErrnoException e) {
      if (copied == 0) {
        throw e;
      }
    }
    if (copied > 0) {
      downgrades.announceAll();
      downgrades.flush();
      for (int i = 0; i < copied; i++) {
        tables.giveUp(givenUp[i]);
      }
    }
  }

  private long makeOwnEntryAddress(long page) {
    own(page);
    return tables.makeEntryAddress(page);
  }

  /**
   * Says that more is going to be downgraded than is worth to be told one by one; lasts until
   * {@link #flush}.
   */
  void downgradeAll() {
    downgrades.announceAll();
  }

  /** Announces what {@link #downgradeAll} has promised before it has happened: nobody runs here. */
  void announceAllEarly() {
    downgrades.announceAllEarly();
  }

  /** Gives a child's address space the pages of an area, leaving downgrades to {@link #flush}. */
  void copyTo(Pager child, Vma vma, boolean copies) {
    forEachTable(
        vma,
        (from, to) -> {
          prepareCopy(child, from);
          child.countInherited(copyTable(child, vma, from, to, copies));
        });
  }

  /** Calls back for each leaf table of an area, with the part of the area that it maps. */
  void forEachTable(Vma vma, Span visitor) {
    long to = vma.end;
    for (long page = tables.skipAbsent(vma.start, to);
        page < to;
        page = tables.skipAbsent(PageTables.tableEnd(page, to), to)) {
      visitor.accept(page, PageTables.tableEnd(page, to));
    }
  }

  /** A range of addresses. */
  @FunctionalInterface
  interface Span {
    void accept(long from, long to);
  }

  /** Makes ready for {@link #copyTable}, here and in the child; ENOMEM. */
  void prepareCopy(Pager child, long page) {
    own(page);
    child.tables.makeEntryAddress(page);
  }

  /**
   * Gives a child's address space pages of an area within one leaf table, which has been prepared,
   * leaving downgrades to {@link #flush}. Files' pages and shared ones become the child's too;
   * private ones are copied, or made read-only in both until one of the two writes.
   *
   * <p>After {@link #downgradeAll} several threads may do that at once, each with another table.
   *
   * @param copies true to copy private pages that can be written
   * @return how many pages of no file there are; above bit 32 how many others
   * @throws ErrnoException ENOMEM
   */
  long copyTable(Pager child, Vma vma, long from, long to, boolean copies) {
    long at = tables.entryAddress(from);
    long childAt = child.tables.entryAddress(from);
    long counts = 0;
    for (long page = from; page < to; page += PAGE_SIZE, at += 8, childAt += 8) {
      long entry = memory.getLong(at);
      if (entry != 0) {
        memory.setLongRelease(childAt, entryForChild(vma, at, entry, copies));
        counts += (entry & PageTables.ANONYMOUS) != 0 ? 1 : 1L << Integer.SIZE;
      }
    }
    return counts;
  }

  /** Counts what {@link #copyTable} has put here, by what it has returned. */
  void countInherited(long counts) {
    countInherited(counts & PAGES_MASK, counts >>> Integer.SIZE);
  }

  /** Counts what {@link #copyTable} or {@link #shareTable} has put here. */
  void countInherited(long anonymous, long others) {
    anonymousPages += anonymous;
    filePages += others;
    pagesMapped += anonymous + others;
    residentPeak = Math.max(residentPeak, anonymousPages + filePages);
  }

  /** True if there is a page table for a page. */
  boolean hasTable(long page) {
    return tables.hasTable(page);
  }

  /** True if there is one that may be another address space's too. */
  boolean hasSharedTable(long page) {
    return tables.isShared(page);
  }

  /**
   * Shares the table of a page with a child that has none there, after {@link #downgradeAll}: it is
   * copied when one of the two changes something in it. The caller counts the pages.
   *
   * @throws ErrnoException ENOMEM
   */
  void shareTable(Pager child, long page) {
    tables.shareTable(child.tables, page);
  }

  /** How many pages of a range are there. */
  long residentPages(long from, long to) {
    long pages = 0;
    for (long page = tables.skipAbsent(from, to); page < to; page = tables.skipAbsent(page, to)) {
      long end = PageTables.tableEnd(page, to);
      for (long at = tables.entryAddress(page); page < end; page += PAGE_SIZE, at += 8) {
        if (memory.getLong(at) != 0) {
          pages++;
        }
      }
    }
    return pages;
  }

  /** What the pages of an area are. The page cache's own reference to a file's is no mapping. */
  PageCensus census(Vma vma) {
    PageCensus census = new PageCensus();
    forEachTable(
        vma,
        (from, to) -> {
          long at = tables.entryAddress(from);
          for (long page = from; page < to; page += PAGE_SIZE, at += 8) {
            long entry = memory.getLong(at);
            if (entry != 0) {
              boolean ofNoFile = (entry & PageTables.ANONYMOUS) != 0;
              int references = frames.references(PageTables.frame(entry)) - (ofNoFile ? 0 : 1);
              boolean dirty = ofNoFile || (entry & PageTables.WRITABLE) != 0;
              census.count(ofNoFile, dirty, Math.max(1, references));
            }
          }
        });
    if (vma.has(Vma.LOCKED)) {
      census.lock();
    }
    return census;
  }

  private long entryForChild(Vma vma, long at, long entry, boolean copies) {
    long gpa = PageTables.frame(entry);
    if ((entry & PageTables.ANONYMOUS) == 0) {
      frames.retain(gpa);
      boolean tracked = vma.source != null && vma.source.tracksWrites();
      return tracked ? entry & ~PageTables.WRITABLE : entry;
    }
    if (copies && vma.writable()) {
      long copy = frames.allocateUninitialised(use);
      memory.copy(gpa, copy, PAGE_SIZE);
      return copy | anonymousBits(vma);
    }
    long readOnly = entry & ~PageTables.WRITABLE;
    if (readOnly != entry) {
      memory.setLongRelease(at, readOnly);
      announceIfPresent(entry);
    }
    frames.retain(gpa);
    return readOnly;
  }

  /** What a page contains that is there, else null. */
  byte @Nullable [] contents(long page) {
    long entry = tables.entry(page);
    if ((entry & PageTables.PRESENT) == 0) {
      return null;
    }
    byte[] bytes = new byte[PAGE_SIZE];
    memory.copyTo(PageTables.frame(entry), bytes, 0, bytes.length);
    return bytes;
  }

  /**
   * Changes a page of a private area that its program cannot write: a changed copy takes its place,
   * so that nobody ever executes half of the change.
   *
   * @param page start of the page, which is there
   * @param offset in bytes
   * @throws ErrnoException ENOMEM
   */
  void rewrite(Vma vma, long page, int offset, byte[] bytes) {
    own(page);
    long at = tables.entryAddress(page);
    long entry = memory.getLong(at);
    long copy = frames.allocateUninitialised(use);
    memory.copy(PageTables.frame(entry), copy, PAGE_SIZE);
    memory.copyFrom(bytes, 0, copy + offset, bytes.length);
    replace(at, entry, copy | anonymousBits(vma));
  }

  /** Announces downgrades and releases the frames that were taken away. */
  void flush() {
    downgrades.flush();
  }

  /** Forgets all pages, after the tables have been collected. */
  void clear() {
    anonymousPages = 0;
    filePages = 0;
  }

  private FaultOutcome fault(Vma vma, long page, boolean write, boolean around) {
    try {
      long at = makeOwnEntryAddress(page);
      long entry = memory.getLong(at);
      PageSource source = vma.source;
      if (entry != 0) {
        return write && (entry & PageTables.WRITABLE) == 0
            ? makeWritable(vma, source, page, at, entry, around)
            : FaultOutcome.HANDLED;
      }
      if (source == null) {
        return mapAnonymous(vma, page, around);
      }
      return write && !vma.shared
          ? mapCopies(vma, source, page, around)
          : mapFile(vma, source, page, at, write, around);
    } catch (ErrnoException e) {
      return e.errno() == Errno.ENOMEM ? FaultOutcome.OUT_OF_MEMORY : FaultOutcome.BUS_ADRERR;
    }
  }

  /** Where so many pages around a page start, as far as they are in its area. */
  private static long windowStart(Vma vma, long page, int pages) {
    return Math.max(vma.start, page & -((long) pages << PAGE_SHIFT));
  }

  /** Where they end, exclusive. */
  private static long windowEnd(Vma vma, long page, int pages) {
    return Math.min(vma.end, (page | (((long) pages << PAGE_SHIFT) - 1)) + 1);
  }

  private FaultOutcome mapAnonymous(Vma vma, long page, boolean around) {
    boolean more = around && !frames.isScarce();
    int pages = more ? vma.windowFor(page, policy.faultAroundPages(), policy) : 1;
    long from = windowStart(vma, page, pages);
    long to = windowEnd(vma, page, pages);
    int wanted = countEmpty(from, to);
    int got = frames.allocateRun(run, wanted, use);
    if (got == wanted) {
      fillEmpty(vma, from, to);
      vma.mappedAround(from, to);
      return FaultOutcome.HANDLED;
    }
    if (got == 0) {
      return FaultOutcome.OUT_OF_MEMORY;
    }
    releaseRun(1, got);
    fillEmpty(vma, page, page + PAGE_SIZE);
    return FaultOutcome.HANDLED;
  }

  /** Fills the empty entries of a range within one table as far as frames can be had. */
  private FaultOutcome populateAnonymous(Vma vma, long from, long to) {
    try {
      makeOwnEntryAddress(from);
    } catch (ErrnoException _) {
      return FaultOutcome.OUT_OF_MEMORY;
    }
    int wanted = countEmpty(from, to);
    int got = frames.allocateRun(run, wanted, use);
    if (got == wanted) {
      fillEmpty(vma, from, to);
      return FaultOutcome.HANDLED;
    }
    releaseRun(0, got);
    return FaultOutcome.HANDLED;
  }

  /** Gives frames of {@link #run} back that are not used. */
  private void releaseRun(int from, int to) {
    for (int i = from; i < to; i++) {
      frames.release(run[i]);
    }
  }

  private int countEmpty(long from, long to) {
    int empty = 0;
    long at = tables.entryAddress(from);
    for (long page = from; page < to; page += PAGE_SIZE, at += 8) {
      if (memory.getLong(at) == 0) {
        empty++;
      }
    }
    return empty;
  }

  /** Zeroes the frames of {@link #run} and maps them in the empty entries of a range, in order. */
  private void fillEmpty(Vma vma, long from, long to) {
    long bits = anonymousBits(vma);
    int next = 0;
    long at = tables.entryAddress(from);
    for (long page = from; page < to; page += PAGE_SIZE, at += 8) {
      if (memory.getLong(at) == 0) {
        long gpa = run[next++];
        memory.zero(gpa, PAGE_SIZE);
        insert(at, gpa | bits);
      }
    }
  }

  /** Maps a page of a file or of shared memory itself. */
  private FaultOutcome mapFile(
      Vma vma, PageSource source, long page, long at, boolean write, boolean around) {
    boolean writable = vma.shared && vma.writable() && (write || !source.tracksWrites());
    long gpa = source.page(vma.pageIndex(page), writable);
    if (gpa == 0) {
      return FaultOutcome.BUS_ADRERR;
    }
    insert(at, gpa | fileBits(vma, writable));
    int window = around ? vma.windowFor(page, policy.fileAroundPages(), policy) : 1;
    if (window > 1) {
      try {
        mapNearby(vma, source, page, window);
      } catch (ErrnoException _) {
        // The page that was asked for is there; the others will be asked for one by one.
        return FaultOutcome.HANDLED;
      }
    }
    return FaultOutcome.HANDLED;
  }

  /**
   * Maps those pages of a private area that its file has in memory, as far as the tables for them
   * can be had.
   */
  void mapCached(Vma vma, long from, long to) {
    PageSource source = vma.source;
    if (source == null) {
      return;
    }
    try {
      for (long page = from; page < to; ) {
        long end = PageTables.tableEnd(page, to);
        mapWhatIsThere(vma, makeOwnEntryAddress(page), page, end, false, source::cachedPage);
        page = end;
      }
    } catch (ErrnoException _) {
      // What is not there will be asked for.
    }
  }

  /** Maps what is there of a file around a page, as far as that does not count as writing. */
  private void mapNearby(Vma vma, PageSource source, long page, int window) {
    boolean writable = vma.shared && vma.writable() && !source.tracksWrites();
    long from = windowStart(vma, page, window);
    long to = windowEnd(vma, page, window);
    mapWhatIsThere(vma, tables.entryAddress(from), from, to, writable, source::nearbyPage);
    vma.mappedAround(from, to);
  }

  /**
   * Maps pages of a file where nothing is mapped, within one table.
   *
   * @param entries address of the entry for {@code from}
   * @param pages a page of the file with a reference that is the caller's, 0 if there is none
   */
  private void mapWhatIsThere(
      Vma vma, long entries, long from, long to, boolean writable, LongUnaryOperator pages) {
    long at = entries;
    for (long page = from; page < to; page += PAGE_SIZE, at += 8) {
      long gpa = memory.getLong(at) == 0 ? pages.applyAsLong(vma.pageIndex(page)) : 0;
      if (gpa != 0) {
        insert(at, gpa | fileBits(vma, writable));
      }
    }
  }

  /**
   * Maps a private copy of a file's page, and if it is a program's of those around it that have
   * none: whoever writes one page of a program's data writes its neighbours next, and another fault
   * costs more than a dozen copies. What the others held before is announced once for all.
   */
  private FaultOutcome mapCopies(Vma vma, PageSource source, long page, boolean around) {
    long from = page;
    long to = page + PAGE_SIZE;
    if (around && vma.has(Vma.DENY_WRITE) && !frames.isScarce()) {
      int window = vma.windowFor(page, policy.faultAroundPages(), policy);
      from = windowStart(vma, page, window);
      to = windowEnd(vma, page, window);
    }
    long at = tables.entryAddress(page);
    long asked = memory.getLong(at);
    run[0] =
        copyOf(
            asked, asked != 0 ? PageTables.frame(asked) : source.page(vma.pageIndex(page), false));
    if (run[0] == 0) {
      return FaultOutcome.BUS_ADRERR;
    }
    replaced[0] = at;
    int copied = 1 + copyNearby(vma, source, page, from, to);
    replaceAll(copied, anonymousBits(vma));
    vma.mappedAround(from, to);
    return FaultOutcome.HANDLED;
  }

  /**
   * Copies the pages around one that are a file's still, as far as they and frames can be had, to
   * {@link #run} from its second place on, and notes their entries in {@link #replaced}.
   *
   * @return how many
   */
  private int copyNearby(Vma vma, PageSource source, long page, long from, long to) {
    int copied = 0;
    try {
      long at = tables.entryAddress(from);
      for (long near = from; near < to; near += PAGE_SIZE, at += 8) {
        long entry = memory.getLong(at);
        if (near == page || (entry & PageTables.ANONYMOUS) != 0) {
          continue;
        }
        long copy =
            copyOf(
                entry,
                entry != 0 ? PageTables.frame(entry) : source.nearbyPage(vma.pageIndex(near)));
        if (copy != 0) {
          copied++;
          run[copied] = copy;
          replaced[copied] = at;
        }
      }
    } catch (ErrnoException _) {
      // The page that was asked for is there; the others will be asked for one by one.
    }
    return copied;
  }

  /**
   * A copy of a file's page, 0 if the file has none there.
   *
   * @param entry that holds the page, or 0: then the reference to it is the caller's, and given up
   * @throws ErrnoException ENOMEM
   */
  private long copyOf(long entry, long original) {
    if (original == 0) {
      return 0;
    }
    try {
      long copy = frames.allocateUninitialised(use);
      memory.copy(original, copy, PAGE_SIZE);
      return copy;
    } finally {
      if (entry == 0) {
        frames.release(original);
      }
    }
  }

  /** Resolves a write to a present, read-only page of a writable area. */
  private FaultOutcome makeWritable(
      Vma vma, @Nullable PageSource source, long page, long at, long entry, boolean around) {
    if (vma.shared && source != null) {
      return makeSharedWritable(vma, source, page, at, entry);
    }
    if (source != null && (entry & PageTables.ANONYMOUS) == 0) {
      return mapCopies(vma, source, page, around);
    }
    int window = 1;
    if (around) {
      // A page is written alone, or many that lie together are, though in no order.
      int near = policy.faultAroundPages();
      window = vma.windowFor(page, policy.copyAroundPages(), near, policy);
      vma.mappedAround(page, page + PAGE_SIZE);
    }
    if (window > 1 && makeWindowWritable(vma, page, window)) {
      return FaultOutcome.HANDLED;
    }
    long gpa = PageTables.frame(entry);
    if (frames.references(gpa) == 1) {
      countOut(entry);
      countIn(PageTables.ANONYMOUS);
      memory.setLongRelease(at, gpa | anonymousBits(vma));
      return FaultOutcome.HANDLED;
    }
    long copy = frames.allocateUninitialised(use);
    memory.copy(gpa, copy, PAGE_SIZE);
    replace(at, entry, copy | anonymousBits(vma));
    return FaultOutcome.HANDLED;
  }

  /**
   * Makes the private pages around one writable: whoever writes one writes its neighbours next, and
   * another fault costs more than a dozen copies.
   *
   * @return false if there is not memory enough for that
   */
  private boolean makeWindowWritable(Vma vma, long page, int window) {
    if (frames.isScarce()) {
      return false;
    }
    long from = windowStart(vma, page, window);
    long to = windowEnd(vma, page, window);
    long bits = anonymousBits(vma);
    int shared = makeOwnWritable(from, to, bits);
    int got = frames.allocateRun(run, shared, use);
    if (got < shared) {
      releaseRun(0, got);
      return false;
    }
    for (int i = 0; i < shared; i++) {
      long entry = memory.getLong(replaced[i]);
      memory.copy(PageTables.frame(entry), run[i], PAGE_SIZE);
    }
    replaceAll(shared, bits);
    vma.mappedAround(from, to);
    return true;
  }

  /**
   * Makes those private pages of a range writable that nobody else has.
   *
   * @return how many others are read-only; their entries are in {@link #replaced}
   */
  private int makeOwnWritable(long from, long to, long bits) {
    int shared = 0;
    long at = tables.entryAddress(from);
    for (long page = from; page < to; page += PAGE_SIZE, at += 8) {
      long entry = memory.getLong(at);
      if (isReadOnlyAnonymous(entry)) {
        if (frames.references(PageTables.frame(entry)) == 1) {
          memory.setLongRelease(at, PageTables.frame(entry) | bits);
        } else {
          replaced[shared++] = at;
        }
      }
    }
    return shared;
  }

  private static boolean isReadOnlyAnonymous(long entry) {
    long bits = PageTables.PRESENT | PageTables.ANONYMOUS;
    return (entry & (bits | PageTables.WRITABLE)) == bits;
  }

  private FaultOutcome makeSharedWritable(
      Vma vma, PageSource source, long page, long at, long entry) {
    long gpa = source.page(vma.pageIndex(page), true);
    if (gpa == 0) {
      return FaultOutcome.BUS_ADRERR;
    }
    if (gpa == PageTables.frame(entry)) {
      memory.setLongRelease(at, gpa | fileBits(vma, true));
      frames.release(gpa);
    } else {
      replace(at, entry, gpa | fileBits(vma, true));
    }
    return FaultOutcome.HANDLED;
  }

  /** Puts another frame in an entry; nobody sees the new one while the old one can be reached. */
  private void replace(long at, long oldEntry, long newEntry) {
    remove(at, oldEntry);
    flush();
    insert(at, newEntry);
  }

  /** The same for so many: the frames of {@link #run} in the entries of {@link #replaced}. */
  private void replaceAll(int count, long bits) {
    for (int i = 0; i < count; i++) {
      long entry = memory.getLong(replaced[i]);
      if (entry != 0) {
        remove(replaced[i], entry);
      }
    }
    flush();
    for (int i = 0; i < count; i++) {
      insert(replaced[i], run[i] | bits);
    }
  }

  private void insert(long at, long entry) {
    memory.setLongRelease(at, entry);
    countIn(entry);
    pagesMapped++;
    residentPeak = Math.max(residentPeak, anonymousPages + filePages);
  }

  private void remove(long at, long entry) {
    memory.setLongRelease(at, 0);
    countOut(entry);
    announceIfPresent(entry);
    downgrades.release(PageTables.frame(entry));
  }

  private void announceIfPresent(long entry) {
    if ((entry & PageTables.PRESENT) != 0) {
      downgrades.announce(PageTables.frame(entry));
    }
  }

  private void protectEntry(Vma vma, long at, long entry) {
    long changed = protectedEntry(vma, entry);
    if (changed == entry) {
      return;
    }
    memory.setLongRelease(at, changed);
    boolean hidden = (changed & PageTables.PRESENT) == 0;
    boolean readOnly = (entry & ~changed & PageTables.WRITABLE) != 0;
    boolean noExecute = (changed & ~entry & PageTables.NO_EXECUTE) != 0;
    if (hidden || readOnly || noExecute) {
      announceIfPresent(entry);
    }
  }

  private long protectedEntry(Vma vma, long entry) {
    if (vma.prot == 0) {
      return entry & ~PageTables.PRESENT;
    }
    long gpa = PageTables.frame(entry);
    if ((entry & PageTables.ANONYMOUS) == 0) {
      boolean writable = vma.shared && vma.writable() && sharedMayWrite(vma.source, entry);
      return gpa | fileBits(vma, writable);
    }
    long bits = gpa | anonymousBits(vma);
    return frames.references(gpa) == 1 ? bits : bits & ~PageTables.WRITABLE;
  }

  /** True if a page of a shared mapping can be made writable without telling its source. */
  private static boolean sharedMayWrite(@Nullable PageSource source, long entry) {
    return (entry & PageTables.WRITABLE) != 0 || (source != null && !source.tracksWrites());
  }

  private void countIn(long entry) {
    if ((entry & PageTables.ANONYMOUS) != 0) {
      anonymousPages++;
    } else {
      filePages++;
    }
  }

  private void countOut(long entry) {
    if ((entry & PageTables.ANONYMOUS) != 0) {
      anonymousPages--;
    } else {
      filePages--;
    }
  }

  private static long anonymousBits(Vma vma) {
    long writable = vma.writable() ? PageTables.WRITABLE : 0;
    return COMMON | PageTables.ANONYMOUS | writable | noExecute(vma);
  }

  private static long fileBits(Vma vma, boolean writable) {
    return COMMON | (writable ? PageTables.WRITABLE : 0) | noExecute(vma);
  }

  private static long noExecute(Vma vma) {
    return vma.executable() ? 0 : PageTables.NO_EXECUTE;
  }
}

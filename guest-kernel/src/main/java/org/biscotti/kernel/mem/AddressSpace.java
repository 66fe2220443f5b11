package org.biscotti.kernel.mem;

import static org.biscotti.kernel.port.GuestMemory.PAGE_SHIFT;
import static org.biscotti.kernel.port.GuestMemory.PAGE_SIZE;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.parallel.Parallel;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one process: what is mapped where, the page tables that say so to the processor,
 * and what to do when the program touches a page that is not there.
 *
 * <p>Each call does what its man page says; the arguments are the program's and may be anything.
 * One lock guards areas and page tables; the program's own accesses and those of {@link UserMemory}
 * need none. Errors are thrown as {@link ErrnoException}.
 */
public final class AddressSpace implements MappingListener {
  /** Flags that MAP_SHARED_VALIDATE accepts ({@code LEGACY_MAP_MASK}). */
  private static final int FLAGS_VALIDATED =
      Mman.MAP_SHARED_VALIDATE
          | Mman.MAP_FIXED
          | Mman.MAP_ANONYMOUS
          | Mman.MAP_DENYWRITE
          | Mman.MAP_EXECUTABLE
          | Mman.MAP_UNINITIALIZED
          | Mman.MAP_GROWSDOWN
          | Mman.MAP_LOCKED
          | Mman.MAP_NORESERVE
          | Mman.MAP_POPULATE
          | Mman.MAP_NONBLOCK
          | Mman.MAP_STACK
          | Mman.MAP_32BIT;

  private static final int PROT_ALL = Mman.PROT_READ | Mman.PROT_WRITE | Mman.PROT_EXEC;
  private static final int PROT_VALID = PROT_ALL | Mman.PROT_SEM;
  private static final int PROT_GROWS = Mman.PROT_GROWSDOWN | Mman.PROT_GROWSUP;
  private static final int MINCORE_CHUNK = 512;

  private static final VarHandle LOADED_CPUS;

  static {
    try {
      LOADED_CPUS =
          MethodHandles.lookup().findVarHandle(AddressSpace.class, "loadedCpus", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final FrameAllocator frames;
  private final GuestMemory memory;
  private final long[] kernelEntries;
  private final MemoryPolicy policy;

  /** How many processes use it: CLONE_VM without CLONE_THREAD (vfork(2)). */
  private final AtomicInteger users = new AtomicInteger(1);

  private final RankedLock lock = new RankedLock(LockRank.ADDRESS_SPACE);
  private final PageTables tables;
  private final Pager pager;
  private final Areas areas;
  private final MemoryLocks locks;
  private final CallSites callSites;

  /** Everybody who may be using a translation, each at its own place; under {@link #lock}. */
  private final ArrayList<UserMemory> doors = new ArrayList<>(1);

  /** Counts announcements of downgrades, so that doors forget what they remember. */
  private final AtomicLong downgradeGeneration = new AtomicLong();

  /** Bit set of the vCPUs that have this address space loaded; changed through the handle. */
  private volatile long loadedCpus;

  private long breakStart;
  private long breakEnd;
  private long stackStart;
  private long faults;
  private boolean closed;

  /**
   * An empty address space with the default policy.
   *
   * @param frames where pages and page tables come from
   * @param memory the machine's memory
   * @param kernelEntries the entry of PML4 slot 255 for each vCPU, by its number
   */
  public AddressSpace(FrameAllocator frames, GuestMemory memory, long[] kernelEntries) {
    this(frames, memory, kernelEntries, MemoryPolicy.DEFAULT);
  }

  /** An empty address space; see {@link #AddressSpace(FrameAllocator, GuestMemory, long[])}. */
  public AddressSpace(
      FrameAllocator frames, GuestMemory memory, long[] kernelEntries, MemoryPolicy policy) {
    this.frames = frames;
    this.memory = memory;
    this.kernelEntries = kernelEntries.clone();
    this.policy = policy;
    this.tables = new PageTables(frames, kernelEntries);
    this.pager = new Pager(frames, tables, policy, new Announcements());
    this.areas = new Areas(frames, pager, this);
    this.locks = new MemoryLocks(areas, pager);
    this.callSites = new CallSites(lock, areas, pager);
  }

  /**
   * Maps memory or a file (mmap(2)).
   *
   * @param addr address, or a hint
   * @param file what to map, null with MAP_ANONYMOUS; it is open for reading
   * @param fileWritable whether the file is open for writing too
   * @return start of the mapping
   */
  public long mmap(
      long addr,
      long length,
      int prot,
      int flags,
      @Nullable PageSource file,
      long offset,
      boolean fileWritable) {
    boolean anonymous = (flags & Mman.MAP_ANONYMOUS) != 0;
    if ((offset & (PAGE_SIZE - 1)) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (!anonymous && file == null) {
      throw ErrnoException.of(Errno.EBADF);
    }
    if ((flags & Mman.MAP_HUGETLB) != 0) {
      throw ErrnoException.of(anonymous ? Errno.ENOMEM : Errno.EINVAL);
    }
    if (length == 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    long size = alignedSize(length);
    if (!anonymous && (offset >>> PAGE_SHIFT) + (size >>> PAGE_SHIFT) > Long.MAX_VALUE >>> 12) {
      throw ErrnoException.of(Errno.EOVERFLOW);
    }
    lock.lock();
    try {
      requireOpen();
      long start = placeFor(addr, size, flags);
      PageSource source = sourceFor(anonymous, flags, prot, file, fileWritable, size);
      boolean shared = (flags & Mman.MAP_TYPE) != Mman.MAP_PRIVATE;
      boolean writableFile = fileWritable && source != null && source.isSharedWritable();
      boolean mayWrite = !shared || anonymous || writableFile;
      long pageOffset = anonymous ? 0 : offset >>> PAGE_SHIFT;
      Vma vma =
          new Vma(
              start,
              start + size,
              prot & PROT_ALL,
              areaFlags(flags) | areas.futureLocks(),
              shared,
              mayWrite,
              source,
              pageOffset);
      map(vma, flags);
      return start;
    } finally {
      lock.unlock();
    }
  }

  /** The system call instructions in the program's code. */
  public CallSites callSites() {
    return callSites;
  }

  /** Unmaps a range (munmap(2)). */
  public void munmap(long addr, long length) {
    if ((addr & (PAGE_SIZE - 1)) != 0
        || Long.compareUnsigned(addr, Layout.USER_END) > 0
        || Long.compareUnsigned(length, Layout.USER_END - addr) > 0
        || length == 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    lock.lock();
    try {
      callSites.restore(addr, addr + alignedSize(length));
      areas.unmap(addr, addr + alignedSize(length));
    } finally {
      lock.unlock();
    }
  }

  /** Changes the protection of a range (mprotect(2)). */
  public void mprotect(long addr, long length, int prot) {
    int grows = prot & PROT_GROWS;
    if (grows == PROT_GROWS || (addr & (PAGE_SIZE - 1)) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (length == 0) {
      return;
    }
    long end = endOfRange(addr, length);
    if ((prot & ~PROT_GROWS & ~PROT_VALID) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    lock.lock();
    try {
      long start = grows == 0 ? addr : growsDownStart(addr, end, grows);
      callSites.restore(start, Layout.userEnd(end));
      protect(start, end, prot & PROT_ALL);
    } finally {
      pager.flush();
      lock.unlock();
    }
  }

  /**
   * Resizes or moves a mapping (mremap(2)).
   *
   * @return where it is now
   */
  public long mremap(long addr, long oldLength, long newLength, int flags, long newAddr) {
    lock.lock();
    try {
      callSites.restore(addr, rangeEnd(addr, oldLength));
      if ((flags & Mman.MREMAP_FIXED) != 0) {
        callSites.restore(newAddr, rangeEnd(newAddr, newLength));
      }
      long start = new Remap(areas, pager, addr, oldLength, newLength, flags, newAddr).perform();
      if (Long.compareUnsigned(newLength, oldLength) > 0) {
        Vma vma = Objects.requireNonNull(areas.at(start));
        locks.extended(vma, start + alignUp(oldLength), start + alignUp(newLength));
      }
      return start;
    } finally {
      pager.flush();
      lock.unlock();
    }
  }

  /** Takes advice about a range (madvise(2)). */
  public void madvise(long addr, long length, int advice) {
    if (!Advice.isKnown(advice) || (addr & (PAGE_SIZE - 1)) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    long size = (length + PAGE_SIZE - 1) & -PAGE_SIZE;
    long end = addr + size;
    if ((length != 0 && size == 0) || Long.compareUnsigned(end, addr) < 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (size == 0) {
      return;
    }
    if (Long.compareUnsigned(addr, Layout.USER_END) >= 0) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    if (advice == Mman.MADV_REMOVE) {
      removePages(addr, Layout.userEnd(end));
    } else {
      advise(addr, Layout.userEnd(end), advice);
    }
    if (Long.compareUnsigned(end, Layout.USER_END) > 0) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  /** Writes changed pages of mapped files back (msync(2)). */
  public void msync(long addr, long length, int flags) {
    int both = Mman.MS_ASYNC | Mman.MS_SYNC;
    if ((flags & ~(both | Mman.MS_INVALIDATE)) != 0
        || (flags & both) == both
        || (addr & (PAGE_SIZE - 1)) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    long size = alignUp(length);
    if (size == 0) {
      return;
    }
    long end = endOfRange(addr, size);
    boolean hole = false;
    long at = addr;
    while (Long.compareUnsigned(at, Layout.userEnd(end)) < 0) {
      FileRange range = fileRange(at, Layout.userEnd(end));
      if (range == null) {
        hole = true;
        break;
      }
      hole |= range.start > at;
      if (range.locked && (flags & Mman.MS_INVALIDATE) != 0) {
        range.release(this);
        throw ErrnoException.of(Errno.EBUSY);
      }
      if (range.shared && (flags & Mman.MS_SYNC) != 0) {
        range.sync(this);
      } else {
        range.release(this);
      }
      at = range.end;
    }
    if (hole || Long.compareUnsigned(end, Layout.USER_END) > 0) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  /**
   * Says which pages are resident (mincore(2)).
   *
   * @param vector user address that receives a byte for each page, 1 if it is
   * @param stop true when it is not worth while any more: a range may be any size
   */
  public void mincore(long addr, long length, UserMemory user, long vector, BooleanSupplier stop) {
    if ((addr & (PAGE_SIZE - 1)) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (Long.compareUnsigned(length, Layout.POINTER_END) > 0
        || Long.compareUnsigned(addr, Layout.POINTER_END - length) > 0) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    long at = addr;
    long end = addr + alignedSize(length);
    long to = vector;
    if (Long.compareUnsigned(to, Layout.POINTER_END - ((end - at) >>> PAGE_SHIFT)) > 0) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    byte[] resident = new byte[MINCORE_CHUNK];
    while (at < end && !stop.getAsBoolean()) {
      int pages = (int) Math.min(MINCORE_CHUNK, (end - at) >>> PAGE_SHIFT);
      int known = residency(at, pages, resident);
      if (user.copyOut(to, resident, 0, known) < known) {
        throw ErrnoException.of(Errno.EFAULT);
      }
      if (known < pages) {
        throw ErrnoException.of(Errno.ENOMEM);
      }
      at += (long) pages * PAGE_SIZE;
      to += pages;
    }
  }

  /**
   * Locks a range (mlock2(2)).
   *
   * @param onFault true to bring no pages in
   */
  public void lock(long addr, long length, boolean onFault) {
    withLocks(() -> locks.change(addr, length, locks(onFault)));
  }

  /** Unlocks a range (munlock(2)). */
  public void unlock(long addr, long length) {
    withLocks(() -> locks.change(addr, length, 0));
  }

  /**
   * Locks everything (mlockall(2)).
   *
   * @param now what is there
   * @param future what is mapped from now on
   */
  public void lockAll(boolean now, boolean future, boolean onFault) {
    withLocks(() -> locks.changeAll(now ? locks(onFault) : -1, future ? locks(onFault) : 0));
  }

  /** Unlocks everything (munlockall(2)). */
  public void unlockAll() {
    withLocks(() -> locks.changeAll(0, 0));
  }

  private static int locks(boolean onFault) {
    return onFault ? Vma.LOCKS : Vma.LOCKED;
  }

  private void withLocks(Runnable change) {
    lock.lock();
    try {
      change.run();
    } finally {
      pager.flush();
      lock.unlock();
    }
  }

  /**
   * How many bytes from an address on lie, without a hole, in anonymous areas that may be accessed
   * so. Areas of files do not count: the file may end before its mapping does.
   */
  long accessiblePrefix(long gva, long length, boolean write) {
    long end = gva + length;
    long at = gva;
    lock.lock();
    try {
      while (at < end) {
        Vma vma = areas.at(at);
        if (vma == null || vma.source != null || !allows(vma, write, false)) {
          break;
        }
        at = Math.min(vma.end, end);
      }
      return at - gva;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Moves the end of the heap (brk(2) as the kernel has it).
   *
   * @return the end of the heap, which is the old one if it could not be moved
   */
  public long brk(long newBreak) {
    lock.lock();
    try {
      if (Long.compareUnsigned(newBreak, breakStart) < 0
          || Long.compareUnsigned(newBreak, Layout.USER_END - PAGE_SIZE) > 0
          || !areas.heapWithinLimit(newBreak - breakStart)) {
        return breakEnd;
      }
      long newEnd = alignUp(newBreak);
      long oldEnd = alignUp(breakEnd);
      if (newEnd < oldEnd) {
        callSites.restore(newEnd, oldEnd);
        areas.unmap(newEnd, oldEnd);
      } else if (newEnd > oldEnd && !growHeap(oldEnd, newEnd)) {
        return breakEnd;
      }
      breakEnd = newBreak;
      return newBreak;
    } catch (ErrnoException _) {
      return breakEnd;
    } finally {
      lock.unlock();
    }
  }

  /** Sets where the heap starts; it is empty. */
  public void setBreak(long start) {
    lock.lock();
    try {
      breakStart = start;
      breakEnd = start;
    } finally {
      lock.unlock();
    }
  }

  /** Sets an address in the initial stack, which /proc/self/maps names after it. */
  public void setStackStart(long gva) {
    lock.lock();
    try {
      stackStart = gva;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Resolves a page fault of the program, or of the kernel on its behalf.
   *
   * @param gva address that was touched, any value
   * @param write whether it was written
   * @param fetch whether it was fetched as an instruction
   */
  public FaultOutcome fault(long gva, boolean write, boolean fetch) {
    return fault(gva, write, fetch, FrameAllocator.Use.PROGRAM);
  }

  /** The same for the access of a call, which takes of the last memory rather than fail. */
  FaultOutcome faultInCall(long gva, boolean write) {
    return fault(gva, write, false, FrameAllocator.Use.KERNEL);
  }

  private FaultOutcome fault(long gva, boolean write, boolean fetch, FrameAllocator.Use use) {
    if (Long.compareUnsigned(gva, Layout.USER_END) >= 0) {
      return FaultOutcome.SEGV_MAPERR;
    }
    lock.lock();
    try {
      faults++;
      long page = gva & -PAGE_SIZE;
      Vma vma = areas.at(page);
      if (vma == null) {
        vma = areas.growStack(page);
        if (vma == null) {
          return FaultOutcome.SEGV_MAPERR;
        }
      }
      pager.setUse(use);
      return allows(vma, write, fetch) ? pager.fault(vma, page, write) : FaultOutcome.SEGV_ACCERR;
    } finally {
      pager.setUse(FrameAllocator.Use.PROGRAM);
      lock.unlock();
    }
  }

  /** The PML4 page of a vCPU, guest-physical; made on first use; ENOMEM. */
  public long root(int vcpu) {
    lock.lock();
    try {
      requireOpen();
      return tables.root(vcpu);
    } finally {
      lock.unlock();
    }
  }

  /**
   * A vCPU, by a number below 64, is about to run in this address space: downgrades have to reach
   * it from now on. Called before the vCPU discards what it knew of an earlier time.
   */
  public void loadedOn(int vcpu) {
    LOADED_CPUS.getAndBitwiseOr(this, 1L << vcpu);
  }

  /** A vCPU will not run in this address space any more before it is loaded again. */
  public void unloadedFrom(int vcpu) {
    LOADED_CPUS.getAndBitwiseAnd(this, ~(1L << vcpu));
  }

  /** The contents of /proc/self/maps (proc_pid_maps(5)). */
  public String maps() {
    StringBuilder lines = new StringBuilder();
    lock.lock();
    try {
      areas.forEach(vma -> MapsFormat.append(lines, vma, specialName(vma)));
    } finally {
      lock.unlock();
    }
    return lines.toString();
  }

  /** The contents of /proc/self/smaps (proc_pid_smaps(5)). */
  public String detailedMaps() {
    StringBuilder lines = new StringBuilder();
    lock.lock();
    try {
      areas.forEach(vma -> {
        MapsFormat.append(lines, vma, specialName(vma));
        MapsFormat.appendDetails(lines, vma, pager.census(vma));
      });
    } finally {
      lock.unlock();
    }
    return lines.toString();
  }

  /** The contents of /proc/self/smaps_rollup: the sum of {@link #detailedMaps}. */
  public String mapsRollup() {
    StringBuilder lines = new StringBuilder();
    PageCensus sum = new PageCensus();
    long[] range = {0, 0};
    lock.lock();
    try {
      areas.forEach(vma -> {
        range[0] = range[1] == 0 ? vma.start : range[0];
        range[1] = vma.end;
        sum.add(pager.census(vma));
      });
    } finally {
      lock.unlock();
    }
    MapsFormat.appendRollup(lines, range[0], range[1], sum);
    return lines.toString();
  }

  /** Sets RLIMIT_AS in bytes, -1 for none. */
  public void setAddressSpaceLimit(long bytes) {
    lock.lock();
    try {
      areas.setAddressSpaceLimit(bytes);
    } finally {
      lock.unlock();
    }
  }

  /** Sets RLIMIT_DATA in bytes, -1 for none. */
  public void setDataLimit(long bytes) {
    lock.lock();
    try {
      areas.setDataLimit(bytes);
    } finally {
      lock.unlock();
    }
  }

  /** Sets RLIMIT_MEMLOCK in bytes, -1 for none. */
  public void setLockLimit(long bytes) {
    lock.lock();
    try {
      areas.setLockLimit(bytes);
    } finally {
      lock.unlock();
    }
  }

  /** Sets RLIMIT_STACK in bytes, -1 for none; before the first mapping it also moves mmap_base. */
  public void setStackLimit(long bytes) {
    lock.lock();
    try {
      areas.setStackLimit(bytes);
    } finally {
      lock.unlock();
    }
  }

  /** Page faults so far, the kernel's included. */
  public long faults() {
    lock.lock();
    try {
      return faults;
    } finally {
      lock.unlock();
    }
  }

  /** Pages mapped so far, by faults and ahead of them. */
  public long pagesMapped() {
    lock.lock();
    try {
      return pager.pagesMapped();
    } finally {
      lock.unlock();
    }
  }

  /** Resident pages that belong to no file (RssAnon). */
  public long residentAnonymousPages() {
    lock.lock();
    try {
      return pager.anonymousPages();
    } finally {
      lock.unlock();
    }
  }

  /** Resident pages of files and shared memory (RssFile and RssShmem). */
  public long residentFilePages() {
    lock.lock();
    try {
      return pager.filePages();
    } finally {
      lock.unlock();
    }
  }

  /** Resident pages (VmRSS). */
  public long residentPages() {
    return residentAnonymousPages() + residentFilePages();
  }

  /** The most pages that were resident at once (VmHWM). */
  public long residentPeakPages() {
    lock.lock();
    try {
      return pager.residentPeak();
    } finally {
      lock.unlock();
    }
  }

  /** Pages of address space in use (VmSize). */
  public long virtualPages() {
    lock.lock();
    try {
      return areas.virtualPages();
    } finally {
      lock.unlock();
    }
  }

  /** The most pages of address space that were in use at once (VmPeak). */
  public long virtualPeakPages() {
    lock.lock();
    try {
      return areas.virtualPeak();
    } finally {
      lock.unlock();
    }
  }

  /** Pages of private writable areas (VmData). */
  public long dataPages() {
    lock.lock();
    try {
      return areas.dataPages();
    } finally {
      lock.unlock();
    }
  }

  /** Pages of locked areas (VmLck). */
  public long lockedPages() {
    lock.lock();
    try {
      return areas.lockedPages();
    } finally {
      lock.unlock();
    }
  }

  /** Pages of growing areas (VmStk). */
  public long stackPages() {
    lock.lock();
    try {
      return areas.stackPages();
    } finally {
      lock.unlock();
    }
  }

  /** Frames that page tables take (VmPTE). */
  public long tablePages() {
    lock.lock();
    try {
      return tables.tableCount();
    } finally {
      lock.unlock();
    }
  }

  /** Number of areas. */
  public int areaCount() {
    lock.lock();
    try {
      return areas.count();
    } finally {
      lock.unlock();
    }
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // the very object, whatever its class thinks of equality
  public void unmapRange(PageSource source, long firstPage, long pageCount, boolean privateCopies) {
    lock.lock();
    try {
      areas.forEach(vma -> {
        if (vma.source == source) {
          unmapPart(vma, firstPage, pageCount, privateCopies);
        }
      });
    } finally {
      pager.flush();
      lock.unlock();
    }
  }

  /**
   * Makes what a child process starts with (fork(2)): the same areas and contents. Private pages
   * are copied, or shared until one of the two writes them.
   *
   * @param parallel who may help
   * @throws ErrnoException ENOMEM, with nothing left behind
   */
  public AddressSpace fork(Parallel parallel) {
    AddressSpace child = new AddressSpace(frames, memory, kernelEntries, policy);
    boolean done = false;
    lock.lock();
    try {
      requireOpen();
      child.copyFrom(this, parallel);
      done = true;
    } finally {
      pager.flush();
      lock.unlock();
      if (!done) {
        child.close();
      }
    }
    return child;
  }

  private void copyFrom(AddressSpace parent, Parallel parallel) {
    lock.lock();
    try {
      breakStart = parent.breakStart;
      breakEnd = parent.breakEnd;
      stackStart = parent.stackStart;
      areas.takeSettings(parent.areas);
      ForkPolicy fork = policy.fork().make();
      // A door for each task, of whichever process; it is closed when the task can write no more.
      boolean alone = parent.doors.size() <= 1;
      new ForkCopy(parent.pager, pager, fork, alone, parallel).copy(parent.areas, areas);
      callSites.copyFrom(parent.callSites);
    } finally {
      lock.unlock();
    }
  }

  /** One more process uses this address space. */
  public AddressSpace share() {
    users.incrementAndGet();
    return this;
  }

  /** True if more than one process uses it. */
  public boolean isShared() {
    return users.get() > 1;
  }

  /**
   * What a futex word is known by (futex(2)): its place in what is mapped if that is shared, else
   * its address here.
   *
   * @param shared false for a word that is used in this address space alone
   */
  public FutexWord futexWord(long gva, boolean shared) {
    if (shared && Long.compareUnsigned(gva, Layout.USER_END) < 0) {
      lock.lock();
      try {
        Vma vma = areas.at(gva & -PAGE_SIZE);
        if (vma != null && vma.shared && vma.source != null) {
          long offset = (vma.pageIndex(gva & -PAGE_SIZE) << PAGE_SHIFT) + (gva & (PAGE_SIZE - 1));
          return new FutexWord(vma.source, offset);
        }
      } finally {
        lock.unlock();
      }
    }
    return new FutexWord(this, gva);
  }

  /**
   * A word of memory that threads wait for.
   *
   * @param where an object that is mapped, or an address space
   * @param offset in bytes
   */
  public record FutexWord(Object where, long offset) {}

  /**
   * One process stops using it; the last one gives everything back. No vCPU runs on any root for
   * this process any more. The frames rest until one {@link
   * org.biscotti.kernel.port.MemoryBacking#tablesReleased} has served many of them.
   */
  public void close() {
    if (users.decrementAndGet() > 0) {
      return;
    }
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      tables.unlink();
      awaitDoors();
      Quarantine quarantine = new Quarantine(frames);
      tables.collect(quarantine);
      quarantine.flush();
      areas.dropAll();
      pager.clear();
    } finally {
      lock.unlock();
    }
    frames.trimQuarantine();
  }

  FrameAllocator frames() {
    return frames;
  }

  GuestMemory memory() {
    return memory;
  }

  /** Makes a door known, so that downgrades wait for it. */
  void attach(UserMemory door) {
    lock.lock();
    try {
      door.setPlace(doors.size());
      doors.add(door);
    } finally {
      lock.unlock();
    }
  }

  void detach(UserMemory door) {
    lock.lock();
    try {
      UserMemory last = doors.removeLast();
      if (last != door) {
        doors.set(door.place(), last);
        last.setPlace(door.place());
      }
    } finally {
      lock.unlock();
    }
  }

  /** Changes whenever a translation may have become invalid. */
  long downgradeGeneration() {
    return downgradeGeneration.get();
  }

  /**
   * The frame of a page that the program itself could access now, else 0. Without a lock: the
   * caller is inside a section of its door.
   *
   * @param gva an address below {@link Layout#USER_END}
   */
  long walk(long gva, boolean write) {
    long entry = tables.entry(gva);
    long needed = write ? PageTables.PRESENT | PageTables.WRITABLE : PageTables.PRESENT;
    return (entry & needed) == needed ? PageTables.frame(entry) : 0;
  }

  /** Makes everybody let go of translations; see {@link Downgrades}. */
  private final class Announcements implements Downgrades.Announcer {
    @Override
    public void announce(long[] gpas, int[] runs, int count) {
      memory.backing().downgraded(gpas, runs, count, loadedCpus);
      awaitDoors();
    }

    @Override
    public void announceAll() {
      memory.backing().allDowngraded(loadedCpus);
      awaitDoors();
    }

    @Override
    public void announceToDoors() {
      awaitDoors();
    }
  }

  /**
   * With the lock held, if not by this thread then by the one whose work this one does a part of.
   */
  private void awaitDoors() {
    downgradeGeneration.incrementAndGet();
    for (int i = 0; i < doors.size(); i++) {
      doors.get(i).awaitSectionEnd();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  private static boolean allows(Vma vma, boolean write, boolean fetch) {
    if (write) {
      return vma.writable();
    }
    return fetch ? vma.executable() : vma.prot != 0;
  }

  private static long alignUp(long address) {
    return (address + PAGE_SIZE - 1) & -PAGE_SIZE;
  }

  /** A length in whole pages; ENOMEM if that is more than there are addresses. */
  private static long alignedSize(long length) {
    if (Long.compareUnsigned(length, Layout.POINTER_END) > 0) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    return alignUp(length);
  }

  /** The end of a range in whole pages; ENOMEM if it wraps. The result is unsigned. */
  private static long endOfRange(long addr, long length) {
    long end = addr + alignUp(length);
    if (Long.compareUnsigned(end, addr) <= 0) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    return end;
  }

  /** The end of a range that may be anything, as far as areas can reach. */
  private static long rangeEnd(long addr, long length) {
    long end = Layout.userEnd(addr + length);
    return Long.compareUnsigned(end, addr) < 0 ? Layout.USER_END : end;
  }

  private long placeFor(long addr, long size, int flags) {
    if (areas.count() > Layout.MAP_COUNT_MAX || size > Layout.USER_END) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    if ((flags & (Mman.MAP_FIXED | Mman.MAP_FIXED_NOREPLACE)) == 0) {
      return areas.place(addr, size, flags);
    }
    requireFixed(addr, size);
    if ((flags & Mman.MAP_FIXED_NOREPLACE) != 0 && areas.overlapping(addr, addr + size) != null) {
      throw ErrnoException.of(Errno.EEXIST);
    }
    return addr;
  }

  /** Checks an address that the program insists on. */
  static void requireFixed(long addr, long size) {
    if (Long.compareUnsigned(addr, Layout.USER_END - size) > 0) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    if ((addr & (PAGE_SIZE - 1)) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (addr < Layout.USER_MIN) {
      throw ErrnoException.of(Errno.EPERM);
    }
  }

  private @Nullable PageSource sourceFor(
      boolean anonymous,
      int flags,
      int prot,
      @Nullable PageSource file,
      boolean fileWritable,
      long size) {
    int type = flags & Mman.MAP_TYPE;
    boolean growsDown = (flags & Mman.MAP_GROWSDOWN) != 0;
    boolean sharedAnonymous = anonymous && type == Mman.MAP_SHARED;
    if (type == Mman.MAP_SHARED_VALIDATE && !anonymous) {
      if ((flags & ~FLAGS_VALIDATED) != 0) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
      }
    } else if (type != Mman.MAP_PRIVATE && type != Mman.MAP_SHARED) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (growsDown && (!anonymous || sharedAnonymous)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (anonymous) {
      return sharedAnonymous ? new SharedMemory(frames, size >>> PAGE_SHIFT) : null;
    }
    if (type != Mman.MAP_PRIVATE && (prot & Mman.PROT_WRITE) != 0 && !fileWritable) {
      throw ErrnoException.of(Errno.EACCES);
    }
    boolean writeShared = type != Mman.MAP_PRIVATE && (prot & Mman.PROT_WRITE) != 0;
    if (writeShared && file != null && !file.isSharedWritable()) {
      throw ErrnoException.of(Errno.ENODEV);
    }
    return file;
  }

  private static int areaFlags(int mapFlags) {
    int flags = 0;
    if ((mapFlags & Mman.MAP_GROWSDOWN) != 0) {
      flags |= Vma.GROWS_DOWN;
    }
    if ((mapFlags & Mman.MAP_NORESERVE) != 0) {
      flags |= Vma.NO_RESERVE;
    }
    if ((mapFlags & Mman.MAP_LOCKED) != 0) {
      flags |= Vma.LOCKED;
    }
    int whose = Mman.MAP_DENYWRITE | Mman.MAP_TYPE | Mman.MAP_ANONYMOUS;
    if ((mapFlags & whose) == (Mman.MAP_DENYWRITE | Mman.MAP_PRIVATE)) {
      flags |= Vma.DENY_WRITE;
    }
    return flags;
  }

  private void map(Vma vma, int flags) {
    if ((flags & Mman.MAP_LOCKED) != 0) {
      locks.requireAllowed();
    }
    areas.requireLockable(vma.flags, vma.pages());
    long replaced = areas.pagesIn(vma.start, vma.end, _ -> true);
    areas.requireGrowth(vma.pages() - replaced, vma.isData(), vma.isAccountable());
    if (replaced != 0) {
      callSites.restore(vma.start, vma.end);
    }
    areas.unmap(vma.start, vma.end);
    long start = vma.start;
    long end = vma.end;
    Vma whole = areas.add(vma);
    boolean wanted = (flags & (Mman.MAP_POPULATE | Mman.MAP_NONBLOCK)) == Mman.MAP_POPULATE;
    boolean populate = !vma.has(Vma.LOCKED_ON_FAULT) && (wanted || vma.has(Vma.LOCKED));
    if (populate) {
      populate(whole, start, end);
    } else {
      prepopulate(whole, start, end, policy.prepopulatePages());
      mapProgram(whole, start, end);
    }
  }

  /** Populates as far as it goes; what cannot be had faults later (mmap(2), MAP_POPULATE). */
  private void populate(Vma vma, long start, long end) {
    FaultOutcome _ = pager.bringIn(vma, start, end);
    pager.flush();
  }

  /**
   * Whoever executes a program that others have executed need not fault for what they have. What it
   * can write is copied with the first write instead: it would have to be announced then.
   */
  private void mapProgram(Vma vma, long start, long end) {
    if (vma.has(Vma.DENY_WRITE)
        && vma.prot != 0
        && !vma.writable()
        && end - start <= (long) policy.programPages() * PAGE_SIZE) {
      pager.mapCached(vma, start, end);
    }
  }

  private void prepopulate(Vma vma, long start, long end, int pages) {
    if (pages > 0
        && vma.source == null
        && vma.writable()
        && !vma.has(Vma.NO_RESERVE | Vma.GROWS_DOWN)
        && !frames.isScarce()) {
      long most = (long) pages * PAGE_SIZE;
      pager.populate(vma, start, Math.min(end, start + most), true);
    }
  }

  private long growsDownStart(long start, long end, int grows) {
    boolean user = Long.compareUnsigned(start, Layout.USER_END) < 0;
    Vma vma = user ? areas.endingAfter(start) : null;
    if (vma == null) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    if (grows == Mman.PROT_GROWSUP) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (Long.compareUnsigned(vma.start, end) >= 0) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    if (!vma.has(Vma.GROWS_DOWN)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return vma.start;
  }

  private void protect(long start, long end, int prot) {
    long at = start;
    while (Long.compareUnsigned(at, end) < 0) {
      Vma vma = Long.compareUnsigned(at, Layout.USER_END) < 0 ? areas.at(at) : null;
      if (vma == null) {
        throw ErrnoException.of(Errno.ENOMEM);
      }
      long to = Math.min(vma.end, Layout.userEnd(end));
      if (vma.prot != prot) {
        protectPart(vma, at, to, prot);
      }
      at = to;
    }
  }

  private void protectPart(Vma vma, long start, long end, int prot) {
    boolean gainsWrite = (prot & Mman.PROT_WRITE) != 0 && !vma.writable();
    if (gainsWrite) {
      if (!vma.mayWrite) {
        throw ErrnoException.of(Errno.EACCES);
      }
      if (!vma.shared) {
        boolean data = !vma.has(Vma.GROWS_DOWN);
        long pages = (end - start) >>> PAGE_SHIFT;
        boolean tooMuch = !vma.has(Vma.NO_RESERVE) && pages > frames.totalFrames();
        if (tooMuch || (data && !areas.mayGrowData(pages))) {
          throw ErrnoException.of(Errno.ENOMEM);
        }
      }
    }
    Vma part = areas.isolate(vma, start, end);
    areas.setProtection(part, prot);
    pager.protect(part, start, end);
    if (gainsWrite) {
      locks.extended(part, start, end); // private pages are the program's own at once
    }
    areas.merge(part);
  }

  private void advise(long start, long end, int advice) {
    boolean hole = false;
    lock.lock();
    try {
      callSites.restore(start, end);
      long at = start;
      while (at < end) {
        Vma vma = areas.overlapping(at, end);
        hole |= vma == null || vma.start > at;
        if (vma == null) {
          break;
        }
        long from = Math.max(at, vma.start);
        long to = Math.min(end, vma.end);
        if (hole && isPopulate(advice)) {
          break;
        }
        advisePart(vma, from, to, advice);
        at = to;
      }
    } finally {
      pager.flush();
      lock.unlock();
    }
    if (hole) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  private static boolean isPopulate(int advice) {
    return advice == Mman.MADV_POPULATE_READ || advice == Mman.MADV_POPULATE_WRITE;
  }

  private void advisePart(Vma vma, long from, long to, int advice) {
    if (isPopulate(advice)) {
      populateOrThrow(vma, from, to, advice == Mman.MADV_POPULATE_WRITE);
    } else if (Advice.setsFlags(advice)) {
      int flags = Advice.flags(vma, advice);
      if (flags != vma.flags) {
        Vma part = areas.isolate(vma, from, to);
        areas.setFlags(part, flags);
        areas.merge(part);
      }
    } else {
      Advice.apply(pager, vma, from, to, advice);
    }
  }

  private void populateOrThrow(Vma vma, long from, long to, boolean write) {
    if (!allows(vma, write, false)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    switch (pager.populate(vma, from, to, write)) {
      case HANDLED -> {}
      case OUT_OF_MEMORY -> throw ErrnoException.of(Errno.ENOMEM);
      case SEGV_MAPERR, SEGV_ACCERR, BUS_ADRERR -> throw ErrnoException.of(Errno.EFAULT);
    }
  }

  /** MADV_REMOVE: the object punches the hole itself, with no lock of ours held. */
  private void removePages(long start, long end) {
    boolean hole = false;
    long at = start;
    while (at < end) {
      FileRange range = fileRange(at, end);
      if (range == null) {
        hole = true;
        break;
      }
      hole |= range.start > at;
      range.punchHole(this);
      at = range.end;
    }
    if (hole) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  /** The first area in a range, as something that outlives the lock; null if there is none. */
  private @Nullable FileRange fileRange(long start, long end) {
    lock.lock();
    try {
      Vma vma = areas.overlapping(start, end);
      if (vma == null) {
        return null;
      }
      long from = Math.max(start, vma.start);
      long to = Math.min(end, vma.end);
      if (vma.source != null) {
        vma.source.opened(this);
      }
      return new FileRange(
          from,
          to,
          vma.shared,
          vma.shared && vma.writable(),
          vma.has(Vma.LOCKED),
          vma.source,
          vma.pageIndex(from));
    } finally {
      lock.unlock();
    }
  }

  /**
   * What an area maps, held open: whoever gets one calls one of the methods, or {@link #release}.
   */
  private record FileRange(
      long start,
      long end,
      boolean shared,
      boolean sharedWritable,
      boolean locked,
      @Nullable PageSource source,
      long firstPage) {
    private long pages() {
      return (end - start) >>> PAGE_SHIFT;
    }

    void sync(AddressSpace space) {
      try {
        if (source != null) {
          source.sync(firstPage, pages());
        }
      } finally {
        release(space);
      }
    }

    void punchHole(AddressSpace space) {
      try {
        if (source == null || locked) {
          throw ErrnoException.of(Errno.EINVAL);
        }
        if (!sharedWritable) {
          throw ErrnoException.of(Errno.EACCES);
        }
        source.punchHole(firstPage, pages());
      } finally {
        release(space);
      }
    }

    void release(AddressSpace space) {
      if (source != null) {
        source.closed(space);
      }
    }
  }

  /** Fills in residency up to the first page that is in no area; returns how many pages. */
  private int residency(long start, int pages, byte[] resident) {
    lock.lock();
    try {
      for (int i = 0; i < pages; i++) {
        long page = start + (long) i * PAGE_SIZE;
        Vma vma = areas.at(page);
        if (vma == null) {
          return i;
        }
        resident[i] = (byte) (isResident(vma, page) ? 1 : 0);
      }
      return pages;
    } finally {
      lock.unlock();
    }
  }

  private boolean isResident(Vma vma, long page) {
    if (tables.entry(page) != 0) {
      return true;
    }
    long gpa = vma.source == null ? 0 : vma.source.cachedPage(vma.pageIndex(page));
    if (gpa != 0) {
      frames.release(gpa);
    }
    return gpa != 0;
  }

  private boolean growHeap(long oldEnd, long newEnd) {
    requireOpen();
    Vma next = areas.endingAfter(oldEnd);
    if (next != null && newEnd + PAGE_SIZE > next.gapStart()) {
      return false;
    }
    int prot = Mman.PROT_READ | Mman.PROT_WRITE;
    Vma heap = new Vma(oldEnd, newEnd, prot, areas.futureLocks(), false, true, null, 0);
    areas.requireLockable(heap.flags, heap.pages());
    areas.requireGrowth(heap.pages(), true, true);
    areas.requireRoom(1);
    Vma whole = areas.add(heap);
    prepopulate(whole, oldEnd, newEnd, policy.heapPages());
    locks.extended(whole, oldEnd, newEnd);
    return true;
  }

  private @Nullable String specialName(Vma vma) {
    if (vma.source != null) {
      return null;
    }
    if (vma.has(Vma.TRAMPOLINES)) {
      return "[syscalls]";
    }
    if (vma.start <= breakEnd && vma.end >= breakStart && breakEnd > breakStart) {
      return "[heap]";
    }
    return vma.start <= stackStart && vma.end > stackStart ? "[stack]" : null;
  }

  private void unmapPart(Vma vma, long firstPage, long pageCount, boolean privateCopies) {
    long endPage = pageCount > Long.MAX_VALUE - firstPage ? Long.MAX_VALUE : firstPage + pageCount;
    long from = Math.max(firstPage, vma.pageOffset);
    long to = Math.min(endPage, vma.pageOffset + vma.pages());
    if (from < to) {
      long start = vma.start + ((from - vma.pageOffset) << PAGE_SHIFT);
      pager.unmap(start, start + ((to - from) << PAGE_SHIFT), privateCopies);
    }
  }

  /** Collects frames and hands them over by the hundred. */
  private static final class Quarantine implements PageTables.FrameSink {
    private final FrameAllocator frames;
    private final long[] batch = new long[PageTables.ENTRIES];
    private int count;

    Quarantine(FrameAllocator frames) {
      this.frames = frames;
    }

    @Override
    public void accept(long gpa) {
      // Another process's frame as well: nobody can get it while this one's translations are gone.
      if (frames.releaseShared(gpa)) {
        return;
      }
      if (count == batch.length) {
        flush();
      }
      batch[count++] = gpa;
    }

    void flush() {
      frames.quarantine(batch, count);
      count = 0;
    }
  }
}

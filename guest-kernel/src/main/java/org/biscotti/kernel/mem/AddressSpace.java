package org.biscotti.kernel.mem;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.GuestMemory;
import org.jspecify.annotations.Nullable;

/** The memory of one process. */
@SuppressWarnings("DoNotCallSuggester")
public final class AddressSpace implements MappingListener {
  private final FrameAllocator frames;
  private final GuestMemory memory;

  public AddressSpace(FrameAllocator frames, GuestMemory memory, long[] kernelEntries) {
    this(frames, memory, kernelEntries, MemoryPolicy.DEFAULT);
  }

  public AddressSpace(
      FrameAllocator frames, GuestMemory memory, long[] kernelEntries, MemoryPolicy policy) {
    this.frames = frames;
    this.memory = memory;
  }

  private static ErrnoException missing() {
    return ErrnoException.of(38);
  }

  /** mmap(2); {@code fileWritable}: the file was opened for writing. */
  public long mmap(
      long addr,
      long length,
      int prot,
      int flags,
      @Nullable PageSource file,
      long offset,
      boolean fileWritable) {
    throw missing();
  }

  public void munmap(long addr, long length) {
    throw missing();
  }

  public void mprotect(long addr, long length, int prot) {
    throw missing();
  }

  public long mremap(long addr, long oldLength, long newLength, int flags, long newAddr) {
    throw missing();
  }

  public void madvise(long addr, long length, int advice) {
    throw missing();
  }

  public void msync(long addr, long length, int flags) {
    throw missing();
  }

  public void mincore(long addr, long length, UserBuffer to) {
    throw missing();
  }

  /** ENOMEM unless all of the range is mapped (mlock(2)). */
  public void requireMapped(long addr, long length) {
    throw missing();
  }

  public long brk(long newBreak) {
    throw missing();
  }

  public void setBreak(long start) {
    throw missing();
  }

  /** Where the initial stack is, for /proc/self/maps: its lowest used address. */
  public void setStackStart(long gva) {
    throw missing();
  }

  public FaultOutcome fault(long gva, boolean write, boolean fetch) {
    throw missing();
  }

  public long root(int vcpu) {
    throw missing();
  }

  public String maps() {
    throw missing();
  }

  public void setAddressSpaceLimit(long bytes) {
    throw missing();
  }

  public void setDataLimit(long bytes) {
    throw missing();
  }

  public void setStackLimit(long bytes) {
    throw missing();
  }

  public long faults() {
    throw missing();
  }

  public long pagesMapped() {
    throw missing();
  }

  /** Resident pages. */
  public long residentPages() {
    throw missing();
  }

  public long residentPeakPages() {
    throw missing();
  }

  public long virtualPages() {
    throw missing();
  }

  public long virtualPeakPages() {
    throw missing();
  }

  public long dataPages() {
    throw missing();
  }

  public long stackPages() {
    throw missing();
  }

  /** A vCPU is about to run in this address space: downgrades have to reach it from now on. */
  public void loadedOn(int vcpu) {
    throw new UnsupportedOperationException();
  }

  /** A vCPU will not run in this address space any more before it is loaded again. */
  public void unloadedFrom(int vcpu) {
    throw new UnsupportedOperationException();
  }

  /** Frames used for page tables. */
  public long tablePages() {
    throw missing();
  }

  @Override
  public void unmapRange(PageSource source, long firstPage, long pageCount, boolean privateCopies) {
    throw missing();
  }

  public void close() {
    throw missing();
  }

  FrameAllocator frames() {
    return frames;
  }

  GuestMemory memory() {
    return memory;
  }

  void attach(UserMemory door) {}

  void detach(UserMemory door) {}

  long downgradeGeneration() {
    return 0;
  }

  long walk(long gva, boolean write) {
    return 0;
  }
}

package org.biscotti.kvm;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.port.MemoryBacking;
import org.biscotti.kvm.ffi.CallState;
import org.biscotti.kvm.ffi.Libc;

/**
 * The machine's memory: one memfd, mapped shared, one KVM slot from guest-physical address 0. The
 * host commits it piece by piece, when the kernel asks.
 */
final class GuestRam implements MemoryBacking, AutoCloseable {
  private static final int MAIN_SLOT = 0;
  private static final int FLUSH_SLOT = 1;

  private final Arena arena = Arena.ofShared();
  private final CallState state = new CallState(arena);
  private final Vm vm;
  private final int fd;
  private final long hva;
  private final long bytes;
  private final GuestMemory memory;

  /** Held while the second slot exists. */
  private final ReentrantLock slots = new ReentrantLock();

  private final HostMemory host = new HostMemory();
  private boolean shadowPaging;
  private List<KvmCpu> cpus = List.of();

  /**
   * Makes the memory and gives it to the machine.
   *
   * @param bytes size, a multiple of the page size
   */
  GuestRam(Vm vm, long bytes) {
    this.vm = vm;
    this.bytes = bytes;
    fd = Libc.memfdCreate(state, "biscotti-ram", Libc.MFD_CLOEXEC);
    if (fd < 0 || Libc.ftruncate(state, fd, bytes) < 0) {
      throw cannot("create", bytes, state.errno());
    }
    hva =
        Libc.mmap(
            state,
            bytes,
            Libc.PROT_READ | Libc.PROT_WRITE,
            Libc.MAP_SHARED | Libc.MAP_NORESERVE,
            fd,
            0);
    if (hva == -1) {
      throw cannot("map", bytes, state.errno());
    }
    memory = new GuestMemory(Libc.segmentAt(hva, bytes, arena), this);
    vm.setMemory(MAIN_SLOT, 0, bytes, hva);
  }

  static KvmException cannot(String what, long bytes, int errno) {
    return new KvmException(
        "cannot %s %d MiB of guest memory (%s): ask for less with --memory"
            .formatted(what, bytes >> 20, Errno.name(errno)));
  }

  GuestMemory memory() {
    return memory;
  }

  /** Says how translations are kept on this host; before that nothing has been translated. */
  void setTranslation(boolean shadowPaging, List<KvmCpu> cpus) {
    this.shadowPaging = shadowPaging;
    this.cpus = cpus;
  }

  @Override
  public boolean commit(long gpa, long length) {
    if (!host.allows(length)) {
      return false;
    }
    try (Arena scratch = Arena.ofConfined()) {
      CallState call = new CallState(scratch);
      if (Libc.madvise(call, hva + gpa, length, Libc.MADV_POPULATE_WRITE) == 0) {
        return true;
      }
      // Linux before 5.14 has no MADV_POPULATE_WRITE; there the file's blocks are allocated.
      return call.errno() == Errno.EINVAL && Libc.fallocate(call, fd, gpa, length) == 0;
    }
  }

  /**
   * Under nested paging the processor's own TLB is all there is. Under shadow paging KVM drops what
   * it knows of a page when the host unmaps it; the contents stay in the memfd.
   */
  @Override
  public void downgraded(long[] gpas, int[] runs, int count, long loadedOn) {
    if (shadowPaging) {
      dropShadows(gpas, runs, count);
    } else {
      flush(loadedOn);
    }
  }

  private void dropShadows(long[] gpas, int[] runs, int count) {
    try (Arena scratch = Arena.ofConfined()) {
      CallState call = new CallState(scratch);
      int i = 0;
      while (i < count) {
        long start = gpas[i];
        long end = start + (long) runs[i] * GuestMemory.PAGE_SIZE;
        for (i++; i < count && gpas[i] == end; i++) {
          end += (long) runs[i] * GuestMemory.PAGE_SIZE;
        }
        if (Libc.madvise(call, hva + start, end - start, Libc.MADV_DONTNEED) != 0) {
          throw new IllegalStateException("madvise failed: " + Errno.name(call.errno()));
        }
      }
    }
  }

  private void flush(long loadedOn) {
    for (KvmCpu cpu : cpus) {
      cpu.requestFlush();
    }
    for (KvmCpu cpu : cpus) {
      if ((loadedOn & 1L << cpu.index()) != 0 && cpu.mayHoldOldTranslations()) {
        cpu.kick();
        while (cpu.mayHoldOldTranslations()) {
          Thread.onSpinWait();
        }
      }
    }
  }

  @Override
  public void allDowngraded(long loadedOn) {
    if (shadowPaging) {
      tablesReleased();
    } else {
      flush(loadedOn);
    }
  }

  /** Deleting a memory slot makes KVM drop every shadow page table of the machine. */
  @Override
  public void tablesReleased() {
    if (shadowPaging) {
      slots.lock();
      try {
        vm.setMemory(FLUSH_SLOT, bytes, GuestMemory.PAGE_SIZE, hva);
        vm.setMemory(FLUSH_SLOT, bytes, 0, hva);
      } finally {
        slots.unlock();
      }
    } else {
      flush(-1);
    }
  }

  @Override
  public void close() {
    arena.close();
    try (Arena scratch = Arena.ofConfined()) {
      CallState call = new CallState(scratch);
      Libc.munmap(call, hva, bytes);
      Libc.close(call, fd);
    }
  }
}

package org.biscotti.kernel.mem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.lang.foreign.Arena;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.port.GuestMemory;

/** Memory, frames and one address space, with the calls that tests make all the time. */
final class TestMachine implements AutoCloseable {
  static final int PAGE = GuestMemory.PAGE_SIZE;
  static final int RW = Mman.PROT_READ | Mman.PROT_WRITE;
  static final int PRIVATE = Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS;
  static final int SHARED = Mman.MAP_SHARED | Mman.MAP_ANONYMOUS;
  static final long KERNEL_ENTRY = 0x1003;

  private final Arena arena = Arena.ofShared();
  final FakeBacking backing = new FakeBacking();
  final GuestMemory memory;
  final FrameAllocator frames;
  final AddressSpace space;
  final UserMemory user;

  TestMachine(int frameCount, MemoryPolicy policy) {
    memory = new GuestMemory(arena.allocate((frameCount + 1L) * PAGE, PAGE), backing);
    frames = new FrameAllocator(memory, PAGE, policy);
    space =
        new AddressSpace(frames, memory, new long[] {KERNEL_ENTRY, KERNEL_ENTRY + PAGE}, policy);
    user = new UserMemory(space);
  }

  /** 4,096 frames and paging of one page at a time. */
  static TestMachine exact() {
    return new TestMachine(4096, MemoryPolicy.EXACT);
  }

  long map(long pages) {
    return space.mmap(0, pages * PAGE, RW, PRIVATE, null, 0, false);
  }

  long mapAt(long addr, long pages, int prot, int flags) {
    return space.mmap(addr, pages * PAGE, prot, flags | Mman.MAP_FIXED, null, 0, false);
  }

  long mapFile(PageSource file, long pages, int prot, int flags, long firstPage) {
    return space.mmap(0, pages * PAGE, prot, flags, file, firstPage * PAGE, true);
  }

  /** Lines of /proc/self/maps without the name's padding. */
  String maps() {
    return space.maps();
  }

  /** Ends the address space; every frame must be free then. */
  @Override
  public void close() {
    user.close();
    space.close();
    frames.releaseQuarantined();
    long free = frames.freeFrames();
    arena.close();
    assertThat(free).as("free frames at the end").isEqualTo(frames.totalFrames());
  }

  static void assertErrno(int errno, Runnable call) {
    Throwable thrown = catchThrowable(call::run);
    assertThat(thrown).as("thrown").isInstanceOf(ErrnoException.class);
    assertThat(Errno.name(((ErrnoException) thrown).errno())).isEqualTo(Errno.name(errno));
  }
}

package org.biscotti.kvm.ffi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The C library calls that the machine is made of, as their man pages (section 2) give them.
 *
 * <p>Each returns what the C function returns; when that says failure, {@link CallState#errno} of
 * the state passed in says why.
 */
@SuppressWarnings("restricted")
public final class Libc {
  public static final int O_RDWR = 2;
  public static final int O_CLOEXEC = 0x80000;
  public static final int PROT_READ = 1;
  public static final int PROT_WRITE = 2;
  public static final int PROT_EXEC = 4;
  public static final int MAP_SHARED = 1;
  public static final int MAP_PRIVATE = 2;
  public static final int MAP_ANONYMOUS = 0x20;
  public static final int MAP_NORESERVE = 0x4000;
  public static final int MFD_CLOEXEC = 1;
  public static final int MADV_DONTNEED = 4;
  public static final int MADV_POPULATE_WRITE = 23;
  public static final int SIG_BLOCK = 0;

  /** Size in bytes of glibc's {@code sigset_t}. */
  public static final int SIGSET_BYTES = 128;

  /** Size in bytes of the kernel's own: a bit for each of its 64 signals. */
  public static final int KERNEL_SIGSET_BYTES = 8;

  /** Size in bytes of {@code struct timespec}. */
  public static final int TIMESPEC_BYTES = 16;

  private static final Linker LINKER = Linker.nativeLinker();

  /**
   * One shape for all functions, and for those of the devices too, some of which have memory for
   * their second argument. Each shape that the linker has not seen costs it some ten milliseconds
   * at the start, and there were a dozen.
   */
  private static final FunctionDescriptor WORDS =
      FunctionDescriptor.of(
          JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  private static final MethodHandle OPEN = function("open");
  private static final MethodHandle CLOSE = function("close");
  private static final MethodHandle IOCTL = function("ioctl");
  private static final MethodHandle MMAP = function("mmap");
  private static final MethodHandle MUNMAP = function("munmap");
  private static final MethodHandle MPROTECT = function("mprotect");
  private static final MethodHandle MADVISE = function("madvise");
  private static final MethodHandle MEMFD_CREATE = function("memfd_create");
  private static final MethodHandle FTRUNCATE = function("ftruncate");
  private static final MethodHandle FALLOCATE = function("fallocate");
  private static final MethodHandle PTHREAD_SIGMASK = function("pthread_sigmask");
  private static final MethodHandle SIGTIMEDWAIT = function("sigtimedwait");
  private static final MethodHandle GETTID = function("gettid");
  private static final MethodHandle GETPID = function("getpid");
  private static final MethodHandle TGKILL = function("tgkill");
  private static final MethodHandle SCHED_SETAFFINITY = function("sched_setaffinity");
  private static final MethodHandle SCHED_GETAFFINITY = function("sched_getaffinity");

  private Libc() {}

  private static MethodHandle function(String name) {
    return function(LINKER.defaultLookup().findOrThrow(name));
  }

  /** A handle of a function that is none of the C library's, but as these are. */
  static MethodHandle function(MemorySegment function) {
    // SAFETY: every argument of these functions is an integer or a pointer, and there are at most
    // six. The x86-64 psABI (3.2.3) passes those in the same six registers, of which a function
    // reads as many as it declares, and of an int only the lower half; a result of type int is the
    // lower half of the register, which is what the methods below take of it. The two functions
    // with variable arguments, open and ioctl, take no floating-point ones, so that what the ABI
    // wants in AL for them does not matter. The callers pass addresses of memory that they keep.
    return LINKER.downcallHandle(function, WORDS, Linker.Option.captureCallState("errno"));
  }

  /** A second argument that is no memory of ours. */
  private static MemorySegment word(long value) {
    return MemorySegment.ofAddress(value);
  }

  /** Calls a function of up to three arguments. */
  static long call(MethodHandle function, CallState state, long a, long b, long c) {
    try {
      return (long) function.invokeExact(state.segment, a, word(b), c, 0L, 0L, 0L);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** open(2) without a mode; -1 on error. */
  public static int open(CallState state, String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) call(OPEN, state, arena.allocateFrom(path).address(), flags, 0);
    }
  }

  /** close(2). */
  public static int close(CallState state, int fd) {
    return (int) call(CLOSE, state, fd, 0, 0);
  }

  /**
   * ioctl(2).
   *
   * @param argument an integer, or the address of a structure as the request wants it
   */
  public static int ioctl(CallState state, int fd, long request, long argument) {
    try {
      // Not through call: this is how a guest is entered.
      return (int)
          (long) IOCTL.invokeExact(state.segment, (long) fd, word(request), argument, 0L, 0L, 0L);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** mmap(2) wherever the kernel likes; the address, or -1 on error. */
  public static long mmap(
      CallState state, long length, int protection, int flags, int fd, long offset) {
    try {
      return (long)
          MMAP.invokeExact(
              state.segment, 0L, word(length), (long) protection, (long) flags, (long) fd, offset);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** munmap(2). */
  public static int munmap(CallState state, long address, long length) {
    return (int) call(MUNMAP, state, address, length, 0);
  }

  /** mprotect(2). */
  public static int mprotect(CallState state, long address, long length, int protection) {
    return (int) call(MPROTECT, state, address, length, protection);
  }

  /** madvise(2). */
  public static int madvise(CallState state, long address, long length, int advice) {
    return (int) call(MADVISE, state, address, length, advice);
  }

  /** memfd_create(2); -1 on error. */
  public static int memfdCreate(CallState state, String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) call(MEMFD_CREATE, state, arena.allocateFrom(name).address(), flags, 0);
    }
  }

  /** ftruncate(2). */
  public static int ftruncate(CallState state, int fd, long length) {
    return (int) call(FTRUNCATE, state, fd, length, 0);
  }

  /** fallocate(2) in its default mode: allocates the range. */
  public static int fallocate(CallState state, int fd, long offset, long length) {
    try {
      return (int)
          (long) FALLOCATE.invokeExact(state.segment, (long) fd, word(0), offset, length, 0L, 0L);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** pthread_sigmask(3) with {@code how = SIG_BLOCK}; 0 or an error number. */
  public static int blockSignals(CallState state, MemorySegment set, MemorySegment old) {
    return (int) call(PTHREAD_SIGMASK, state, SIG_BLOCK, set.address(), old.address());
  }

  /** sigtimedwait(2) without siginfo; the signal, or -1. */
  public static int sigtimedwait(CallState state, MemorySegment set, MemorySegment timeout) {
    return (int) call(SIGTIMEDWAIT, state, set.address(), 0, timeout.address());
  }

  /** gettid(2). */
  public static int gettid(CallState state) {
    return (int) call(GETTID, state, 0, 0, 0);
  }

  /** getpid(2). */
  public static int getpid(CallState state) {
    return (int) call(GETPID, state, 0, 0, 0);
  }

  /** tgkill(2): sends a signal to one thread of this process. */
  public static int tgkill(CallState state, int pid, int tid, int signal) {
    return (int) call(TGKILL, state, pid, tid, signal);
  }

  /** sched_setaffinity(2) of the calling thread. */
  public static int schedSetAffinity(CallState state, MemorySegment mask) {
    return (int) call(SCHED_SETAFFINITY, state, 0, mask.byteSize(), mask.address());
  }

  /** sched_getaffinity(2) of the calling thread; fills {@code mask}. */
  public static int schedGetAffinity(CallState state, MemorySegment mask) {
    return (int) call(SCHED_GETAFFINITY, state, 0, mask.byteSize(), mask.address());
  }

  /** The memory at an address, for {@code bytes} bytes, as long as the arena is open. */
  public static MemorySegment segmentAt(long address, long bytes, Arena arena) {
    // SAFETY: callers pass what mmap has just returned with the length they asked for, and unmap
    // it only after the arena has been closed.
    return MemorySegment.ofAddress(address).reinterpret(bytes, arena, null);
  }

  private static AssertionError unexpected(Throwable t) {
    if (t instanceof Error e) {
      throw e;
    }
    return new AssertionError("a downcall threw", t);
  }
}

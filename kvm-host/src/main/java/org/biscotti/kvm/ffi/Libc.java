package org.biscotti.kvm.ffi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
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

  // SAFETY: the linker trusts the descriptors below; each is the prototype in the man page, with
  // size_t, off_t and pointers as 64-bit integers, which is what the x86-64 psABI makes of them.
  private static final Linker LINKER = Linker.nativeLinker();

  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");

  private static final MethodHandle OPEN =
      handle(
          "open",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CLOSE =
      handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle IOCTL =
      handle(
          "ioctl",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle MMAP =
      handle(
          "mmap",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MUNMAP =
      handle("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle MADVISE =
      handle("madvise", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
  private static final MethodHandle MEMFD_CREATE =
      handle("memfd_create", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle FTRUNCATE =
      handle("ftruncate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle FALLOCATE =
      handle(
          "fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle PTHREAD_SIGMASK =
      handle("pthread_sigmask", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
  private static final MethodHandle SIGTIMEDWAIT =
      handle("sigtimedwait", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
  private static final MethodHandle GETTID = handle("gettid", FunctionDescriptor.of(JAVA_INT));
  private static final MethodHandle GETPID = handle("getpid", FunctionDescriptor.of(JAVA_INT));
  private static final MethodHandle TGKILL =
      handle("tgkill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle SCHED_SETAFFINITY =
      handle("sched_setaffinity", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));
  private static final MethodHandle SCHED_GETAFFINITY =
      handle("sched_getaffinity", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));

  private Libc() {}

  private static MethodHandle handle(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    Linker.Option[] all = new Linker.Option[options.length + 1];
    System.arraycopy(options, 0, all, 0, options.length);
    all[options.length] = ERRNO;
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, all);
  }

  /** open(2) without a mode; -1 on error. */
  public static int open(CallState state, String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) OPEN.invokeExact(state.segment, arena.allocateFrom(path), flags);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** close(2). */
  public static int close(CallState state, int fd) {
    try {
      return (int) CLOSE.invokeExact(state.segment, fd);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /**
   * ioctl(2).
   *
   * @param argument an integer, or the address of a structure as the request wants it
   */
  public static int ioctl(CallState state, int fd, long request, long argument) {
    try {
      return (int) IOCTL.invokeExact(state.segment, fd, request, argument);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** mmap(2) wherever the kernel likes; the address, or -1 on error. */
  public static long mmap(
      CallState state, long length, int protection, int flags, int fd, long offset) {
    try {
      return (long) MMAP.invokeExact(state.segment, 0L, length, protection, flags, fd, offset);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** munmap(2). */
  public static int munmap(CallState state, long address, long length) {
    try {
      return (int) MUNMAP.invokeExact(state.segment, address, length);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** madvise(2). */
  public static int madvise(CallState state, long address, long length, int advice) {
    try {
      return (int) MADVISE.invokeExact(state.segment, address, length, advice);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** memfd_create(2); -1 on error. */
  public static int memfdCreate(CallState state, String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) MEMFD_CREATE.invokeExact(state.segment, arena.allocateFrom(name), flags);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** ftruncate(2). */
  public static int ftruncate(CallState state, int fd, long length) {
    try {
      return (int) FTRUNCATE.invokeExact(state.segment, fd, length);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** fallocate(2) in its default mode: allocates the range. */
  public static int fallocate(CallState state, int fd, long offset, long length) {
    try {
      return (int) FALLOCATE.invokeExact(state.segment, fd, 0, offset, length);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** pthread_sigmask(3) with {@code how = SIG_BLOCK}; 0 or an error number. */
  public static int blockSignals(CallState state, MemorySegment set, MemorySegment old) {
    try {
      return (int) PTHREAD_SIGMASK.invokeExact(state.segment, SIG_BLOCK, set, old);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** sigtimedwait(2) without siginfo; the signal, or -1. */
  public static int sigtimedwait(CallState state, MemorySegment set, MemorySegment timeout) {
    try {
      return (int) SIGTIMEDWAIT.invokeExact(state.segment, set, MemorySegment.NULL, timeout);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** gettid(2). */
  public static int gettid(CallState state) {
    try {
      return (int) GETTID.invokeExact(state.segment);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** getpid(2). */
  public static int getpid(CallState state) {
    try {
      return (int) GETPID.invokeExact(state.segment);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** tgkill(2): sends a signal to one thread of this process. */
  public static int tgkill(CallState state, int pid, int tid, int signal) {
    try {
      return (int) TGKILL.invokeExact(state.segment, pid, tid, signal);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** sched_setaffinity(2) of the calling thread. */
  public static int schedSetAffinity(CallState state, MemorySegment mask) {
    try {
      return (int) SCHED_SETAFFINITY.invokeExact(state.segment, 0, mask.byteSize(), mask);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** sched_getaffinity(2) of the calling thread; fills {@code mask}. */
  public static int schedGetAffinity(CallState state, MemorySegment mask) {
    try {
      return (int) SCHED_GETAFFINITY.invokeExact(state.segment, 0, mask.byteSize(), mask);
    } catch (Throwable t) {
      throw unexpected(t);
    }
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

package org.biscotti.kvm.ffi;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The host's time-stamp counter. Java has no way to read it, and asking KVM for the guest's takes
 * microseconds, which is all of the error that the guest's clock may have.
 */
public final class TimestampCounter {
  /** rdtsc; shl rdx, 32; or rax, rdx; ret (SDM vol. 2B, RDTSC). */
  private static final byte[] CODE = {
    0x0f, 0x31, 0x48, (byte) 0xc1, (byte) 0xe2, 32, 0x48, 0x09, (byte) 0xd0, (byte) 0xc3
  };

  private static final long BYTES = 4096;

  /** For all threads: nobody looks at an error number that two may write. */
  private static final CallState STATE = new CallState(Arena.global());

  private static final @Nullable MethodHandle READ = link();

  private TimestampCounter() {}

  /** Null where the host does not let a process make code. */
  private static @Nullable MethodHandle link() {
    int access = Libc.PROT_READ | Libc.PROT_WRITE;
    long page = Libc.mmap(STATE, BYTES, access, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);
    if (page == -1) {
      return null;
    }
    MemorySegment code = Libc.segmentAt(page, BYTES, Arena.global());
    MemorySegment.copy(CODE, 0, code, JAVA_BYTE, 0, CODE.length);
    if (Libc.mprotect(STATE, page, BYTES, Libc.PROT_READ | Libc.PROT_EXEC) != 0) {
      return null;
    }
    // The page holds the ten bytes above, can no longer be written and is never unmapped. The code
    // takes no argument, touches no memory and changes only RAX, RDX and flags, which the x86-64
    // psABI (3.2.1) lets a function change.
    return Libc.function(code);
  }

  /** True if it can be read. */
  public static boolean isReadable() {
    return READ != null;
  }

  /** RDTSC of the processor that the caller happens to run on; 0 where it cannot be read. */
  public static long read() {
    MethodHandle handle = READ;
    if (handle == null) {
      return 0;
    }
    return Libc.call(handle, STATE, 0, 0, 0);
  }
}

package org.biscotti.devices;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.biscotti.devices.ffi.FileCalls;
import org.biscotti.devices.ffi.StatCalls;
import org.biscotti.devices.ffi.StatCalls.StatusResult;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostDirectory.Attributes;
import org.biscotti.kernel.port.HostDirectory.HostFile;

/**
 * An open regular file of the host. It is read and written, never mapped: a file that somebody
 * truncates gives short reads, where a mapping would give SIGBUS in the JVM. Thread-safe.
 */
final class BeneathFile implements HostFile {
  /** Most bytes that one call moves (read(2)). */
  private static final long COUNT_MAX = 0x7FFF_F000L;

  /** Most bytes that one call moves to or from a Java array. */
  private static final long BOUNCE_MAX = 1 << 16;

  private final Descriptor descriptor;

  /** Takes over a descriptor. */
  BeneathFile(Descriptor descriptor) {
    this.descriptor = descriptor;
  }

  @Override
  public Attributes attributes() {
    try (Descriptor.Use use = descriptor.use()) {
      StatusResult result = new StatusResult();
      HostErrors.check(StatCalls.statx(use.fd(), "", StatCalls.AT_EMPTY_PATH, result));
      return PathEntry.attributes(result.status());
    }
  }

  @Override
  public int read(long offset, MemorySegment to) {
    checkOffset(offset);
    try (Descriptor.Use use = descriptor.use()) {
      if (to.isNative()) {
        return (int) HostErrors.check(FileCalls.readAt(use.fd(), atMost(to, COUNT_MAX), offset));
      }
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment bounce = arena.allocate(Math.min(to.byteSize(), BOUNCE_MAX));
        long read = HostErrors.check(FileCalls.readAt(use.fd(), bounce, offset));
        MemorySegment.copy(bounce, 0, to, 0, read);
        return (int) read;
      }
    }
  }

  @Override
  public int write(long offset, MemorySegment from) {
    checkOffset(offset);
    try (Descriptor.Use use = descriptor.use()) {
      if (from.isNative()) {
        return (int) HostErrors.check(FileCalls.writeAt(use.fd(), atMost(from, COUNT_MAX), offset));
      }
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment bounce = arena.allocate(Math.min(from.byteSize(), BOUNCE_MAX));
        bounce.copyFrom(atMost(from, BOUNCE_MAX));
        return (int) HostErrors.check(FileCalls.writeAt(use.fd(), bounce, offset));
      }
    }
  }

  private static void checkOffset(long offset) {
    if (offset < 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  private static MemorySegment atMost(MemorySegment segment, long bytes) {
    return segment.byteSize() <= bytes ? segment : segment.asSlice(0, bytes);
  }

  @Override
  public void truncate(long size) {
    checkOffset(size);
    try (Descriptor.Use use = descriptor.use()) {
      HostErrors.check(FileCalls.truncate(use.fd(), size));
    }
  }

  @Override
  public void sync() {
    try (Descriptor.Use use = descriptor.use()) {
      HostErrors.check(FileCalls.sync(use.fd()));
    }
  }

  @Override
  public void close() {
    descriptor.close();
  }
}

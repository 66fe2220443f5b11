package org.biscotti.devices.ffi;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Contents of files and streams: read(2), write(2), pread(2), pwrite(2), lseek(2), ftruncate(2),
 * fsync(2). Segments are native memory; their size is the count.
 */
public final class FileCalls {
  private static final int EINTR = 4;

  // ssize_t read(int fd, void *buf, size_t count)
  private static final MethodHandle READ = CLibrary.function("read");

  // ssize_t write(int fd, const void *buf, size_t count)
  private static final MethodHandle WRITE = CLibrary.function("write");

  // ssize_t pread(int fd, void *buf, size_t count, off_t offset)
  private static final MethodHandle PREAD = CLibrary.function("pread");

  // ssize_t pwrite(int fd, const void *buf, size_t count, off_t offset)
  private static final MethodHandle PWRITE = CLibrary.function("pwrite");

  // off_t lseek(int fd, off_t offset, int whence)
  private static final MethodHandle LSEEK = CLibrary.function("lseek");

  // int ftruncate(int fd, off_t length)
  private static final MethodHandle FTRUNCATE = CLibrary.function("ftruncate");

  // int fsync(int fd)
  private static final MethodHandle FSYNC = CLibrary.function("fsync");

  private FileCalls() {}

  /** Reads at the file's offset (read(2)); bytes read or -errno. */
  public static long read(int fd, MemorySegment to) {
    return transfer(READ, fd, to, 0);
  }

  /** Writes at the file's offset (write(2)); bytes written or -errno. */
  public static long write(int fd, MemorySegment from) {
    return transfer(WRITE, fd, from, 0);
  }

  /** Reads at an offset in bytes (pread(2)); bytes read, 0 at the end, or -errno. */
  public static long readAt(int fd, MemorySegment to, long offset) {
    return transfer(PREAD, fd, to, offset);
  }

  /** Writes at an offset in bytes (pwrite(2)); bytes written or -errno. */
  public static long writeAt(int fd, MemorySegment from, long offset) {
    return transfer(PWRITE, fd, from, offset);
  }

  /** Those without an offset ignore it. */
  private static long transfer(MethodHandle handle, int fd, MemorySegment memory, long offset) {
    long result;
    do {
      try (Scratch scratch = Scratch.borrow()) {
        result = CLibrary.transfer(handle, scratch, fd, memory, offset);
      }
    } while (result == -EINTR);
    return result;
  }

  /** Moves the file's offset (lseek(2)); the new offset in bytes or -errno. */
  public static long seek(int fd, long offset, int whence) {
    try (Scratch scratch = Scratch.borrow()) {
      return CLibrary.call(LSEEK, scratch, fd, offset, whence);
    }
  }

  /** Sets the size in bytes (ftruncate(2)); 0 or -errno. */
  public static int truncate(int fd, long size) {
    try (Scratch scratch = Scratch.borrow()) {
      return CLibrary.intCall(FTRUNCATE, scratch, fd, size, 0);
    }
  }

  /** Waits until the file is on its medium (fsync(2)); 0 or -errno. */
  public static int sync(int fd) {
    try (Scratch scratch = Scratch.borrow()) {
      return CLibrary.intCall(FSYNC, scratch, fd, 0, 0);
    }
  }
}

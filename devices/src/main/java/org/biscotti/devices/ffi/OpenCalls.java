package org.biscotti.devices.ffi;

import static org.biscotti.devices.ffi.CLibrary.LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Opening and closing: openat2(2), fcntl(2), close(2). */
public final class OpenCalls {
  /** {@code dirfd} that stands for the working directory. */
  public static final int AT_FDCWD = -100;

  public static final int O_RDONLY = 0;
  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_ACCMODE = 3;
  public static final int O_CREAT = 0x40;
  public static final int O_EXCL = 0x80;
  public static final int O_NOCTTY = 0x100;
  public static final int O_NONBLOCK = 0x800;
  public static final int O_DIRECTORY = 0x10000;
  public static final int O_NOFOLLOW = 0x20000;
  public static final int O_CLOEXEC = 0x80000;
  public static final int O_PATH = 0x200000;

  /** No component may lead out of the directory (openat2(2)). */
  public static final int RESOLVE_BENEATH = 0x08;

  /** No magic link, such as those of procfs, is followed. */
  public static final int RESOLVE_NO_MAGICLINKS = 0x02;

  /** No symbolic link is followed; with O_PATH and O_NOFOLLOW the link itself is opened. */
  public static final int RESOLVE_NO_SYMLINKS = 0x04;

  static final int F_GETFL = 3;
  static final long SYS_OPENAT2 = 437;
  static final long HOW_FLAGS = 0;
  static final long HOW_MODE = 8;
  static final long HOW_RESOLVE = 16;
  static final long HOW_BYTES = 24;

  private static final int EINTR = 4;
  private static final int EAGAIN = 11;

  /** How often an open is repeated that lost a race with a rename (EAGAIN, openat2(2)). */
  private static final int RACES_MAX = 16;

  // long syscall(long number, int dirfd, const char *path, struct open_how *how, size_t size)
  private static final MethodHandle SYSCALL = CLibrary.function("syscall");

  // int fcntl(int fd, int cmd)
  private static final MethodHandle FCNTL = CLibrary.function("fcntl");

  // int close(int fd)
  private static final MethodHandle CLOSE = CLibrary.function("close");

  private OpenCalls() {}

  /**
   * Opens a path (openat2(2)); O_CLOEXEC is always added.
   *
   * @param path bytes as ISO 8859-1, shorter than PATH_MAX
   * @param mode permissions for O_CREAT, else 0
   * @param resolve RESOLVE_ flags
   * @return a descriptor or -errno
   */
  public static int open(int dirfd, String path, int flags, int mode, int resolve) {
    int result = openOnce(dirfd, path, flags, mode, resolve);
    for (int race = 0; race < RACES_MAX && (resolve != 0 && result == -EAGAIN); race++) {
      result = openOnce(dirfd, path, flags, mode, resolve);
    }
    return result;
  }

  private static int openOnce(int dirfd, String path, int flags, int mode, int resolve) {
    int result;
    do {
      result = openat2(dirfd, path, flags, mode, resolve);
    } while (result == -EINTR);
    return result;
  }

  private static int openat2(int dirfd, String path, int flags, int mode, int resolve) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment name = CLibrary.cString(scratch.first(), path);
      MemorySegment how = scratch.second();
      how.set(LONG, HOW_FLAGS, (flags | O_CLOEXEC) & 0xffff_ffffL);
      how.set(LONG, HOW_MODE, mode);
      how.set(LONG, HOW_RESOLVE, resolve);
      return (int)
          CLibrary.call(
              SYSCALL, scratch, SYS_OPENAT2, dirfd, name.address(), how.address(), HOW_BYTES);
    }
  }

  /** Status flags and access mode of an open file description (fcntl(2), F_GETFL), or -errno. */
  public static int statusFlags(int fd) {
    try (Scratch scratch = Scratch.borrow()) {
      return CLibrary.intCall(FCNTL, scratch, fd, F_GETFL, 0);
    }
  }

  /** Closes a descriptor (close(2)); it is gone whatever the result. */
  public static int close(int fd) {
    try (Scratch scratch = Scratch.borrow()) {
      return CLibrary.intCall(CLOSE, scratch, fd, 0, 0);
    }
  }
}

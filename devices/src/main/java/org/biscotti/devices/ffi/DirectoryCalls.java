package org.biscotti.devices.ffi;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/**
 * Names in directories: getdents64(2), readlink(2), mkdir(2), symlink(2), link(2), unlink(2),
 * rename(2), all in the form that takes a directory descriptor. Names are bytes as ISO 8859-1.
 */
public final class DirectoryCalls {
  /** unlinkat(2): remove a directory. */
  public static final int AT_REMOVEDIR = 0x200;

  /** renameat2(2): fail if the new name is taken. */
  public static final int RENAME_NOREPLACE = 1;

  /** renameat2(2): swap the two. */
  public static final int RENAME_EXCHANGE = 2;

  public static final int DT_UNKNOWN = 0;
  public static final int DT_DIR = 4;
  public static final int DT_REG = 8;
  public static final int DT_LNK = 10;

  static final long DIRENT_INO = 0;
  static final long DIRENT_RECLEN = 16;
  static final long DIRENT_TYPE = 18;
  static final long DIRENT_NAME = 19;

  // ssize_t getdents64(int fd, void *buf, size_t size)
  private static final MethodHandle GETDENTS64 = CLibrary.function("getdents64");

  // ssize_t readlinkat(int dirfd, const char *path, char *buf, size_t size)
  private static final MethodHandle READLINKAT = CLibrary.function("readlinkat");

  // int mkdirat(int dirfd, const char *path, mode_t mode)
  private static final MethodHandle MKDIRAT = CLibrary.function("mkdirat");

  // int symlinkat(const char *target, int dirfd, const char *path)
  private static final MethodHandle SYMLINKAT = CLibrary.function("symlinkat");

  // int linkat(int olddirfd, const char *old, int newdirfd, const char *new, int flags)
  private static final MethodHandle LINKAT = CLibrary.function("linkat");

  // int unlinkat(int dirfd, const char *path, int flags)
  private static final MethodHandle UNLINKAT = CLibrary.function("unlinkat");

  // int renameat2(int olddirfd, const char *old, int newdirfd, const char *new, unsigned flags)
  private static final MethodHandle RENAMEAT2 = CLibrary.function("renameat2");

  private DirectoryCalls() {}

  /** Receives the records of a directory. */
  @FunctionalInterface
  public interface EntryVisitor {
    /**
     * One entry.
     *
     * @param type DT_UNKNOWN where the file system does not say
     */
    void entry(String name, long inode, int type);
  }

  /**
   * Reads the next records of an open directory (getdents64(2)).
   *
   * @param buffer native memory for the records
   * @return bytes read, 0 at the end, or -errno
   */
  public static int readEntries(int fd, MemorySegment buffer, EntryVisitor visitor) {
    int bytes;
    try (Scratch scratch = Scratch.borrow()) {
      bytes = (int) CLibrary.transfer(GETDENTS64, scratch, fd, buffer, 0);
    }
    for (long at = 0; at < bytes; ) {
      long name = at + DIRENT_NAME;
      int type = Byte.toUnsignedInt(buffer.get(ValueLayout.JAVA_BYTE, at + DIRENT_TYPE));
      long inode = buffer.get(ValueLayout.JAVA_LONG_UNALIGNED, at + DIRENT_INO);
      visitor.entry(buffer.getString(name, StandardCharsets.ISO_8859_1), inode, type);
      at += Short.toUnsignedInt(buffer.get(ValueLayout.JAVA_SHORT_UNALIGNED, at + DIRENT_RECLEN));
    }
    return bytes;
  }

  /**
   * Target of the symbolic link that a descriptor was opened on with O_PATH (readlinkat(2)).
   *
   * @param into receives the target in its first element
   * @return its length in bytes or -errno
   */
  public static int readLink(int fd, String[] into) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment empty = CLibrary.cString(scratch.first(), "");
      MemorySegment target = scratch.second();
      long result =
          CLibrary.call(
              READLINKAT, scratch, fd, empty.address(), target.address(), Scratch.BUFFER_BYTES, 0);
      if (result >= 0) {
        byte[] bytes = target.asSlice(0, result).toArray(ValueLayout.JAVA_BYTE);
        into[0] = new String(bytes, StandardCharsets.ISO_8859_1);
      }
      return (int) result;
    }
  }

  /** Makes a directory (mkdirat(2)); 0 or -errno. */
  public static int makeDirectory(int dirfd, String name, int mode) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment path = CLibrary.cString(scratch.first(), name);
      return CLibrary.intCall(MKDIRAT, scratch, dirfd, path.address(), mode);
    }
  }

  /** Makes a symbolic link (symlinkat(2)); 0 or -errno. */
  public static int makeSymlink(String target, int dirfd, String name) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment to = CLibrary.cString(scratch.first(), target);
      MemorySegment path = CLibrary.cString(scratch.second(), name);
      return CLibrary.intCall(SYMLINKAT, scratch, to.address(), dirfd, path.address());
    }
  }

  /** Makes a hard link; a symbolic link is linked itself (linkat(2)); 0 or -errno. */
  public static int link(int fromDirfd, String fromName, int dirfd, String name) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment from = CLibrary.cString(scratch.first(), fromName);
      MemorySegment to = CLibrary.cString(scratch.second(), name);
      return CLibrary.intCall(LINKAT, scratch, fromDirfd, from.address(), dirfd, to.address(), 0);
    }
  }

  /** Removes a name (unlinkat(2)); 0 or -errno. */
  public static int unlink(int dirfd, String name, int flags) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment path = CLibrary.cString(scratch.first(), name);
      return CLibrary.intCall(UNLINKAT, scratch, dirfd, path.address(), flags);
    }
  }

  /** Renames (renameat2(2)); 0 or -errno. */
  public static int rename(int fromDirfd, String fromName, int dirfd, String name, int flags) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment from = CLibrary.cString(scratch.first(), fromName);
      MemorySegment to = CLibrary.cString(scratch.second(), name);
      return CLibrary.intCall(
          RENAMEAT2, scratch, fromDirfd, from.address(), dirfd, to.address(), flags);
    }
  }
}

package org.biscotti.kernel.port;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A directory of the host that the user has mounted, or one below it.
 *
 * <p>The implementation resolves single names beneath an open directory and never follows a link:
 * symbolic links are the guest kernel's to resolve. Only regular files, directories and symbolic
 * links are served; anything else, and live file systems such as procfs, is shown as not there.
 * Errors are thrown as {@link org.biscotti.kernel.abi.ErrnoException}.
 */
public interface HostDirectory extends AutoCloseable {
  /**
   * What the host says of a file.
   *
   * @param mode type and permissions as {@code st_mode}
   * @param blocks space taken, in units of 512 bytes
   * @param device identifies the host file system, with {@code inode} the file
   * @param atimeNanos times in nanoseconds since 1970
   */
  record Attributes(
      int mode,
      int uid,
      int gid,
      int links,
      long size,
      long blocks,
      long device,
      long inode,
      long atimeNanos,
      long mtimeNanos,
      long ctimeNanos) {}

  /**
   * An entry of a directory.
   *
   * @param name without slashes; bytes as ISO 8859-1, so that any host name survives
   * @param type S_IFREG, S_IFDIR or S_IFLNK
   * @param inode as in {@link Attributes}, for an entry on the device of its directory
   */
  record Entry(String name, int type, long inode) {}

  /** Attributes of this directory. */
  Attributes attributes();

  /** Attributes of an entry, or null if there is none that is served. */
  @Nullable Attributes lookup(String name);

  /** All entries that are served, without "." and "..". */
  List<Entry> list();

  /** Opens a directory below this one. */
  HostDirectory openDirectory(String name);

  /** Opens a regular file; {@code write} only in a mount that allows it. */
  HostFile openFile(String name, boolean write);

  /** The target of a symbolic link. */
  String readLink(String name);

  /** True if the user mounted this directory for writing. */
  boolean writable();

  /** Creates a regular file and opens it for writing; EEXIST if the name is taken. */
  HostFile create(String name, int permissions);

  void makeDirectory(String name, int permissions);

  void makeSymlink(String name, String target);

  /** Makes a hard link to {@code from/fromName} here; EXDEV across mounts. */
  void link(HostDirectory from, String fromName, String name);

  void unlink(String name, boolean directory);

  /** Renames within one mount (renameat2(2)); EXDEV across mounts. */
  void rename(String name, HostDirectory to, String toName, int flags);

  void setPermissions(String name, int permissions);

  void setOwner(String name, int uid, int gid);

  /** Sets times in nanoseconds since 1970; {@link Long#MIN_VALUE} leaves one as it is. */
  void setTimes(String name, long atimeNanos, long mtimeNanos);

  @Override
  void close();

  /** An open regular file of the host. Positions and counts are in bytes. */
  interface HostFile extends AutoCloseable {
    Attributes attributes();

    /** Reads at an offset; 0 at the end of the file. */
    int read(long offset, MemorySegment to);

    int write(long offset, MemorySegment from);

    void truncate(long size);

    void sync();

    @Override
    void close();
  }
}

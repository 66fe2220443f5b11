package org.biscotti.devices;

import org.biscotti.devices.ffi.OpenCalls;
import org.biscotti.devices.ffi.StatCalls;
import org.biscotti.devices.ffi.StatCalls.Status;
import org.biscotti.devices.ffi.StatCalls.StatusResult;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostDirectory.Attributes;

/**
 * A directory entry, opened with O_PATH, which neither reads it nor acts on it, and then looked at.
 * Whatever is decided about it holds for this very file, whatever happens to its name.
 */
final class PathEntry implements AutoCloseable {
  /** How names beneath a mount are resolved. */
  static final int RESOLVE =
      OpenCalls.RESOLVE_BENEATH | OpenCalls.RESOLVE_NO_MAGICLINKS | OpenCalls.RESOLVE_NO_SYMLINKS;

  /** Longest path or link target in bytes, terminating zero included. */
  static final int PATH_MAX = 4096;

  private static final int NAME_MAX = 255;

  /** st_mode: type and permissions (inode(7)). */
  static final int S_IFMT = 0xF000;

  static final int S_IFDIR = 0x4000;
  static final int S_IFREG = 0x8000;
  static final int S_IFLNK = 0xA000;

  private static final int REFUSED_MODE = S_IFDIR | 0555;
  private static final int CLOSED = -1;

  private int fd;
  private final Status status;
  private final boolean refused;

  private PathEntry(int fd, Status status, boolean refused) {
    this.fd = fd;
    this.status = status;
    this.refused = refused;
  }

  /**
   * Opens an entry of a directory.
   *
   * @param device {@code st_dev} of the directory, whose file system is known to be served
   * @throws ErrnoException ENOENT also for what is there but not served
   */
  static PathEntry open(HostMount mount, int dirfd, String name, long device) {
    checkName(name);
    int flags = OpenCalls.O_PATH | OpenCalls.O_NOFOLLOW;
    int fd = mount.files().open(dirfd, name, flags, 0, RESOLVE);
    return examine(fd, device, mount.device(), mount.files().mounts());
  }

  /** Takes over a descriptor of a path that the user named. */
  static PathEntry ofNamed(int fd, MountTable mounts) {
    return examine(fd, -1, -1, mounts);
  }

  private static PathEntry examine(int fd, long known, long named, MountTable mounts) {
    boolean done = false;
    try {
      StatusResult result = new StatusResult();
      HostErrors.check(StatCalls.statx(fd, "", StatCalls.AT_EMPTY_PATH, result));
      Status status = result.status();
      long user = named == -1 ? status.device() : named;
      boolean refused =
          status.device() != known && !FileSystemTypes.served(fd, status.device(), user, mounts);
      if (!isServedType(status.mode()) || (refused && type(status.mode()) != S_IFDIR)) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      done = true;
      return new PathEntry(fd, status, refused);
    } finally {
      if (!done) {
        var _ = OpenCalls.close(fd);
      }
    }
  }

  /**
   * Checks that a name is a single component.
   *
   * @throws ErrnoException EINVAL, ENOENT or ENAMETOOLONG
   */
  static void checkName(String name) {
    if (name.isEmpty()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    if (name.length() > NAME_MAX) {
      throw ErrnoException.of(Errno.ENAMETOOLONG);
    }
    if (name.equals(".") || name.equals("..") || name.indexOf('/') >= 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    checkBytes(name);
  }

  /** Checks that a string holds bytes, none of them zero. */
  static void checkBytes(String bytes) {
    for (int i = 0; i < bytes.length(); i++) {
      char c = bytes.charAt(i);
      if (c == 0 || c > 0xFF) {
        throw ErrnoException.of(Errno.EINVAL);
      }
    }
  }

  static int type(int mode) {
    return mode & S_IFMT;
  }

  /** True for the types of files that a guest gets to see. */
  static boolean isServedType(int mode) {
    int type = type(mode);
    return type == S_IFREG || type == S_IFDIR || type == S_IFLNK;
  }

  int fd() {
    return fd;
  }

  /** Gives the descriptor away; it is then the caller's to close. */
  int take() {
    int taken = fd;
    fd = CLOSED;
    return taken;
  }

  Status status() {
    return status;
  }

  /** True for a directory on a file system that is not served: it is shown as an empty one. */
  boolean isRefused() {
    return refused;
  }

  boolean isDirectory() {
    return type(status.mode()) == S_IFDIR;
  }

  boolean isRegularFile() {
    return type(status.mode()) == S_IFREG;
  }

  boolean isSymlink() {
    return type(status.mode()) == S_IFLNK;
  }

  /** What the guest gets to see of it. */
  Attributes attributes() {
    return refused ? refusedAttributes(status) : attributes(status);
  }

  /** A file's status as the port wants it. */
  static Attributes attributes(Status status) {
    return new Attributes(
        status.mode(),
        status.uid(),
        status.gid(),
        status.links(),
        status.size(),
        status.blocks(),
        status.device(),
        status.inode(),
        status.atimeNanos(),
        status.mtimeNanos(),
        status.ctimeNanos());
  }

  private static Attributes refusedAttributes(Status status) {
    return new Attributes(
        REFUSED_MODE,
        0,
        0,
        2,
        0,
        0,
        status.device(),
        status.inode(),
        status.atimeNanos(),
        status.mtimeNanos(),
        status.ctimeNanos());
  }

  @Override
  public void close() {
    if (fd != CLOSED) {
      var _ = OpenCalls.close(take());
    }
  }
}

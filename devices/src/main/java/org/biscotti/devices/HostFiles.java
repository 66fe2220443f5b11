package org.biscotti.devices;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.biscotti.devices.ffi.AttributeCalls;
import org.biscotti.devices.ffi.LimitCalls;
import org.biscotti.devices.ffi.OpenCalls;
import org.biscotti.devices.ffi.StatCalls;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.HostDirectory.HostFile;

/**
 * The host files that the user lets a machine see: the one door through which directories and
 * single files are named by a path of the host. Everything else is reached beneath those.
 *
 * <p>Holds what all mounts share: the door to {@code /proc/self/fd}, through which a checked
 * descriptor is reopened without looking its name up again; the table of mounts; the cache of open
 * directories; the count of open files. Thread-safe.
 */
public final class HostFiles implements AutoCloseable {
  private static final String DESCRIPTORS = "/proc/self/fd";
  private static final long PROC_MAGIC = 0x9FA0L;

  /** Share of the process's descriptors that open files may take, one in this many. */
  private static final int FILES_SHARE = 2;

  private static final int FILES_MAX = 1 << 16;

  /** Share of the process's descriptors that cached directories may take. */
  private static final int DIRECTORIES_SHARE = 8;

  private static final int DIRECTORIES_MAX = 512;
  private static final int DIRECTORIES_MIN = 8;

  private final Descriptor descriptors;
  private final MountTable mounts;
  private final DirectoryCache directories;
  private final int filesMax;
  private final AtomicInteger filesOpen = new AtomicInteger();

  /**
   * Prepares access to host files.
   *
   * @throws IOException if {@code /proc} is not mounted, or the host has no openat2(2)
   */
  public HostFiles() throws IOException {
    this((int) Math.min(LimitCalls.descriptorsMax(), Integer.MAX_VALUE));
  }

  /** For tests: pretends that the process may have that many descriptors. */
  HostFiles(int descriptorsMax) throws IOException {
    int flags = OpenCalls.O_PATH | OpenCalls.O_DIRECTORY;
    int fd = OpenCalls.open(OpenCalls.AT_FDCWD, DESCRIPTORS, flags, 0, 0);
    if (fd == -Errno.ENOSYS) {
      throw new IOException("the host has no openat2(2); Linux 5.6 or newer is needed");
    }
    if (fd < 0) {
      throw new FileSystemException(DESCRIPTORS, null, Errno.name(-fd));
    }
    descriptors = new Descriptor(fd);
    if (StatCalls.fileSystemType(fd) != PROC_MAGIC) {
      descriptors.close();
      throw new FileSystemException(DESCRIPTORS, null, "not on a proc file system");
    }
    try {
      mounts = new MountTable();
    } catch (ErrnoException failed) {
      descriptors.close();
      throw new IOException("mount table of the host: " + failed.getMessage(), failed);
    }
    filesMax = Math.min(FILES_MAX, descriptorsMax / FILES_SHARE);
    directories =
        new DirectoryCache(
            Math.clamp(descriptorsMax / DIRECTORIES_SHARE, DIRECTORIES_MIN, DIRECTORIES_MAX));
  }

  /**
   * Opens a directory that the user named; links in its path are followed.
   *
   * @param writable whether the guest may change what is in it
   * @throws IOException if it is no directory, or on a file system that is not served
   */
  public HostDirectory openDirectory(Path path, boolean writable) throws IOException {
    PathEntry entry = openNamed(path);
    try (entry) {
      if (!entry.isDirectory()) {
        throw new NotDirectoryException(path.toString());
      }
      HostMount mount = new HostMount(this, writable, entry.status().device());
      Descriptor pinned = new Descriptor(entry.take());
      DirectoryCache.Node root = directories.root(entry.status(), pinned);
      return new BeneathDirectory(mount, root);
    }
  }

  /**
   * Opens a single regular file that the user named, for reading; links in its path are followed.
   *
   * @throws IOException if it is no regular file, or on a file system that is not served
   */
  public HostFile openFile(Path path) throws IOException {
    try (PathEntry entry = openNamed(path)) {
      if (!entry.isRegularFile()) {
        throw new FileSystemException(path.toString(), null, "not a regular file");
      }
      return reopen(entry, false);
    } catch (ErrnoException failed) {
      throw failure(path, failed.errno());
    }
  }

  private PathEntry openNamed(Path path) throws IOException {
    String bytes = bytesOf(path);
    if (bytes.length() >= PathEntry.PATH_MAX) {
      throw failure(path, Errno.ENAMETOOLONG);
    }
    int fd = OpenCalls.open(OpenCalls.AT_FDCWD, bytes, OpenCalls.O_PATH, 0, 0);
    if (fd < 0) {
      throw failure(path, -fd);
    }
    try {
      PathEntry entry = PathEntry.ofNamed(fd, mounts);
      if (entry.isRefused()) {
        entry.close();
        throw new FileSystemException(
            path.toString(), null, "on a file system of a type that is not served");
      }
      return entry;
    } catch (ErrnoException failed) {
      throw new FileSystemException(
          path.toString(), null, "a device, or on a file system of a type that is not served");
    }
  }

  private static IOException failure(Path path, int errno) {
    return errno == Errno.ENOENT
        ? new NoSuchFileException(path.toString())
        : new FileSystemException(path.toString(), null, Errno.name(errno));
  }

  /** A path's bytes as ISO 8859-1; the JVM has decoded them by the locale's character set. */
  private static String bytesOf(Path path) {
    String name = System.getProperty("sun.jnu.encoding", "UTF-8");
    Charset charset = Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
    byte[] bytes = path.toAbsolutePath().toString().getBytes(charset);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /**
   * Opens, for reading or both, the very file that an entry has been checked to be.
   *
   * <p>The link in {@code /proc/self/fd} leads to the open file and not to its name, so nobody can
   * put a FIFO or a device in its place.
   */
  HostFile reopen(PathEntry entry, boolean write) {
    int access = write ? OpenCalls.O_RDWR : OpenCalls.O_RDONLY;
    int flags = access | OpenCalls.O_NONBLOCK | OpenCalls.O_NOCTTY;
    try (Descriptor.Use door = descriptors.use()) {
      return new BeneathFile(openFile(door.fd(), linkOf(entry.fd()), flags, 0, 0));
    }
  }

  /** Creates a regular file that must not exist; the caller has checked the name. */
  HostFile create(int dirfd, String name, int permissions) {
    int flags = OpenCalls.O_RDWR | OpenCalls.O_CREAT | OpenCalls.O_EXCL | OpenCalls.O_NOFOLLOW;
    Descriptor created = openFile(dirfd, name, flags, permissions, PathEntry.RESOLVE);
    try (Descriptor.Use file = created.use();
        Descriptor.Use door = descriptors.use()) {
      // The host has applied its umask.
      HostErrors.check(AttributeCalls.setMode(door.fd(), linkOf(file.fd()), permissions));
    } catch (ErrnoException failed) {
      created.close();
      throw failed;
    }
    return new BeneathFile(created);
  }

  /** Opens a file that counts against the limit for as long as it is open. */
  private Descriptor openFile(int dirfd, String name, int flags, int mode, int resolve) {
    if (filesOpen.incrementAndGet() > filesMax) {
      filesOpen.decrementAndGet();
      throw ErrnoException.of(Errno.ENFILE);
    }
    try {
      int fd = open(dirfd, name, flags, mode, resolve);
      return new Descriptor(fd, filesOpen::decrementAndGet);
    } catch (ErrnoException failed) {
      filesOpen.decrementAndGet();
      throw failed;
    }
  }

  /**
   * Opens a descriptor; when there are none left, once more without the cached directories.
   *
   * @throws ErrnoException for any error
   */
  int open(int dirfd, String name, int flags, int mode, int resolve) {
    int fd = OpenCalls.open(dirfd, name, flags, mode, resolve);
    if (fd == -Errno.EMFILE || fd == -Errno.ENFILE) {
      directories.evictAll();
      fd = OpenCalls.open(dirfd, name, flags, mode, resolve);
    }
    return (int) HostErrors.check(fd);
  }

  /** Path of an open descriptor's link below {@link #descriptorsDirectory}. */
  static String linkOf(int fd) {
    return Integer.toString(fd);
  }

  /** The open directory {@code /proc/self/fd}. */
  Descriptor.Use descriptorsDirectory() {
    return descriptors.use();
  }

  MountTable mounts() {
    return mounts;
  }

  DirectoryCache directories() {
    return directories;
  }

  /** Closes what the mounts share; directories and files that are still open become unusable. */
  @Override
  public void close() {
    directories.evictAll();
    mounts.close();
    descriptors.close();
  }
}

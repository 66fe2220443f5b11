package org.biscotti.devices;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.biscotti.devices.ffi.AttributeCalls;
import org.biscotti.devices.ffi.DirectoryCalls;
import org.biscotti.devices.ffi.OpenCalls;
import org.biscotti.devices.ffi.StatCalls;
import org.biscotti.devices.ffi.StatCalls.Status;
import org.biscotti.devices.ffi.StatCalls.StatusResult;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostDirectory;
import org.jspecify.annotations.Nullable;

/**
 * A directory of the host beneath one that the user named. Thread-safe.
 *
 * <p>An entry on another file system than its directory is a mount point of the host. It is served
 * if its own type is; a directory on one that is not is shown as empty (see {@link
 * FileSystemTypes}).
 *
 * <p>Through a writable mount a guest cannot make set-user-ID or set-group-ID programs for the
 * host: those bits are dropped from files, as the host drops them where a caller lacks the right.
 */
final class BeneathDirectory implements HostDirectory {
  /** Most entries that are listed; more is ENOMEM. */
  private static final int ENTRIES_MAX = 1 << 20;

  private static final long LIST_BUFFER_BYTES = 1 << 15;

  private static final int FILE_PERMISSIONS = 01777;
  private static final int DIRECTORY_PERMISSIONS = 03777;

  private static final int LOOKUP_FLAGS = StatCalls.AT_SYMLINK_NOFOLLOW | StatCalls.AT_NO_AUTOMOUNT;

  private static final int RENAME_FLAGS =
      DirectoryCalls.RENAME_NOREPLACE | DirectoryCalls.RENAME_EXCHANGE;

  private final HostMount mount;
  private final HostFiles files;
  private final DirectoryCache.Node node;

  BeneathDirectory(HostMount mount, DirectoryCache.Node node) {
    this.mount = mount;
    this.files = mount.files();
    this.node = node;
  }

  private Descriptor.Use use() {
    return files.directories().use(node);
  }

  private PathEntry open(Descriptor.Use directory, String name) {
    return PathEntry.open(mount, directory.fd(), name, node.device());
  }

  @Override
  public Attributes attributes() {
    try (Descriptor.Use directory = use()) {
      StatusResult result = new StatusResult();
      HostErrors.check(StatCalls.statx(directory.fd(), "", StatCalls.AT_EMPTY_PATH, result));
      return PathEntry.attributes(result.status());
    }
  }

  @Override
  public @Nullable Attributes lookup(String name) {
    PathEntry.checkName(name);
    try (Descriptor.Use directory = use()) {
      return lookup(directory, name);
    }
  }

  private @Nullable Attributes lookup(Descriptor.Use directory, String name) {
    Status status = statusOf(directory, name);
    if (status == null || !PathEntry.isServedType(status.mode())) {
      return null;
    }
    if (status.device() == node.device()) {
      return PathEntry.attributes(status);
    }
    try (PathEntry entry = open(directory, name)) {
      return entry.attributes();
    } catch (ErrnoException failed) {
      if (failed.errno() == Errno.ENOENT) {
        return null;
      }
      throw failed;
    }
  }

  /** Status of whatever has that name; null if nothing has. */
  private static @Nullable Status statusOf(Descriptor.Use directory, String name) {
    StatusResult result = new StatusResult();
    int error = StatCalls.statx(directory.fd(), name, LOOKUP_FLAGS, result);
    if (error == -Errno.ENOENT) {
      return null;
    }
    HostErrors.check(error);
    return result.status();
  }

  @Override
  public List<Entry> list() {
    List<Entry> entries = new ArrayList<>();
    int flags = OpenCalls.O_RDONLY | OpenCalls.O_DIRECTORY;
    try (Descriptor.Use directory = use();
        Descriptor stream =
            new Descriptor(files.open(directory.fd(), ".", flags, 0, PathEntry.RESOLVE));
        Descriptor.Use records = stream.use();
        Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(LIST_BUFFER_BYTES, Long.BYTES);
      int read;
      do {
        read =
            DirectoryCalls.readEntries(
                records.fd(),
                buffer,
                (name, inode, type) -> addEntry(directory, entries, name, inode, type));
        HostErrors.check(read);
      } while (read > 0);
    }
    return entries;
  }

  private void addEntry(
      Descriptor.Use directory, List<Entry> to, String name, long inode, int recordType) {
    if (name.equals(".") || name.equals("..")) {
      return;
    }
    int type = typeOf(directory, name, recordType);
    if (type == 0) {
      return;
    }
    if (to.size() == ENTRIES_MAX) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    to.add(new Entry(name, type, inode));
  }

  /** Type of an entry as st_mode has it, 0 if it is not served. */
  private int typeOf(Descriptor.Use directory, String name, int recordType) {
    if (recordType == DirectoryCalls.DT_UNKNOWN || files.mounts().mayBeMountPoint(name)) {
      Attributes attributes = lookup(directory, name);
      return attributes == null ? 0 : PathEntry.type(attributes.mode());
    }
    return switch (recordType) {
      case DirectoryCalls.DT_REG -> PathEntry.S_IFREG;
      case DirectoryCalls.DT_DIR -> PathEntry.S_IFDIR;
      case DirectoryCalls.DT_LNK -> PathEntry.S_IFLNK;
      default -> 0;
    };
  }

  @Override
  public HostDirectory openDirectory(String name) {
    try (Descriptor.Use directory = use();
        PathEntry entry = open(directory, name)) {
      if (!entry.isDirectory()) {
        throw ErrnoException.of(Errno.ENOTDIR);
      }
      if (entry.isRefused()) {
        return new EmptyDirectory(entry.attributes());
      }
      DirectoryCache.Node child =
          files.directories().child(node, name, entry.status(), entry.take());
      return new BeneathDirectory(mount, child);
    }
  }

  @Override
  public HostFile openFile(String name, boolean write) {
    if (write) {
      requireWritable();
    }
    try (Descriptor.Use directory = use();
        PathEntry entry = open(directory, name)) {
      if (entry.isDirectory()) {
        throw ErrnoException.of(Errno.EISDIR);
      }
      if (!entry.isRegularFile()) {
        throw ErrnoException.of(Errno.ELOOP);
      }
      return files.reopen(entry, write);
    }
  }

  @Override
  public String readLink(String name) {
    try (Descriptor.Use directory = use();
        PathEntry entry = open(directory, name)) {
      if (!entry.isSymlink()) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      String[] target = new String[1];
      HostErrors.check(DirectoryCalls.readLink(entry.fd(), target));
      return target[0];
    }
  }

  @Override
  public boolean writable() {
    return mount.writable();
  }

  private void requireWritable() {
    if (!mount.writable()) {
      throw ErrnoException.of(Errno.EROFS);
    }
  }

  @Override
  public HostFile create(String name, int permissions) {
    requireWritable();
    PathEntry.checkName(name);
    int mode = permissions & FILE_PERMISSIONS;
    try (Descriptor.Use directory = use()) {
      return files.create(directory.fd(), name, mode);
    }
  }

  @Override
  public void makeDirectory(String name, int permissions) {
    requireWritable();
    PathEntry.checkName(name);
    int mode = permissions & DIRECTORY_PERMISSIONS;
    try (Descriptor.Use directory = use()) {
      HostErrors.check(DirectoryCalls.makeDirectory(directory.fd(), name, mode));
      // The host has applied its umask.
      try (PathEntry entry = open(directory, name)) {
        setMode(entry, mode);
      }
    }
  }

  private void setMode(PathEntry entry, int permissions) {
    int mode = permissions & (entry.isDirectory() ? DIRECTORY_PERMISSIONS : FILE_PERMISSIONS);
    try (Descriptor.Use door = files.descriptorsDirectory()) {
      HostErrors.check(AttributeCalls.setMode(door.fd(), HostFiles.linkOf(entry.fd()), mode));
    }
  }

  @Override
  public void makeSymlink(String name, String target) {
    requireWritable();
    PathEntry.checkName(name);
    PathEntry.checkBytes(target);
    if (target.length() >= PathEntry.PATH_MAX) {
      throw ErrnoException.of(Errno.ENAMETOOLONG);
    }
    try (Descriptor.Use directory = use()) {
      HostErrors.check(DirectoryCalls.makeSymlink(target, directory.fd(), name));
    }
  }

  @Override
  public void link(HostDirectory from, String fromName, String name) {
    requireWritable();
    PathEntry.checkName(fromName);
    PathEntry.checkName(name);
    BeneathDirectory source = ofThisMount(from);
    try (Descriptor.Use fromDirectory = source.use();
        Descriptor.Use directory = use()) {
      if (PathEntry.type(source.served(fromDirectory, fromName)) == PathEntry.S_IFDIR) {
        throw ErrnoException.of(Errno.EPERM);
      }
      HostErrors.check(DirectoryCalls.link(fromDirectory.fd(), fromName, directory.fd(), name));
    }
  }

  private BeneathDirectory ofThisMount(HostDirectory other) {
    if (other instanceof BeneathDirectory beneath && beneath.mount.equals(mount)) {
      return beneath;
    }
    throw ErrnoException.of(Errno.EXDEV);
  }

  /** Mode of an entry that is there and served; ENOENT otherwise. */
  private int served(Descriptor.Use directory, String name) {
    Attributes attributes = lookup(directory, name);
    if (attributes == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return attributes.mode();
  }

  @Override
  public void unlink(String name, boolean directory) {
    requireWritable();
    PathEntry.checkName(name);
    int flags = directory ? DirectoryCalls.AT_REMOVEDIR : 0;
    try (Descriptor.Use here = use()) {
      int mode = served(here, name);
      if (!directory && PathEntry.type(mode) == PathEntry.S_IFDIR) {
        throw ErrnoException.of(Errno.EISDIR);
      }
      HostErrors.check(DirectoryCalls.unlink(here.fd(), name, flags));
    }
    files.directories().removed(node, name);
  }

  @Override
  public void rename(String name, HostDirectory to, String toName, int flags) {
    requireWritable();
    PathEntry.checkName(name);
    PathEntry.checkName(toName);
    if ((flags & ~RENAME_FLAGS) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    BeneathDirectory target = ofThisMount(to);
    try (Descriptor.Use here = use();
        Descriptor.Use there = target.use()) {
      var _ = served(here, name);
      // What the guest cannot see it cannot replace either.
      if (target.lookup(there, toName) == null && statusOf(there, toName) != null) {
        throw ErrnoException.of(Errno.EPERM);
      }
      HostErrors.check(DirectoryCalls.rename(here.fd(), name, there.fd(), toName, flags));
    }
    boolean exchanged = (flags & DirectoryCalls.RENAME_EXCHANGE) != 0;
    files.directories().renamed(node, name, target.node, toName, exchanged);
  }

  /** Opens an entry whose attributes are to be changed. */
  private PathEntry openForChange(Descriptor.Use directory, String name) {
    PathEntry entry = open(directory, name);
    if (entry.isRefused()) {
      entry.close();
      throw ErrnoException.of(Errno.EROFS);
    }
    return entry;
  }

  @Override
  public void setPermissions(String name, int permissions) {
    requireWritable();
    try (Descriptor.Use directory = use();
        PathEntry entry = openForChange(directory, name)) {
      if (entry.isSymlink()) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
      }
      setMode(entry, permissions);
    }
  }

  @Override
  public void setOwner(String name, int uid, int gid) {
    requireWritable();
    try (Descriptor.Use directory = use();
        PathEntry entry = openForChange(directory, name)) {
      HostErrors.check(AttributeCalls.setOwner(entry.fd(), uid, gid));
    }
  }

  @Override
  public void setTimes(String name, long atimeNanos, long mtimeNanos) {
    requireWritable();
    try (Descriptor.Use directory = use();
        PathEntry entry = openForChange(directory, name)) {
      HostErrors.check(AttributeCalls.setTimes(entry.fd(), atimeNanos, mtimeNanos));
    }
  }

  /** Lets the descriptor go; of a mount's own directory for good. */
  @Override
  public void close() {
    files.directories().close(node);
  }
}

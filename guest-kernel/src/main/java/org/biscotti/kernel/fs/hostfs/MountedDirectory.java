package org.biscotti.kernel.fs.hostfs;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Directory;
import org.biscotti.kernel.fs.DirectoryVisitor;
import org.biscotti.kernel.fs.Inode;
import org.biscotti.kernel.fs.InodeAccess;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.HostDirectory.Attributes;
import org.biscotti.kernel.port.HostDirectory.Entry;
import org.biscotti.kernel.port.HostDirectory.HostFile;
import org.jspecify.annotations.Nullable;

/**
 * A directory of a mounted host directory. Every lookup asks the host; what it found before is used
 * again if it is still the same file there.
 *
 * <p>The inode lock guards the listing and every change of {@code known}.
 */
final class MountedDirectory extends Directory implements MountedNode {
  private static final long FIRST_POSITION = 3;

  private final MountedFileSystem mounted;
  private final HostHandle.Identity identity;
  private final HostDirectory host;
  private final MountedPlace place = new MountedPlace();
  private final ConcurrentHashMap<String, Dentry> known = new ConcurrentHashMap<>(4);
  private volatile long hostSize;
  private volatile long hostBlocks;

  /** Position of each name that was listed; it keeps it for as long as the host has the name. */
  private final Map<String, Long> positions = new HashMap<>();

  private long nextPosition = FIRST_POSITION;

  /** What a listing that is under way goes on with, in order of position. */
  private @Nullable List<Listed> listing;

  /** An entry of the host and its position. */
  private record Listed(Entry entry, long position) {}

  /** A directory that is open on the host. */
  MountedDirectory(MountedFileSystem mounted, Attributes attributes, HostDirectory host) {
    super(
        mounted, mounted.number(attributes), attributes.mode(), attributes.uid(), attributes.gid());
    this.mounted = mounted;
    this.identity = HostHandle.Identity.of(attributes);
    this.host = host;
    takeOver(attributes);
  }

  HostDirectory host() {
    return host;
  }

  // ---- what the host says ----

  @Override
  public boolean is(Attributes attributes) {
    return identity.equals(HostHandle.Identity.of(attributes));
  }

  @Override
  public void update(Attributes attributes) {
    takeOver(attributes);
  }

  private void takeOver(Attributes attributes) {
    hostSize = attributes.size();
    hostBlocks = attributes.blocks();
    assign(
        attributes.mode(),
        attributes.uid(),
        attributes.gid(),
        attributes.links(),
        attributes.atimeNanos(),
        attributes.mtimeNanos(),
        attributes.ctimeNanos());
  }

  @Override
  protected void revalidate() {
    try {
      takeOver(host.attributes());
    } catch (ErrnoException unreachable) {
      // It is no longer there: what was known last has to do.
      return;
    }
  }

  @Override
  public void placed(Dentry entry, MountedDirectory in) {
    place.set(entry, in);
  }

  /** With it go all that were found below it. */
  @Override
  public void lost() {
    InodeAccess access = access();
    if (!access.enter()) {
      access.run(() -> lost());
      return;
    }
    try {
      known.forEach((name, entry) -> forget(name, entry));
      host.close();
    } finally {
      access.leave();
    }
  }

  @Override
  public long size() {
    return hostSize;
  }

  @Override
  public long blocks() {
    return hostBlocks;
  }

  // ---- looking up ----

  @Override
  public @Nullable Dentry lookup(String name, Caller caller) {
    Attributes attributes = host.lookup(name);
    Dentry entry = known.get(name);
    if (entry == null && attributes == null) {
      return null;
    }
    if (entry != null && attributes != null && isStill(entry, attributes)) {
      node(entry).update(attributes);
      return entry;
    }
    InodeAccess access = access();
    if (!access.enter()) {
      return access.call(() -> lookup(name, caller));
    }
    try {
      return lookupLocked(name);
    } finally {
      access.leave();
    }
  }

  private @Nullable Dentry lookupLocked(String name) {
    Attributes attributes = host.lookup(name);
    Dentry entry = known.get(name);
    if (entry != null) {
      if (attributes != null && isStill(entry, attributes)) {
        return entry;
      }
      entry.markUnlinked();
      forget(name, entry);
    }
    return attributes == null ? null : enter(name, found(name, attributes));
  }

  private static boolean isStill(Dentry entry, Attributes attributes) {
    return entry.inode().type() == (attributes.mode() & Stat.S_IFMT) && node(entry).is(attributes);
  }

  private static MountedNode node(Dentry entry) {
    return (MountedNode) entry.inode();
  }

  private Inode found(String name, Attributes attributes) {
    return switch (attributes.mode() & Stat.S_IFMT) {
      case Stat.S_IFDIR -> {
        HostDirectory opened = host.openDirectory(name);
        yield new MountedDirectory(mounted, opened.attributes(), opened);
      }
      case Stat.S_IFLNK -> new MountedSymlink(mounted, attributes, host.readLink(name));
      default -> new MountedFile(mounted, attributes, new HostHandle(host, name, attributes));
    };
  }

  private Dentry enter(String name, Inode inode) {
    if (!mounted.reserveEntry()) {
      forgetFiles();
      if (!mounted.reserveEntry()) {
        throw ErrnoException.of(Errno.ENOMEM);
      }
    }
    Dentry entry =
        inode instanceof MountedDirectory directory
            ? directory.named(dentry(), name)
            : new Dentry(inode, dentry(), name);
    known.put(name, entry);
    node(entry).placed(entry, this);
    return entry;
  }

  private void forget(String name, Dentry entry) {
    if (known.remove(name, entry)) {
      mounted.releaseEntry();
      node(entry).lost();
    }
  }

  /** Makes room: files are found again when they are looked up the next time. */
  private void forgetFiles() {
    known.forEach((name, entry) -> {
      if (!entry.inode().isDirectory()) {
        forget(name, entry);
      }
    });
  }

  // ---- listing ----

  @Override
  public void list(long after, DirectoryVisitor visitor, Caller caller) {
    InodeAccess access = access();
    if (!access.enter()) {
      access.run(() -> list(after, visitor, caller));
      return;
    }
    try {
      List<Listed> all = listing;
      if (all == null || after < FIRST_POSITION) {
        all = listHost();
        listing = all;
      }
      for (Listed listed : all) {
        if (listed.position() > after && !visit(listed, visitor)) {
          return;
        }
      }
      listing = null;
    } finally {
      access.leave();
    }
  }

  private boolean visit(Listed listed, DirectoryVisitor visitor) {
    Entry entry = listed.entry();
    long number = mounted.number(identity.device(), entry.inode());
    return visitor.entry(entry.name(), number, entry.type(), listed.position());
  }

  private List<Listed> listHost() {
    List<Entry> entries = host.list();
    Map<String, Long> former = new HashMap<>(positions);
    positions.clear();
    List<Listed> all = new ArrayList<>(entries.size());
    for (Entry entry : entries) {
      Long position = former.get(entry.name());
      long present = position == null ? nextPosition++ : position;
      positions.put(entry.name(), present);
      all.add(new Listed(entry, present));
    }
    all.sort(Comparator.comparingLong(Listed::position));
    return all;
  }

  @Override
  public boolean isEmpty() {
    return host.list().isEmpty();
  }

  // ---- changing ----

  @Override
  public Dentry create(String name, int permissions, int uid, int gid) {
    HostFile opened = host.create(name, permissions);
    Attributes attributes = opened.attributes();
    HostHandle handle = new HostHandle(host, name, attributes);
    handle.opened(opened);
    return made(name, new MountedFile(mounted, attributes, handle), uid, gid);
  }

  @Override
  public Dentry makeDirectory(String name, int permissions, int uid, int gid) {
    host.makeDirectory(name, permissions);
    return made(name, foundNew(name), uid, gid);
  }

  @Override
  public Dentry makeSymlink(String name, String target, int uid, int gid) {
    host.makeSymlink(name, target);
    return made(name, foundNew(name), uid, gid);
  }

  private Inode foundNew(String name) {
    Attributes attributes = host.lookup(name);
    if (attributes == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return found(name, attributes);
  }

  /**
   * Gives a new file to its owner, if the host lets us; else it belongs to who runs the machine.
   */
  private Dentry made(String name, Inode inode, int uid, int gid) {
    Dentry entry = enter(name, inode);
    if (inode.uid() != uid || inode.gid() != gid) {
      try {
        inode.setOwner(uid, gid);
      } catch (ErrnoException refused) {
        return entry;
      }
    }
    return entry;
  }

  @Override
  public Dentry link(String name, Inode file) {
    MountedPlace from =
        switch (file) {
          case MountedFile regular -> regular.place();
          case MountedSymlink symlink -> symlink.place();
          default -> throw ErrnoException.of(Errno.EPERM);
        };
    host.link(from.host(), from.name(), name);
    Dentry entry = enter(name, file);
    Attributes attributes = host.lookup(name);
    if (attributes != null) {
      node(entry).update(attributes);
    }
    return entry;
  }

  @Override
  public void unlink(Dentry entry) {
    host.unlink(entry.name(), false);
    gone(entry.name(), entry);
  }

  @Override
  public void removeDirectory(Dentry entry) {
    host.unlink(entry.name(), true);
    gone(entry.name(), entry);
  }

  /** The host has removed a name. */
  private void gone(String name, Dentry entry) {
    entry.markUnlinked();
    forget(name, entry);
    Inode inode = entry.inode();
    inode.addLinks(inode.isDirectory() ? -inode.links() : -Math.min(1, inode.links()));
  }

  @Override
  public void rename(Dentry entry, Directory to, String toName, @Nullable Dentry replaced) {
    MountedDirectory target = (MountedDirectory) to;
    host.rename(entry.name(), target.host, toName, 0);
    if (replaced != null) {
      target.gone(toName, replaced);
    }
    known.remove(entry.name(), entry);
    target.put(toName, entry);
  }

  @Override
  public void exchange(Dentry entry, Directory to, Dentry other) {
    MountedDirectory target = (MountedDirectory) to;
    String name = entry.name();
    String otherName = other.name();
    host.rename(name, target.host, otherName, Fcntl.RENAME_EXCHANGE);
    known.remove(name, entry);
    target.known.remove(otherName, other);
    target.put(otherName, entry);
    put(name, other);
  }

  private void put(String name, Dentry entry) {
    mounted.move(entry, dentry(), name);
    known.put(name, entry);
    node(entry).placed(entry, this);
  }

  // ---- attributes ----

  @Override
  public void setPermissions(int permissions) {
    place.host().setPermissions(place.name(), permissions);
    super.setPermissions(permissions);
  }

  @Override
  public void setOwner(int newUid, int newGid) {
    place.host().setOwner(place.name(), newUid, newGid);
    super.setOwner(newUid, newGid);
  }

  @Override
  public void setTimes(long newAccessNanos, long newModifyNanos) {
    place.host().setTimes(place.name(), newAccessNanos, newModifyNanos);
    super.setTimes(newAccessNanos, newModifyNanos);
  }
}

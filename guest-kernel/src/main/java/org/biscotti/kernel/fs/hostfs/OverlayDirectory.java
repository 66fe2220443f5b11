package org.biscotti.kernel.fs.hostfs;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Directory;
import org.biscotti.kernel.fs.DirectoryVisitor;
import org.biscotti.kernel.fs.Inode;
import org.biscotti.kernel.fs.InodeAccess;
import org.biscotti.kernel.fs.tmpfs.MemoryDirectory;
import org.biscotti.kernel.port.HostDirectory;
import org.biscotti.kernel.port.HostDirectory.Attributes;
import org.biscotti.kernel.port.HostDirectory.Entry;
import org.jspecify.annotations.Nullable;

/**
 * A directory that has the host's entries, each brought in when it is first looked up.
 *
 * <p>Before the first name disappears and before the first listing, all of the host's names are
 * noted once ("settled"). From then on only these can still come from the host, each at most once,
 * so a removed name stays removed. All fields are guarded by the inode lock.
 *
 * <p>A listing has two parts: the names noted then, in that order, as far as they are still there;
 * and behind them, from {@link #LATER} on, names that came later.
 */
final class OverlayDirectory extends MemoryDirectory {
  private static final long HEAP_BYTES = 768;
  private static final long NAME_HEAP_BYTES = 120;
  private static final long FIRST_POSITION = 3;

  /** Positions of names that came after the directory was settled. */
  private static final long LATER = 1L << 40;

  private final OverlayFileSystem overlay;
  private final long hostSize;
  private final long hostBlocks;
  private final long hostDevice;

  /** The directory itself, or, until it is first used, the one above and the name in that. */
  private HostDirectory host;

  private @Nullable String unopened;

  private @Nullable Names names;

  /** The host's names when the directory was settled. */
  private static final class Names {
    private final List<Entry> entries;
    private final Map<String, Integer> positions = new HashMap<>();
    private final boolean[] seen;
    private int unseen;

    private Names(List<Entry> entries) {
      this.entries = entries;
      this.seen = new boolean[entries.size()];
      this.unseen = entries.size();
      for (int i = 0; i < entries.size(); i++) {
        positions.put(entries.get(i).name(), i);
      }
    }

    private boolean isUnseen(String name) {
      Integer position = positions.get(name);
      return position != null && !seen[position];
    }

    private void markSeen(String name) {
      Integer position = positions.get(name);
      if (position != null && !seen[position]) {
        seen[position] = true;
        unseen--;
      }
    }
  }

  /** The root: a host directory that is open. */
  OverlayDirectory(
      OverlayFileSystem overlay, long number, Attributes attributes, HostDirectory host) {
    super(overlay, number, attributes.mode(), attributes.uid(), attributes.gid());
    this.overlay = overlay;
    this.host = host;
    this.hostSize = attributes.size();
    this.hostBlocks = attributes.blocks();
    this.hostDevice = attributes.device();
    // Some file systems of the host do not count subdirectories and give 1.
    assign(
        attributes.mode(),
        attributes.uid(),
        attributes.gid(),
        Math.max(2, attributes.links()),
        attributes.atimeNanos(),
        attributes.mtimeNanos(),
        attributes.ctimeNanos());
  }

  private OverlayDirectory(
      OverlayFileSystem overlay, Attributes attributes, HostDirectory above, String name) {
    this(overlay, overlay.number(attributes), attributes, above);
    unopened = name;
  }

  private HostDirectory host() {
    String name = unopened;
    if (name != null) {
      host = host.openDirectory(name);
      unopened = null;
    }
    return host;
  }

  // ---- bringing in ----

  @Override
  public @Nullable Dentry lookup(String name, Caller caller) {
    Dentry known = present(name);
    if (known != null) {
      return known;
    }
    InodeAccess access = access();
    if (!access.enter()) {
      return access.call(() -> lookup(name, caller));
    }
    try {
      known = present(name);
      if (known != null) {
        return known;
      }
      Names settled = names;
      return settled == null || settled.isUnseen(name) ? bringIn(name) : null;
    } finally {
      access.leave();
    }
  }

  private @Nullable Dentry bringIn(String name) {
    Attributes attributes = host().lookup(name);
    Dentry entry = attributes == null ? null : enter(name, attributes);
    if (names != null) {
      names.markSeen(name);
    }
    return entry;
  }

  private Dentry enter(String name, Attributes attributes) {
    Dentry entry =
        switch (attributes.mode() & Stat.S_IFMT) {
          case Stat.S_IFDIR -> directory(name, attributes);
          case Stat.S_IFLNK -> new Dentry(symlink(name, attributes), dentry(), name);
          default -> new Dentry(overlay.file(attributes, host(), name), dentry(), name);
        };
    try {
      return adopt(entry);
    } catch (ErrnoException full) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  private Dentry directory(String name, Attributes attributes) {
    overlay.take(HEAP_BYTES);
    return new OverlayDirectory(overlay, attributes, host(), name).named(dentry(), name);
  }

  private Inode symlink(String name, Attributes attributes) {
    String target = host().readLink(name);
    overlay.take(OverlaySymlink.heapBytes(target));
    return new OverlaySymlink(overlay, overlay.number(attributes), attributes, target);
  }

  /** Notes the host's names, once. */
  private Names settle() {
    Names settled = names;
    if (settled != null) {
      return settled;
    }
    List<Entry> entries = List.copyOf(host().list());
    overlay.take(entries.size() * NAME_HEAP_BYTES);
    Names noted = new Names(entries);
    int subdirectories = 0;
    for (Entry entry : entries) {
      subdirectories += entry.type() == Stat.S_IFDIR ? 1 : 0;
      if (present(entry.name()) != null) {
        noted.markSeen(entry.name());
      }
    }
    if (links() != 2 + subdirectories) {
      addLinks(2 + subdirectories - links());
    }
    names = noted;
    return noted;
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
      Names settled = settle();
      if (after < LATER && !listNoted(settled, after, visitor)) {
        return;
      }
      super.list(
          Math.max(0, after - LATER),
          (name, inode, mode, position) ->
              settled.positions.containsKey(name)
                  || visitor.entry(name, inode, mode, LATER + position),
          caller);
    } finally {
      access.leave();
    }
  }

  private boolean listNoted(Names settled, long after, DirectoryVisitor visitor) {
    int first = Math.clamp(after - FIRST_POSITION + 1, 0, settled.entries.size());
    for (int i = first; i < settled.entries.size(); i++) {
      Entry entry = settled.entries.get(i);
      Dentry present = settled.seen[i] ? present(entry.name()) : null;
      if (settled.seen[i] && present == null) {
        continue;
      }
      long number;
      int type;
      if (present != null) {
        number = present.inode().number();
        type = present.inode().mode();
      } else {
        number = overlay.number(hostDevice, entry.inode());
        type = entry.type();
      }
      if (!visitor.entry(entry.name(), number, type, FIRST_POSITION + i)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean isEmpty() {
    return settle().unseen == 0 && super.isEmpty();
  }

  @Override
  public long size() {
    return hostSize;
  }

  @Override
  public long blocks() {
    return hostBlocks;
  }

  // ---- what makes a name disappear ----

  @Override
  public void unlink(Dentry entry) {
    var _ = settle();
    super.unlink(entry);
  }

  @Override
  public void removeDirectory(Dentry entry) {
    var _ = settle();
    super.removeDirectory(entry);
  }

  @Override
  public void rename(Dentry entry, Directory to, String toName, @Nullable Dentry replaced) {
    var _ = settle();
    super.rename(entry, to, toName, replaced);
  }

  @Override
  protected void lastLinkGone() {
    Names settled = names;
    int noted = settled == null ? 0 : settled.entries.size();
    overlay.giveBack(HEAP_BYTES + noted * NAME_HEAP_BYTES);
    if (unopened == null) {
      host.close();
    }
  }
}

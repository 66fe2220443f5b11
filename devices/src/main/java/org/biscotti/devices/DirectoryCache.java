package org.biscotti.devices;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.biscotti.devices.ffi.OpenCalls;
import org.biscotti.devices.ffi.StatCalls;
import org.biscotti.devices.ffi.StatCalls.Status;
import org.biscotti.devices.ffi.StatCalls.StatusResult;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.jspecify.annotations.Nullable;

/**
 * Open directories, so many and no more: a guest that walks a whole file system keeps every
 * directory it has seen, and the JVM must not run out of descriptors for that.
 *
 * <p>A directory is a {@link Node}: which one it is, and where it was found. Its descriptor is
 * closed when it has not been used for long, and opened again, name by name beneath its mount, when
 * it is needed; it must then still be the same directory (device and inode number), or the guest
 * gets ESTALE. Renames by the guest move the node; renames by others on the host do not.
 */
final class DirectoryCache {
  /** How often a directory is looked for again whose names were just being changed. */
  private static final int ATTEMPTS = 3;

  /** A node's table of children is cleared of dead ones when it has grown by this much. */
  private static final int SWEEP_STEP = 64;

  private final ReentrantLock lock = new ReentrantLock();
  private final int capacity;

  /** Least recently used first. */
  @GuardedBy("lock")
  private final LinkedHashMap<Node, Descriptor> open = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * An empty cache.
   *
   * @param capacity how many descriptors it may hold, besides one for each mount
   */
  DirectoryCache(int capacity) {
    this.capacity = capacity;
  }

  /**
   * A directory beneath a mount, or the mount's own. Compared by identity. What is not final is
   * guarded by the lock of the one cache that all mounts share.
   */
  static final class Node {
    private final long device;
    private final long inode;

    /** The descriptor of a mount's own directory, which is never evicted; null for all others. */
    private final @Nullable Descriptor pinned;

    /** Null for a mount's own directory only. */
    private @Nullable Node parent;

    private String name = "";

    /** Directories found here that are still in use; they move along when they are renamed. */
    private final Map<String, WeakReference<Node>> children = new HashMap<>();

    private int sweepAt = SWEEP_STEP;

    private Node(Status status, @Nullable Descriptor pinned) {
      this.device = status.device();
      this.inode = status.inode();
      this.pinned = pinned;
    }

    /** {@code st_dev} of the directory. */
    long device() {
      return device;
    }

    private boolean is(Status status) {
      return status.device() == device && status.inode() == inode;
    }
  }

  /** One step of a way down to a directory. */
  private record Step(Node node, String name) {}

  /** A mount's own directory. */
  Node root(Status status, Descriptor pinned) {
    return new Node(status, pinned);
  }

  /** Closes a mount's own directory, or forgets the descriptor of another. */
  void close(Node node) {
    if (node.pinned != null) {
      node.pinned.close();
    } else {
      evict(node);
    }
  }

  /**
   * The node of a directory that was just opened.
   *
   * @param fd its descriptor, which is taken over
   */
  Node child(Node parent, String name, Status status, int fd) {
    Descriptor descriptor = new Descriptor(fd);
    Node node;
    lock.lock();
    try {
      WeakReference<Node> known = parent.children.get(name);
      Node found = known == null ? null : known.get();
      node = found != null && found.is(status) ? found : new Node(status, null);
      attach(node, parent, name);
    } finally {
      lock.unlock();
    }
    keep(node, descriptor);
    return node;
  }

  @GuardedBy("lock")
  private void attach(Node node, Node parent, String name) {
    node.parent = parent;
    node.name = name;
    parent.children.put(name, new WeakReference<>(node));
    if (parent.children.size() >= parent.sweepAt) {
      parent.children.values().removeIf(child -> child.get() == null);
      parent.sweepAt = parent.children.size() + SWEEP_STEP;
    }
  }

  /**
   * A use of a directory's descriptor, which is opened if need be.
   *
   * @throws ErrnoException ESTALE if the directory is no longer where it was
   */
  Descriptor.Use use(Node node) {
    for (int attempt = 1; ; attempt++) {
      Descriptor.Use cached = cached(node);
      if (cached != null) {
        return cached;
      }
      try {
        return reopen(node);
      } catch (ErrnoException failed) {
        boolean moved = failed.errno() == Errno.ENOENT || failed.errno() == Errno.ESTALE;
        if (!moved) {
          throw failed;
        }
        if (attempt == ATTEMPTS) {
          throw ErrnoException.of(Errno.ESTALE);
        }
      }
    }
  }

  private Descriptor.@Nullable Use cached(Node node) {
    if (node.pinned != null) {
      return node.pinned.use();
    }
    lock.lock();
    try {
      Descriptor descriptor = open.get(node);
      return descriptor == null ? null : descriptor.use();
    } finally {
      lock.unlock();
    }
  }

  /** Opens a directory by walking down from the nearest one above that is still open. */
  private Descriptor.Use reopen(Node node) {
    Deque<Step> way = new ArrayDeque<>();
    Descriptor.Use at = startOf(way, node);
    for (Step step : way) {
      Descriptor descriptor;
      try (Descriptor.Use above = at) {
        descriptor = openStep(above.fd(), step);
      }
      at = descriptor.use();
      keep(step.node(), descriptor);
    }
    return at;
  }

  /** Collects the steps to a directory; returns the open directory where they start. */
  private Descriptor.Use startOf(Deque<Step> way, Node node) {
    lock.lock();
    try {
      Node at = node;
      while (true) {
        Descriptor descriptor = at.pinned != null ? at.pinned : open.get(at);
        if (descriptor != null) {
          return descriptor.use();
        }
        way.addFirst(new Step(at, at.name));
        Node above = at.parent;
        if (above == null) {
          throw ErrnoException.of(Errno.ESTALE);
        }
        at = above;
      }
    } finally {
      lock.unlock();
    }
  }

  private Descriptor openStep(int dirfd, Step step) {
    int flags = OpenCalls.O_PATH | OpenCalls.O_NOFOLLOW;
    int fd = OpenCalls.open(dirfd, step.name(), flags, 0, PathEntry.RESOLVE);
    if (fd == -Errno.EMFILE || fd == -Errno.ENFILE) {
      evictAll();
      fd = OpenCalls.open(dirfd, step.name(), flags, 0, PathEntry.RESOLVE);
    }
    Descriptor descriptor = new Descriptor((int) HostErrors.check(fd));
    StatusResult result = new StatusResult();
    int error = StatCalls.statx(fd, "", StatCalls.AT_EMPTY_PATH, result);
    if (error != 0 || !step.node().is(result.status())) {
      descriptor.close();
      throw ErrnoException.of(Errno.ESTALE);
    }
    return descriptor;
  }

  /** Puts a descriptor into the cache and closes those that have to go for it. */
  private void keep(Node node, Descriptor descriptor) {
    List<Descriptor> evicted = new ArrayList<>(1);
    lock.lock();
    try {
      Descriptor former = open.put(node, descriptor);
      if (former != null) {
        evicted.add(former);
      }
      while (open.size() > capacity) {
        evicted.add(open.pollFirstEntry().getValue());
      }
    } finally {
      lock.unlock();
    }
    evicted.forEach(Descriptor::close);
  }

  private void evict(Node node) {
    Descriptor evicted;
    lock.lock();
    try {
      evicted = open.remove(node);
    } finally {
      lock.unlock();
    }
    if (evicted != null) {
      evicted.close();
    }
  }

  /** Closes all descriptors that are not in use; nodes stay usable. */
  void evictAll() {
    List<Descriptor> evicted;
    lock.lock();
    try {
      evicted = new ArrayList<>(open.values());
      open.clear();
    } finally {
      lock.unlock();
    }
    evicted.forEach(Descriptor::close);
  }

  /** How many descriptors the cache holds, those of mounts not counted. */
  int size() {
    lock.lock();
    try {
      return open.size();
    } finally {
      lock.unlock();
    }
  }

  /** Notes that a name was removed. */
  void removed(Node parent, String name) {
    Node gone = null;
    lock.lock();
    try {
      WeakReference<Node> child = parent.children.remove(name);
      gone = child == null ? null : child.get();
    } finally {
      lock.unlock();
    }
    if (gone != null) {
      evict(gone);
    }
  }

  /** Notes that a name was renamed, or swapped with the other. */
  void renamed(Node from, String name, Node to, String toName, boolean exchanged) {
    lock.lock();
    try {
      WeakReference<Node> moved = from.children.remove(name);
      WeakReference<Node> replaced = to.children.remove(toName);
      reattach(moved, to, toName);
      if (exchanged) {
        reattach(replaced, from, name);
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void reattach(@Nullable WeakReference<Node> child, Node parent, String name) {
    Node node = child == null ? null : child.get();
    if (node != null) {
      attach(node, parent, name);
    }
  }
}

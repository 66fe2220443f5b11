package org.biscotti.kernel.socket;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.AnonymousFileSystem;
import org.biscotti.kernel.fs.Caller;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.Inode;
import org.biscotti.kernel.fs.Namespace;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.fs.PathWalker;
import org.biscotti.kernel.fs.Permissions;
import org.biscotti.kernel.fs.SpecialFile;
import org.biscotti.kernel.fs.UserCounts;
import org.biscotti.kernel.ipc.Budget;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.port.Clock;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;
import org.jspecify.annotations.Nullable;

/** All sockets of a machine: makes them, finds them by name, and has the lock of connections. */
public final class Sockets {
  private static final long SOCKFS_MAGIC = 0x534F434BL;
  private static final int PERMISSIONS = 0777;
  private static final int FILES_IN_FLIGHT_MAX = 16_384;
  private static final int AUTOBIND_NAMES = 1 << 20;

  private final AnonymousFileSystem files;
  private final Budget budget;
  private final RankedLock lock = new RankedLock(LockRank.SOCKETS);
  private final ConcurrentHashMap<AbstractName, UnixSocket> abstractNames =
      new ConcurrentHashMap<>();
  private final Set<UnixSocket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger nextName = new AtomicInteger();
  private final UserCounts filesOfUsers = new UserCounts(Kind.FILE_IN_FLIGHT);
  private final AtomicInteger filesInFlight = new AtomicInteger();
  private final ConcurrentLinkedQueue<OpenFile> lost = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean closing = new AtomicBoolean();

  /** Abstract names of sockets of different types have nothing to do with each other. */
  private record AbstractName(String name, int type) {}

  /** Makes the file system that sockets are in. */
  public Sockets(Clock clock, Budget budget) {
    files = new AnonymousFileSystem("sockfs", SOCKFS_MAGIC, clock);
    this.budget = budget;
  }

  RankedLock lock() {
    return lock;
  }

  Budget budget() {
    return budget;
  }

  /**
   * Makes a socket.
   *
   * @param type SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET
   * @param flags O_NONBLOCK or 0
   */
  public UnixSocket make(Caller caller, int type, int flags) {
    return make(caller.credentials().fsuid(), caller.credentials().fsgid(), type, flags);
  }

  UnixSocket make(int uid, int gid, int type, int flags) {
    SocketInode inode = new SocketInode(files, uid, gid);
    Dentry dentry = new Dentry(inode, null, "socket:[" + inode.number() + "]");
    UnixSocket socket = new UnixSocket(this, dentry, type, flags | Fcntl.O_RDWR, uid);
    open.add(socket);
    return socket;
  }

  /** A socket has been closed. */
  void forget(UnixSocket socket) {
    open.remove(socket);
  }

  /** All that are open, as {@code /proc/net/unix} shows them; in no order, as there. */
  public byte[] listing() {
    StringBuilder text =
        new StringBuilder("Num       RefCount Protocol Flags    Type St Inode Path\n");
    open.forEach(socket -> socket.describe(text));
    return text.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private static final class SocketInode extends Inode {
    SocketInode(AnonymousFileSystem files, int uid, int gid) {
      super(files, files.newInodeNumber(), Stat.S_IFSOCK | PERMISSIONS, uid, gid);
    }

    @Override
    public OpenFile open(Dentry dentry, int flags, Caller caller) {
      throw ErrnoException.of(Errno.ENXIO);
    }
  }

  // ---- names ----

  /**
   * Gives a socket a name, with the lock held.
   *
   * @return what the name became
   * @throws ErrnoException EADDRINUSE, and what making a file fails with
   */
  Binding bind(UnixSocket socket, UnixAddress address, Caller caller) {
    if (address.isUnnamed()) {
      return bindAnywhere(socket);
    }
    if (address.isAbstract()) {
      AbstractName name = new AbstractName(address.name(), socket.type());
      if (abstractNames.putIfAbsent(name, socket) != null) {
        throw ErrnoException.of(Errno.EADDRINUSE);
      }
      return new Binding(address, null);
    }
    return new Binding(address, makeNode(socket, address.name(), caller));
  }

  /**
   * A name that a socket has.
   *
   * @param node the file, if it is a path
   */
  record Binding(UnixAddress address, @Nullable SpecialFile node) {}

  private Binding bindAnywhere(UnixSocket socket) {
    for (int tries = 0; tries < AUTOBIND_NAMES; tries++) {
      int number = nextName.getAndIncrement() & AUTOBIND_NAMES - 1;
      String text = String.format("%05x", number);
      AbstractName name = new AbstractName(text, socket.type());
      if (abstractNames.putIfAbsent(name, socket) == null) {
        return new Binding(new UnixAddress(text, true), null);
      }
    }
    throw ErrnoException.of(Errno.ENOSPC);
  }

  private static SpecialFile makeNode(UnixSocket socket, String path, Caller caller) {
    Dentry start = caller.fs().workingDirectory();
    try {
      Namespace.makeNode(caller, start, path, Stat.S_IFSOCK | PERMISSIONS, 0);
    } catch (ErrnoException e) {
      throw e.errno() == Errno.EEXIST ? ErrnoException.of(Errno.EADDRINUSE) : e;
    }
    Inode inode = PathWalker.resolve(caller, start, path, false).inode();
    if (!(inode instanceof SpecialFile node)) {
      throw ErrnoException.of(Errno.EADDRINUSE);
    }
    node.serve(socket);
    return node;
  }

  /** Takes a socket's name away; a path stays and leads nowhere. */
  void unbind(UnixSocket socket, Binding binding) {
    SpecialFile node = binding.node();
    if (node != null) {
      if (socket.equals(node.served())) {
        node.serve(null);
      }
    } else {
      abstractNames.remove(new AbstractName(binding.address().name(), socket.type()), socket);
    }
  }

  /**
   * The socket with a name.
   *
   * @param type of whoever looks for it
   * @throws ErrnoException ECONNREFUSED if there is none, EPROTOTYPE if it is of another type, and
   *     what looking a path up fails with
   */
  public UnixSocket find(UnixAddress address, int type, Caller caller) {
    Object found;
    if (address.isAbstract()) {
      found = abstractNames.get(new AbstractName(address.name(), type));
    } else {
      Inode inode =
          PathWalker.resolve(caller, caller.fs().workingDirectory(), address.name(), true).inode();
      Permissions.check(inode, caller.credentials(), Stat.W_OK);
      found = inode instanceof SpecialFile node ? node.served() : null;
    }
    if (!(found instanceof UnixSocket socket)) {
      throw ErrnoException.of(Errno.ECONNREFUSED);
    }
    if (socket.type() != type) {
      throw ErrnoException.of(Errno.EPROTOTYPE);
    }
    return socket;
  }

  // ---- files in messages ----

  /**
   * Notes files that are about to travel.
   *
   * @throws ErrnoException ETOOMANYREFS if the sender has too many on their way, or all have
   */
  void sending(int count, Outgoing.Sender sender) {
    if (count == 0) {
      return;
    }
    if (!filesOfUsers.add(sender.uid(), count, sender.filesMax())) {
      throw ErrnoException.of(Errno.ETOOMANYREFS);
    }
    if (filesInFlight.addAndGet(count) > FILES_IN_FLIGHT_MAX) {
      filesOfUsers.remove(sender.uid(), count);
      filesInFlight.addAndGet(-count);
      throw ErrnoException.of(Errno.ETOOMANYREFS);
    }
  }

  /** Notes files that have arrived, or never will. */
  void arrived(int count, Outgoing.Sender sender) {
    filesOfUsers.remove(sender.uid(), count);
    filesInFlight.addAndGet(-count);
  }

  /**
   * Closes files that nobody received. They may be sockets with files in their queues in turn: a
   * chain of any length is closed in a loop.
   */
  void close(List<OpenFile> abandoned, Outgoing.Sender sender) {
    arrived(abandoned.size(), sender);
    lost.addAll(abandoned);
    while (!lost.isEmpty() && closing.compareAndSet(false, true)) {
      try {
        for (OpenFile file; (file = lost.poll()) != null; ) {
          file.release();
        }
      } finally {
        closing.set(false);
      }
    }
  }

  /** Connects two sockets to each other (socketpair(2)). */
  public void connect(UnixSocket one, UnixSocket two, Caller caller) {
    Identity identity = Identity.ofPeer(caller);
    lock.lock();
    try {
      one.connected(two, identity);
      two.connected(one, identity);
    } finally {
      lock.unlock();
    }
  }

  /** A list of its own for files that travel. */
  static List<OpenFile> copy(List<OpenFile> files) {
    List<OpenFile> copies = new ArrayList<>(files.size());
    for (OpenFile file : files) {
      copies.add(file.retain());
    }
    return copies;
  }
}

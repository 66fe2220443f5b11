package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Socket.*;

import java.util.List;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.socket.Identity;
import org.biscotti.kernel.socket.Outgoing;
import org.biscotti.kernel.socket.Received;
import org.biscotti.kernel.socket.Sockets;
import org.biscotti.kernel.socket.UnixAddress;
import org.biscotti.kernel.socket.UnixSocket;
import org.biscotti.kernel.task.Task;
import org.jspecify.annotations.Nullable;

/** Sockets: making, naming and connecting them, and sending and receiving single buffers. */
final class SocketCalls {
  private static final int FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;

  private SocketCalls() {}

  private static Sockets sockets(Task t) {
    return t.kernel().files().sockets();
  }

  /** The socket behind a descriptor: EBADF, ENOTSOCK. */
  static UnixSocket socket(Task t, long fd) {
    if (!(t.files().get((int) fd) instanceof UnixSocket socket)) {
      throw ErrnoException.of(ENOTSOCK);
    }
    return socket;
  }

  static long socket(Task t, long family, long type, long protocol, long d, long e, long f) {
    int kind = kind(family, type, protocol);
    UnixSocket made = sockets(t).make(t, kind, (int) type & SOCK_NONBLOCK);
    return t.files().installNew(made, (type & SOCK_CLOEXEC) != 0);
  }

  /** Checks what is to be made; SOCK_RAW is another name of SOCK_DGRAM in the local family. */
  private static int kind(long family, long type, long protocol) {
    int kind = (int) type & SOCK_TYPE_MASK;
    if (((int) type & ~(SOCK_TYPE_MASK | FLAGS)) != 0 || kind >= SOCK_TYPES) {
      throw ErrnoException.of(EINVAL);
    }
    if ((int) family != AF_UNIX) {
      throw ErrnoException.of(EAFNOSUPPORT);
    }
    if ((int) protocol != 0 && (int) protocol != AF_UNIX) {
      throw ErrnoException.of(EPROTONOSUPPORT);
    }
    return switch (kind) {
      case SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET -> kind;
      case SOCK_RAW -> SOCK_DGRAM;
      default -> throw ErrnoException.of(ESOCKTNOSUPPORT);
    };
  }

  static long socketpair(Task t, long family, long type, long protocol, long to, long e, long f) {
    int kind = kind(family, type, protocol);
    int flags = (int) type & SOCK_NONBLOCK;
    UnixSocket one = sockets(t).make(t, kind, flags);
    UnixSocket two = sockets(t).make(t, kind, flags);
    sockets(t).connect(one, two, t);
    PipeCalls.installPair(t, to, one, two, (type & SOCK_CLOEXEC) != 0);
    return 0;
  }

  // ---- addresses ----

  /** Reads an address: EFAULT, EINVAL. */
  static UnixAddress address(Task t, long address, long length) {
    return UnixAddress.decode(path(t, address, length, AF_UNIX));
  }

  private static byte[] path(Task t, long address, long length, int family) {
    int bytes = UnixAddress.checkLength(length);
    if (t.memory().getShort(address) != family) {
      throw ErrnoException.of(EINVAL);
    }
    byte[] path = new byte[bytes - SUN_PATH];
    t.memory().copyInFully(address + SUN_PATH, path, 0, path.length);
    return path;
  }

  /**
   * Stores an address, cut to the room there is, and its real length (accept(2)).
   *
   * @param address null for one without a name
   */
  static void storeAddress(Task t, @Nullable UnixAddress address, long to, long lengthAt) {
    UserMemory memory = t.memory();
    int room = memory.getInt(lengthAt);
    if (room < 0) {
      throw ErrnoException.of(EINVAL);
    }
    byte[] bytes = (address == null ? UnixAddress.UNNAMED : address).encode();
    memory.copyOutFully(to, bytes, 0, Math.min(room, bytes.length));
    memory.setInt(lengthAt, bytes.length);
  }

  static long bind(Task t, long fd, long address, long length, long d, long e, long f) {
    UnixSocket socket = socket(t, fd);
    socket.bind(address(t, address, length), t);
    return 0;
  }

  static long listen(Task t, long fd, long backlog, long c, long d, long e, long f) {
    socket(t, fd).listen((int) backlog, t);
    return 0;
  }

  static long connect(Task t, long fd, long address, long length, long d, long e, long f) {
    UnixSocket socket = socket(t, fd);
    if ((int) length >= SUN_PATH && t.memory().getShort(address) == AF_UNSPEC) {
      socket.disconnect();
      return 0;
    }
    UnixAddress to = address(t, address, length);
    if (to.isUnnamed()) {
      throw ErrnoException.of(EINVAL);
    }
    socket.connect(sockets(t).find(to, socket.type(), t), t);
    return 0;
  }

  static long accept(Task t, long fd, long to, long lengthAt, long d, long e, long f) {
    return accept4(t, fd, to, lengthAt, 0, e, f);
  }

  static long accept4(Task t, long fd, long to, long lengthAt, long flags, long e, long f) {
    Paths.checkFlags(flags, FLAGS);
    UnixSocket listener = socket(t, fd);
    t.files().checkFree();
    UnixSocket server = listener.accept();
    server.setNonBlocking((flags & SOCK_NONBLOCK) != 0);
    int descriptor = t.files().installNew(server, (flags & SOCK_CLOEXEC) != 0);
    if (to != 0) {
      try {
        storeAddress(t, server.peerAddress(), to, lengthAt);
      } catch (ErrnoException bad) {
        t.files().close(descriptor);
        throw bad;
      }
    }
    return descriptor;
  }

  static long shutdown(Task t, long fd, long how, long c, long d, long e, long f) {
    socket(t, fd).shutdown((int) how);
    return 0;
  }

  static long getsockname(Task t, long fd, long to, long lengthAt, long d, long e, long f) {
    storeAddress(t, socket(t, fd).address(), to, lengthAt);
    return 0;
  }

  static long getpeername(Task t, long fd, long to, long lengthAt, long d, long e, long f) {
    storeAddress(t, socket(t, fd).peerAddress(), to, lengthAt);
    return 0;
  }

  // ---- single buffers ----

  /** For whom a message with an address is; EISCONN or EOPNOTSUPP for a stream. */
  static @Nullable UnixSocket receiver(Task t, UnixSocket from, long address, long length) {
    if (address == 0 || (int) length == 0) {
      return null;
    }
    if (from.type() == SOCK_STREAM) {
      throw ErrnoException.of(from.isConnected() ? EISCONN : EOPNOTSUPP);
    }
    UnixAddress to = address(t, address, length);
    if (from.type() == SOCK_SEQPACKET) {
      return null;
    }
    if (to.isUnnamed()) {
      throw ErrnoException.of(EINVAL);
    }
    return sockets(t).find(to, from.type(), t);
  }

  static long sendto(
      Task t, long fd, long buffer, long count, long flags, long address, long length) {
    UnixSocket socket = socket(t, fd);
    UnixSocket to = receiver(t, socket, address, length);
    t.buffer().reset(t.memory(), buffer, count);
    try (Outgoing out =
        new Outgoing((int) flags, to, Identity.ofSender(t), Outgoing.Sender.of(t), List.of())) {
      return socket.send(t.buffer(), out);
    }
  }

  static long recvfrom(
      Task t, long fd, long buffer, long count, long flags, long address, long lengthAt) {
    UnixSocket socket = socket(t, fd);
    t.buffer().reset(t.memory(), buffer, count);
    try (Received with = new Received()) {
      long done = socket.receive(t.buffer(), (int) flags, with);
      if (address != 0) {
        storeSender(t, with, address, lengthAt);
      }
      return done;
    }
  }

  private static void storeSender(Task t, Received with, long address, long lengthAt) {
    if (with.from() != null) {
      storeAddress(t, with.from(), address, lengthAt);
    } else {
      t.memory().setInt(lengthAt, 0);
    }
  }
}

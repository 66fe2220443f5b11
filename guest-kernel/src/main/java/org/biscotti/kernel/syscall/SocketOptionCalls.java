package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Socket.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.UserMemory;
import org.biscotti.kernel.socket.Identity;
import org.biscotti.kernel.socket.SocketOptions;
import org.biscotti.kernel.socket.UnixSocket;
import org.biscotti.kernel.task.Task;

/** Options of sockets: getsockopt(2), setsockopt(2). */
final class SocketOptionCalls {
  private static final long NANOS_PER_MICRO = 1000;
  private static final long MICROS = 1_000_000;
  private static final long SECONDS_MAX = Long.MAX_VALUE / MICROS / NANOS_PER_MICRO / 4;
  private static final int TIMEVAL_SIZE = 16;
  private static final int LINGER_SIZE = 8;

  private SocketOptionCalls() {}

  static long getsockopt(Task t, long fd, long level, long name, long to, long lengthAt, long f) {
    UnixSocket socket = SocketCalls.socket(t, fd);
    checkLevel(level);
    UserMemory memory = t.memory();
    int room = memory.getInt(lengthAt);
    if (room < 0) {
      throw ErrnoException.of(EINVAL);
    }
    byte[] value = value(socket, (int) name);
    int bytes = Math.min(room, value.length);
    memory.copyOutFully(to, value, 0, bytes);
    memory.setInt(lengthAt, bytes);
    return 0;
  }

  private static void checkLevel(long level) {
    if ((int) level != SOL_SOCKET) {
      throw ErrnoException.of(EOPNOTSUPP);
    }
  }

  private static byte[] value(UnixSocket socket, int name) {
    SocketOptions options = socket.options();
    return switch (name) {
      case SO_TYPE -> ints(socket.type());
      case SO_DOMAIN -> ints(AF_UNIX);
      case SO_PROTOCOL -> ints(0);
      case SO_ERROR -> ints(socket.takeError());
      case SO_ACCEPTCONN -> ints(socket.isListening() ? 1 : 0);
      case SO_SNDBUF -> ints(options.sendBytes());
      case SO_RCVBUF -> ints(options.receiveBytes());
      case SO_PASSCRED -> ints(options.passesCredentials() ? 1 : 0);
      case SO_PEERCRED -> {
        Identity peer = socket.peerIdentity();
        yield ints(peer.pid(), peer.uid(), peer.gid());
      }
      case SO_RCVTIMEO -> timeval(options.receiveNanos());
      case SO_SNDTIMEO -> timeval(options.sendNanos());
      case SO_LINGER -> ints(0, options.plain(SO_LINGER));
      case SO_RCVLOWAT, SO_SNDLOWAT -> ints(1);
      case SO_REUSEADDR, SO_BROADCAST, SO_KEEPALIVE, SO_DONTROUTE, SO_OOBINLINE, SO_PRIORITY ->
          ints(options.plain(name));
      default -> throw ErrnoException.of(ENOPROTOOPT);
    };
  }

  private static byte[] ints(int... values) {
    byte[] bytes = new byte[values.length * Integer.BYTES];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (values[i / Integer.BYTES] >>> (8 * (i % Integer.BYTES)));
    }
    return bytes;
  }

  private static byte[] timeval(long nanos) {
    long micros = nanos / NANOS_PER_MICRO;
    return ints(
        (int) (micros / MICROS), (int) ((micros / MICROS) >>> 32), (int) (micros % MICROS), 0);
  }

  static long setsockopt(Task t, long fd, long level, long name, long from, long length, long f) {
    UnixSocket socket = SocketCalls.socket(t, fd);
    checkLevel(level);
    if ((int) length < Integer.BYTES) {
      throw ErrnoException.of(EINVAL);
    }
    set(t, socket, (int) name, t.memory().getInt(from), from, (int) length);
    return 0;
  }

  private static void set(Task t, UnixSocket socket, int name, int value, long from, int length) {
    SocketOptions options = socket.options();
    switch (name) {
      case SO_SNDBUF -> options.setSendBytes(value, false);
      case SO_RCVBUF -> options.setReceiveBytes(value, false);
      case SO_SNDBUFFORCE -> options.setSendBytes(value, forced(t));
      case SO_RCVBUFFORCE -> options.setReceiveBytes(value, forced(t));
      case SO_PASSCRED -> options.setPassesCredentials(value != 0);
      case SO_RCVTIMEO -> options.setReceiveNanos(timeout(t, from, length));
      case SO_SNDTIMEO -> options.setSendNanos(timeout(t, from, length));
      case SO_LINGER -> {
        if (length < LINGER_SIZE) {
          throw ErrnoException.of(EINVAL);
        }
        options.setPlain(SO_LINGER, t.memory().getInt(from + Integer.BYTES));
      }
      case SO_REUSEADDR, SO_BROADCAST, SO_KEEPALIVE, SO_DONTROUTE, SO_OOBINLINE ->
          options.setPlain(name, value != 0 ? 1 : 0);
      case SO_PRIORITY -> options.setPlain(name, value);
      case SO_RCVLOWAT -> {}
      default -> throw ErrnoException.of(ENOPROTOOPT);
    }
  }

  private static boolean forced(Task t) {
    if (t.credentials().euid() != 0) {
      throw ErrnoException.of(EPERM);
    }
    return true;
  }

  /** {@code struct timeval}; 0 is for ever, and so is a time that is too long to count. */
  private static long timeout(Task t, long from, int length) {
    if (length < TIMEVAL_SIZE) {
      throw ErrnoException.of(EINVAL);
    }
    long seconds = t.memory().getLong(from);
    long micros = t.memory().getLong(from + Long.BYTES);
    if (micros < 0 || micros >= MICROS) {
      throw ErrnoException.of(EDOM);
    }
    if (seconds < 0) {
      return 1;
    }
    return seconds > SECONDS_MAX ? 0 : (seconds * MICROS + micros) * NANOS_PER_MICRO;
  }
}

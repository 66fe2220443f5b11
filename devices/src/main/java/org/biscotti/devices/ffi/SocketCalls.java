package org.biscotti.devices.ffi;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Sockets that the JVM was given as a standard stream: recv(2), send(2), never waiting and never
 * raising SIGPIPE. Segments are native memory.
 */
public final class SocketCalls {
  static final int MSG_DONTWAIT = 0x40;
  static final int MSG_NOSIGNAL = 0x4000;
  private static final long FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;

  // ssize_t recv(int fd, void *buf, size_t length, int flags)
  private static final MethodHandle RECV = CLibrary.function("recv");

  // ssize_t send(int fd, const void *buf, size_t length, int flags)
  private static final MethodHandle SEND = CLibrary.function("send");

  private SocketCalls() {}

  /** Receives what is there (recv(2)); bytes, 0 at the end, or -errno (-EAGAIN for nothing). */
  public static long receive(int fd, MemorySegment to) {
    try (Scratch scratch = Scratch.borrow()) {
      return CLibrary.transfer(RECV, scratch, fd, to, FLAGS);
    }
  }

  /** Sends what can be taken (send(2)); bytes or -errno (-EAGAIN for none). */
  public static long send(int fd, MemorySegment from) {
    try (Scratch scratch = Scratch.borrow()) {
      return CLibrary.transfer(SEND, scratch, fd, from, FLAGS);
    }
  }
}

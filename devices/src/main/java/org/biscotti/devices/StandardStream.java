package org.biscotti.devices;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.biscotti.devices.ffi.FileCalls;
import org.biscotti.devices.ffi.OpenCalls;
import org.biscotti.devices.ffi.PollCalls;
import org.biscotti.devices.ffi.SocketCalls;
import org.biscotti.devices.ffi.StatCalls;
import org.biscotti.devices.ffi.StatCalls.Status;
import org.biscotti.devices.ffi.StatCalls.StatusResult;
import org.biscotti.devices.ffi.TerminalCalls;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.port.HostStream;
import org.jspecify.annotations.Nullable;

/**
 * One descriptor that the caller of the command line had open.
 *
 * <p>A read or write that could wait must not, and O_NONBLOCK belongs to the open file description,
 * which others share. So pipes and pseudo-terminals are opened a second time, which gives a
 * description of one's own; sockets have a flag per call. Where neither works, the stream is polled
 * first and written in pieces that a ready pipe is sure to take (PIPE_BUF, pipe(7)); another reader
 * of the same stream can then still make a read wait.
 */
final class StandardStream implements HostStream, AutoCloseable {
  private static final int S_IFIFO = 0x1000;
  private static final int S_IFCHR = 0x2000;
  private static final int S_IFSOCK = 0xC000;

  private static final int PIPE_BUF = 4096;
  private static final long COUNT_MAX = 0x7FFF_F000L;
  private static final long BOUNCE_MAX = 1 << 16;
  private static final int NOT_YET = -1;

  /** Major numbers of the user's ends of pseudo-terminals (pts(4)). */
  private static final int PTS_MAJOR_FIRST = 136;

  private static final int PTS_MAJOR_LAST = 143;

  private static final int REPORTED_EVENTS =
      PollCalls.POLLIN | PollCalls.POLLOUT | PollCalls.POLLHUP | PollCalls.POLLERR;

  private final int fd;
  private final int mode;
  private final boolean terminal;
  private final ReadinessThread readiness;

  /** A description of our own with O_NONBLOCK set, or null. */
  private final @Nullable Descriptor own;

  /**
   * Wraps an open descriptor.
   *
   * @throws ErrnoException EBADF if it is not open
   */
  StandardStream(int fd, ReadinessThread readiness) {
    this.fd = fd;
    this.readiness = readiness;
    Status status = status();
    this.mode = status.mode();
    this.terminal =
        type() == S_IFCHR
            && TerminalCalls.attributes(fd, new byte[TerminalCalls.TERMIOS_BYTES]) == 0;
    this.own = type() == S_IFIFO || isPseudoTerminal(status) ? openOwn(fd) : null;
  }

  private int type() {
    return mode & PathEntry.S_IFMT;
  }

  private boolean isPseudoTerminal(Status status) {
    // Not any terminal: opening /dev/ptmx again makes a new one, /dev/tty and /dev/console may lead
    // elsewhere by now.
    long major = status.special() >> 8 & 0xfff;
    return terminal && major >= PTS_MAJOR_FIRST && major <= PTS_MAJOR_LAST;
  }

  private static @Nullable Descriptor openOwn(int fd) {
    int flags = OpenCalls.statusFlags(fd);
    if (flags < 0) {
      return null;
    }
    int again =
        OpenCalls.open(
            OpenCalls.AT_FDCWD,
            "/proc/self/fd/" + fd,
            (flags & OpenCalls.O_ACCMODE) | OpenCalls.O_NONBLOCK | OpenCalls.O_NOCTTY,
            0,
            0);
    return again < 0 ? null : new Descriptor(again);
  }

  private Status status() {
    StatusResult result = new StatusResult();
    HostErrors.check(StatCalls.statx(fd, "", StatCalls.AT_EMPTY_PATH, result));
    return result.status();
  }

  @Override
  public int mode() {
    return mode;
  }

  @Override
  public boolean isTerminal() {
    return terminal;
  }

  private boolean isRegularFile() {
    return type() == PathEntry.S_IFREG;
  }

  @Override
  public long size() {
    return isRegularFile() ? status().size() : 0;
  }

  @Override
  public int read(MemorySegment to) {
    if (to.isNative()) {
      return transferred(readNative(atMost(to, COUNT_MAX)));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bounce = arena.allocate(Math.min(to.byteSize(), BOUNCE_MAX));
      int read = transferred(readNative(bounce));
      if (read > 0) {
        MemorySegment.copy(bounce, 0, to, 0, read);
      }
      return read;
    }
  }

  private long readNative(MemorySegment to) {
    if (own != null) {
      try (Descriptor.Use use = own.use()) {
        return FileCalls.read(use.fd(), to);
      }
    }
    if (type() == S_IFSOCK) {
      return SocketCalls.receive(fd, to);
    }
    boolean mayWait = !isRegularFile() && PollCalls.readyNow(fd, PollCalls.POLLIN) == 0;
    return mayWait ? -Errno.EAGAIN : FileCalls.read(fd, to);
  }

  @Override
  public int write(MemorySegment from) {
    if (from.isNative()) {
      return transferred(writeNative(atMost(from, COUNT_MAX)));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bounce = arena.allocate(Math.min(from.byteSize(), BOUNCE_MAX));
      bounce.copyFrom(atMost(from, BOUNCE_MAX));
      return transferred(writeNative(bounce));
    }
  }

  private long writeNative(MemorySegment from) {
    if (own != null) {
      try (Descriptor.Use use = own.use()) {
        return FileCalls.write(use.fd(), from);
      }
    }
    if (type() == S_IFSOCK) {
      return SocketCalls.send(fd, from);
    }
    if (isRegularFile()) {
      return FileCalls.write(fd, from);
    }
    if (PollCalls.readyNow(fd, PollCalls.POLLOUT) == 0) {
      return -Errno.EAGAIN;
    }
    return FileCalls.write(fd, atMost(from, type() == S_IFIFO || terminal ? PIPE_BUF : COUNT_MAX));
  }

  private static int transferred(long result) {
    return result == -Errno.EAGAIN ? NOT_YET : (int) HostErrors.check(result);
  }

  private static MemorySegment atMost(MemorySegment segment, long bytes) {
    return segment.byteSize() <= bytes ? segment : segment.asSlice(0, bytes);
  }

  @Override
  public int readAt(MemorySegment to, long offset) {
    requireRegularFile();
    if (offset < 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (to.isNative()) {
      return (int) HostErrors.check(FileCalls.readAt(fd, atMost(to, COUNT_MAX), offset));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bounce = arena.allocate(Math.min(to.byteSize(), BOUNCE_MAX));
      int read = (int) HostErrors.check(FileCalls.readAt(fd, bounce, offset));
      MemorySegment.copy(bounce, 0, to, 0, read);
      return read;
    }
  }

  @Override
  public long seek(long offset, int whence) {
    requireRegularFile();
    return HostErrors.check(FileCalls.seek(fd, offset, whence));
  }

  private void requireRegularFile() {
    if (!isRegularFile()) {
      throw ErrnoException.of(Errno.ESPIPE);
    }
  }

  @Override
  public int ready() {
    int events = PollCalls.readyNow(fd, PollCalls.POLLIN | PollCalls.POLLOUT);
    return events < 0 ? 0 : events & REPORTED_EVENTS;
  }

  @Override
  public void awaitReadable(Runnable then) {
    readiness.await(fd, PollCalls.POLLIN, then);
  }

  @Override
  public void awaitWritable(Runnable then) {
    readiness.await(fd, PollCalls.POLLOUT, then);
  }

  @Override
  public byte[] terminalAttributes() {
    byte[] attributes = new byte[TerminalCalls.TERMIOS_BYTES];
    HostErrors.check(TerminalCalls.attributes(fd, attributes));
    return attributes;
  }

  @Override
  public int windowSize() {
    return (int) HostErrors.check(TerminalCalls.windowSize(fd));
  }

  /** Closes the description of our own; the descriptor that was given stays open. */
  @Override
  public void close() {
    if (own != null) {
      own.close();
    }
  }
}

package org.biscotti.devices.ffi;

import static org.biscotti.devices.ffi.CLibrary.INT;
import static org.biscotti.devices.ffi.CLibrary.LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/** Readiness: poll(2), eventfd(2). */
public final class PollCalls {
  public static final int POLLIN = 0x01;
  public static final int POLLPRI = 0x02;
  public static final int POLLOUT = 0x04;
  public static final int POLLERR = 0x08;
  public static final int POLLHUP = 0x10;
  public static final int POLLNVAL = 0x20;

  static final long FD = 0;
  static final long EVENTS = 4;
  static final long REVENTS = 6;
  static final long POLLFD_BYTES = 8;
  static final int EFD_CLOEXEC = 0x80000;
  static final int EFD_NONBLOCK = 0x800;

  // int poll(struct pollfd *fds, nfds_t nfds, int timeout)
  private static final MethodHandle POLL = CLibrary.function("poll");

  // int eventfd(unsigned initval, int flags)
  private static final MethodHandle EVENTFD = CLibrary.function("eventfd");

  private PollCalls() {}

  /** A set of descriptors to wait for; used by one thread. */
  public static final class PollSet {
    private final MemorySegment array;
    private int count;

    /**
     * An empty set.
     *
     * @param capacity how many descriptors it can hold
     */
    public PollSet(int capacity) {
      array = Arena.ofAuto().allocate(capacity * POLLFD_BYTES, Long.BYTES);
    }

    /** Makes the set empty. */
    public void clear() {
      count = 0;
    }

    /**
     * Adds a descriptor.
     *
     * @throws IndexOutOfBoundsException if the set is full
     */
    public void add(int fd, int events) {
      long at = count * POLLFD_BYTES;
      array.set(INT, at + FD, fd);
      array.set(ValueLayout.JAVA_SHORT, at + EVENTS, (short) events);
      array.set(ValueLayout.JAVA_SHORT, at + REVENTS, (short) 0);
      count++;
    }

    /** Events of the {@code index}th descriptor added, after {@link #poll}. */
    public int readyEvents(int index) {
      return array.get(ValueLayout.JAVA_SHORT, index * POLLFD_BYTES + REVENTS);
    }

    /**
     * Waits (poll(2)).
     *
     * @param timeoutMillis -1 for no limit
     * @return how many descriptors are ready, or -errno
     */
    public int poll(int timeoutMillis) {
      return PollCalls.poll(array, count, timeoutMillis);
    }
  }

  /** Events of one descriptor that are ready now, or -errno. */
  public static int readyNow(int fd, int events) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment one = scratch.first();
      one.set(INT, FD, fd);
      one.set(ValueLayout.JAVA_SHORT, EVENTS, (short) events);
      one.set(ValueLayout.JAVA_SHORT, REVENTS, (short) 0);
      int result = CLibrary.intCall(POLL, scratch, one.address(), 1, 0);
      return result < 0 ? result : one.get(ValueLayout.JAVA_SHORT, REVENTS);
    }
  }

  private static int poll(MemorySegment array, long count, int timeoutMillis) {
    try (Scratch scratch = Scratch.borrow()) {
      return CLibrary.intCall(POLL, scratch, array.address(), count, timeoutMillis);
    } finally {
      Reference.reachabilityFence(array);
    }
  }

  /** A new event counter for waking a thread out of poll (eventfd(2)); a descriptor or -errno. */
  public static int eventCounter() {
    try (Scratch scratch = Scratch.borrow()) {
      return CLibrary.intCall(EVENTFD, scratch, 0, EFD_CLOEXEC | EFD_NONBLOCK, 0);
    }
  }

  /** Makes an event counter readable. */
  public static void signal(int eventCounter) {
    try (Scratch scratch = Scratch.borrow()) {
      MemorySegment one = scratch.first().asSlice(0, Long.BYTES);
      one.set(LONG, 0, 1);
      // EAGAIN means that the counter is at its maximum, and so readable, which is the point.
      var _ = FileCalls.write(eventCounter, one);
    }
  }

  /** Makes an event counter unreadable again. */
  public static void drain(int eventCounter) {
    try (Scratch scratch = Scratch.borrow()) {
      var _ = FileCalls.read(eventCounter, scratch.first().asSlice(0, Long.BYTES));
    }
  }
}

package org.biscotti.kernel.mem;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.biscotti.kernel.abi.ErrnoException;

/**
 * What programs make the kernel keep on the Java heap, counted by rough sizes against half of the
 * heap. A call that would keep more is refused before it has had an effect, so the heap does not
 * run out: the other half is for what calls use while they last, for what the model underestimates,
 * and for the collector.
 *
 * <p>The sizes are those of the objects behind one thing, added up by their fields and rounded up.
 * What there may be thousands of for one process has to leave a quarter of the budget to processes,
 * their memory and their open files, so that whoever fills it can still be looked at and killed.
 *
 * <p>There is one for the JVM, as there is one heap. Thread-safe, without locks.
 */
public final class KernelMemory {
  /** The heap of this JVM. */
  public static final KernelMemory HEAP = new KernelMemory(Runtime.getRuntime().maxMemory() / 2);

  private static final int BULK_SHARE = 4;

  /** A kind of thing, and what one of it takes. */
  public enum Kind {
    /** A process: page tables' top level, buffers of its pager, a first descriptor table. */
    PROCESS(24 << 10, false),
    /** A task: its registers with vector state, and the stack of a call that waits. */
    TASK(16 << 10, false),
    /** A mapping and its place in the tree. */
    AREA(256, false),
    /** An open file of any kind: a socket with its queues is the largest. */
    OPEN_FILE(2 << 10, false),
    /** A place in a descriptor table beyond the first. */
    DESCRIPTOR(8, true),
    /** A lock of a part of a file. */
    LOCK(128, true),
    /** A signal that waits, or a timer that will send one. */
    SIGNAL(512, true),
    /** A file in a message: its place in the list. */
    FILE_IN_FLIGHT(32, true),
    /** A byte of names, inodes and what is in pipes and sockets, which count themselves. */
    BYTE(1, true);

    private final long bytes;
    private final boolean bulk;

    Kind(long bytes, boolean bulk) {
      this.bytes = bytes;
      this.bulk = bulk;
    }
  }

  private final long bytesMax;
  private final AtomicLong bytes = new AtomicLong();
  private final Map<Kind, LongAdder> counts = new EnumMap<>(Kind.class);

  /** A budget of so many bytes. */
  public KernelMemory(long bytesMax) {
    this.bytesMax = bytesMax;
    for (Kind kind : Kind.values()) {
      counts.put(kind, new LongAdder());
    }
  }

  /**
   * Takes room for things.
   *
   * @param errno thrown if there is none; nothing is taken then
   */
  public void reserve(Kind kind, long count, int errno) {
    if (!tryReserve(kind, count)) {
      throw ErrnoException.of(errno);
    }
  }

  /** Takes room for things; false if there is none, and then nothing is taken. */
  public boolean tryReserve(Kind kind, long count) {
    long more = kind.bytes * count;
    if (bytes.addAndGet(more) > limit(kind)) {
      bytes.addAndGet(-more);
      return false;
    }
    counter(kind).add(count);
    return true;
  }

  /** Counts one thing that is there already; whoever made it has asked {@link #hasRoom}. */
  public void add(Kind kind) {
    bytes.addAndGet(kind.bytes);
    counter(kind).increment();
  }

  /** True if there is room for one more. */
  public boolean hasRoom(Kind kind) {
    return bytes.get() + kind.bytes <= limit(kind);
  }

  /** Gives room back. */
  public void release(Kind kind, long count) {
    bytes.addAndGet(-kind.bytes * count);
    counter(kind).add(-count);
  }

  /** How many things of a kind there are. */
  public long count(Kind kind) {
    return counter(kind).sum();
  }

  /** Bytes that all things take by this model. */
  public long bytes() {
    return bytes.get();
  }

  private LongAdder counter(Kind kind) {
    return Objects.requireNonNull(counts.get(kind));
  }

  private long limit(Kind kind) {
    return kind.bulk ? bytesMax - bytesMax / BULK_SHARE : bytesMax;
  }
}

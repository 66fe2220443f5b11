package org.biscotti.kernel.ipc;

import java.util.concurrent.atomic.AtomicLong;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;

/**
 * How much of the heap may be taken by bytes that are in flight: an eighth. A program that fills
 * pipes and sockets gets an error, not the kernel's memory.
 */
public final class Budget {
  private static final long HEAP_SHARE = 8;

  private final long bytesMax;
  private final AtomicLong bytes = new AtomicLong();

  /** A budget of the usual share of the heap. */
  public Budget() {
    this(Runtime.getRuntime().maxMemory() / HEAP_SHARE);
  }

  /** A budget of so many bytes. */
  public Budget(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  /**
   * Takes a part of it.
   *
   * @param errno thrown if there is not so much left
   */
  public void charge(long count, int errno) {
    if (bytes.addAndGet(count) > bytesMax || !KernelMemory.HEAP.tryReserve(Kind.BYTE, count)) {
      bytes.addAndGet(-count);
      throw ErrnoException.of(errno);
    }
  }

  /** Gives a part back. */
  public void release(long count) {
    bytes.addAndGet(-count);
    KernelMemory.HEAP.release(Kind.BYTE, count);
  }

  /** Bytes taken now. */
  public long charged() {
    return bytes.get();
  }
}

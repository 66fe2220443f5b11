package org.biscotti.kernel.fs;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.biscotti.kernel.wait.HelpedScheduler;
import org.biscotti.kernel.wait.VirtualThreads;

/**
 * A virtual thread for each inode that somebody operates on, as the paper's file system has it
 * (section 4.1). Calls send their operations to it, and wait.
 *
 * <p>A platform thread that waits, a vCPU's, runs the inode's thread itself ({@link
 * HelpedScheduler}); a virtual one parks. So no call needs {@code MustWait} for an inode.
 *
 * <p>A thread starts with the first request and ends when its inode is freed. Threads that have
 * nothing to do are kept as long as there are not too many and the heap has room; others end with
 * their last request.
 */
final class InodeThreads implements InodePolicy {
  /** What a parked thread takes of the heap, about: itself and some frames of its stack. */
  private static final long THREAD_BYTES = 2048;

  /** Of the heap idle threads may take this part: files need it more. */
  private static final long HEAP_SHARE = 64;

  private static final long THREADS_MAX = 16_384;

  private final long keptMax;
  private final HelpedScheduler scheduler;
  private final Runnable unpin;
  private final Set<Thread> live = ConcurrentHashMap.newKeySet();
  private final AtomicInteger liveCount = new AtomicInteger();
  private final AtomicInteger livePeak = new AtomicInteger();
  private final LongAdder requests = new LongAdder();
  private volatile boolean closed;

  /**
   * No threads yet.
   *
   * @param elsewhere runs threads of inodes that only virtual threads wait for
   * @param unpin lets the calling thread run on any core
   */
  InodeThreads(Executor elsewhere, Runnable unpin) {
    this(
        elsewhere,
        unpin,
        Math.min(THREADS_MAX, Runtime.getRuntime().maxMemory() / HEAP_SHARE / THREAD_BYTES));
  }

  /**
   * The same.
   *
   * @param keptMax with more threads than these, those that have nothing to do end
   */
  InodeThreads(Executor elsewhere, Runnable unpin, long keptMax) {
    this.keptMax = keptMax;
    scheduler = new HelpedScheduler(elsewhere);
    this.unpin = unpin;
  }

  @Override
  public InodeAccess newAccess() {
    return new InodeThread(this);
  }

  @Override
  public int liveThreads() {
    return liveCount.get();
  }

  @Override
  public int liveThreadsPeak() {
    return livePeak.get();
  }

  @Override
  public long requests() {
    return requests.sum();
  }

  @Override
  public void close() {
    closed = true;
    live.forEach(LockSupport::unpark);
  }

  boolean isClosed() {
    return closed;
  }

  HelpedScheduler scheduler() {
    return scheduler;
  }

  void countRequest() {
    requests.increment();
  }

  /** Starts the thread of an inode. */
  void start(InodeThread inode) {
    if (VirtualThreads.takeScheduler()) {
      VirtualThreads.make(scheduler, inode::serve).start();
    } else {
      Thread _ =
          Thread.ofVirtual()
              .start(() -> {
                unpin.run();
                inode.serve();
              });
    }
  }

  /**
   * Notes that the calling thread is one of an inode.
   *
   * @return true if it may wait for more requests when it has done those that there are
   */
  boolean begun() {
    int now = liveCount.incrementAndGet();
    livePeak.accumulateAndGet(now, Math::max);
    boolean kept = now <= keptMax && KernelMemory.HEAP.tryReserve(Kind.BYTE, THREAD_BYTES);
    if (kept) {
      live.add(Thread.currentThread());
    }
    return kept;
  }

  /** Notes that the calling thread ends. */
  void ended(boolean kept) {
    if (kept) {
      live.remove(Thread.currentThread());
      KernelMemory.HEAP.release(Kind.BYTE, THREAD_BYTES);
    }
    liveCount.decrementAndGet();
  }
}

package org.biscotti.kernel.fs;

import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.biscotti.kernel.wait.HelpedScheduler;
import org.biscotti.kernel.wait.LockRank;
import org.biscotti.kernel.wait.RankedLock;
import org.biscotti.kernel.wait.VirtualThreads;
import org.jspecify.annotations.Nullable;

/**
 * An inode that a virtual thread has: it takes requests from a queue and answers them one after the
 * other.
 *
 * <p>A request may be made by the thread of another inode, as a directory's thread does that
 * removes a file. The first thread then waits, so the operation has both inodes: whatever runs for
 * it finds the inodes that it has along the chain of requests, and comes back to one of those
 * without a request. Threads wait for each other only along such chains, and these follow the order
 * in which locks would be taken. So they do not wait in a circle.
 */
final class InodeThread implements InodeAccess {
  /** The inode whose thread the current one is. */
  private static final ThreadLocal<@Nullable InodeThread> CURRENT = new ThreadLocal<>();

  // What there is of a thread.
  private static final int NONE = 0;
  private static final int RUNS = 1;
  private static final int PARKED = 2;

  /** Looks in vain before a thread that waits parks: some 10 µs. */
  private static final int SPINS = 400;

  /** How long a thread that could help parks before it looks whether something is to be run. */
  private static final long NAP_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

  private final InodeThreads all;
  private final Queue<Request<?>> queue = new ConcurrentLinkedQueue<>();
  private final AtomicInteger state = new AtomicInteger(NONE);
  private volatile boolean ended;

  /** Of its own thread and, once it is {@link #PARKED}, of whoever wakes that. */
  private @Nullable Thread thread;

  /** What is being answered; of its own thread, and of those that work for it while it waits. */
  private @Nullable Request<?> answering;

  InodeThread(InodeThreads all) {
    this.all = all;
  }

  /** An operation and what has become of it. */
  private static final class Request<T extends @Nullable Object> {
    private final Supplier<T> operation;
    private final @Nullable InodeThread maker;
    private final Thread waiting = Thread.currentThread();
    private final Map<LockRank, Integer> held;
    private @Nullable T result;
    private @Nullable Throwable failure;
    private volatile boolean done;
    private volatile boolean parks;

    Request(Supplier<T> operation, @Nullable InodeThread maker, Map<LockRank, Integer> held) {
      this.operation = operation;
      this.maker = maker;
      this.held = held;
    }

    void answer() {
      try {
        result = operation.get();
      } catch (Throwable t) {
        failure = t;
      }
    }

    void answered() {
      done = true;
      if (parks) {
        LockSupport.unpark(waiting);
      }
    }

    boolean isDone() {
      return done;
    }

    @SuppressWarnings("NullAway") // null only if T may be
    T result() {
      return switch (failure) {
        case null -> result;
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        case Throwable e -> throw new IllegalStateException(e);
      };
    }
  }

  // ---- those who ask ----

  /** True if the current thread works for an operation that has this inode. */
  @Override
  public boolean enter() {
    InodeThread at = CURRENT.get();
    while (at != null) {
      if (at.equals(this)) {
        return true;
      }
      Request<?> request = at.answering;
      at = request == null ? null : request.maker;
    }
    return false;
  }

  @Override
  public void leave() {}

  @Override
  public <T extends @Nullable Object> T call(Supplier<T> operation) {
    if (enter()) {
      return operation.get();
    }
    assert RankedLock.inOrder(LockRank.INODE);
    Map<LockRank, Integer> held = Map.of();
    assert (held = RankedLock.held()) != null;
    Request<T> request = new Request<>(operation, CURRENT.get(), held);
    all.countRequest();
    if (VirtualThreads.takeScheduler() && !Thread.currentThread().isVirtual()) {
      askAndHelp(request);
    } else {
      ask(request);
      await(request, Long.MAX_VALUE);
    }
    return request.result();
  }

  private void ask(Request<?> request) {
    queue.add(request);
    if (!wake() && state.compareAndSet(NONE, RUNS)) {
      try {
        all.start(this);
      } catch (OutOfMemoryError e) {
        serveHere();
      }
    }
  }

  /** Answers the requests of all on the caller's thread, as there is no memory for another. */
  private void serveHere() {
    InodeThread before = CURRENT.get();
    CURRENT.set(this);
    try {
      answerAll(false);
    } finally {
      CURRENT.set(before);
    }
  }

  /** Wakes the thread if it is parked. */
  private boolean wake() {
    if (!state.compareAndSet(PARKED, RUNS)) {
      return false;
    }
    LockSupport.unpark(thread);
    return true;
  }

  private void askAndHelp(Request<?> request) {
    HelpedScheduler scheduler = all.scheduler();
    scheduler.begin();
    try {
      ask(request);
      scheduler.help(request::isDone, SPINS);
    } finally {
      scheduler.end();
    }
    while (!request.done) {
      await(request, NAP_NANOS);
      if (!request.done && scheduler.hasReady()) {
        scheduler.begin();
        scheduler.help(request::isDone, 1);
        scheduler.end();
      }
    }
  }

  /** Parks until a request is answered or a time has passed; an interrupt is kept for later. */
  private static void await(Request<?> request, long nanos) {
    boolean interrupted = false;
    request.parks = true;
    while (!request.done) {
      if (nanos == Long.MAX_VALUE) {
        LockSupport.park(request);
      } else {
        LockSupport.parkNanos(request, nanos);
      }
      interrupted |= Thread.interrupted();
      if (nanos != Long.MAX_VALUE) {
        break;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void end() {
    ended = true;
    boolean _ = wake();
  }

  // ---- the inode's thread ----

  /** What it does: answers requests for as long as it is needed. */
  void serve() {
    thread = Thread.currentThread();
    CURRENT.set(this);
    boolean kept = all.begun();
    try {
      answerAll(kept);
    } finally {
      all.ended(kept);
    }
  }

  /** Answers what there is; if its thread is kept, what will be as well. */
  private void answerAll(boolean kept) {
    do {
      for (Request<?> next; (next = queue.poll()) != null; ) {
        answer(next);
      }
    } while (goesOn(kept));
  }

  private void answer(Request<?> request) {
    answering = request;
    assert RankedLock.workFor(request.held, LockRank.INODE);
    request.answer();
    assert RankedLock.workForNobody();
    answering = null;
    request.answered();
  }

  /** Waits for the next request; false if this thread ends. */
  private boolean goesOn(boolean kept) {
    if (!kept || ended || all.isClosed()) {
      state.set(NONE);
      // A request that has come since then was left to this thread, or to the next one.
      return !queue.isEmpty() && state.compareAndSet(NONE, RUNS);
    }
    state.set(PARKED);
    if (!queue.isEmpty() || ended) {
      boolean _ = state.compareAndSet(PARKED, RUNS);
    }
    while (state.get() == PARKED) {
      if (all.isClosed()) {
        boolean _ = state.compareAndSet(PARKED, RUNS);
      } else {
        LockSupport.park(this);
      }
    }
    return true;
  }
}

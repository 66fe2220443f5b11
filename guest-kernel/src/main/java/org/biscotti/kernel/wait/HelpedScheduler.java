package org.biscotti.kernel.wait;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A scheduler of virtual threads whose continuations platform threads run that wait for them, or
 * have nothing better to do: so nothing is handed to another core. What nobody is there to run goes
 * to a pool.
 *
 * <p>A thread that is about to have time may {@link #pledge} it: what it makes ready itself it then
 * runs itself, if nobody helps at the moment.
 *
 * <p>Whoever helps may get a continuation that is not the one it waits for, and is then late by as
 * much as that one runs until it parks.
 *
 * <p>And whoever helps may have to wait itself, for a lock whose next owner is the thread of a
 * continuation that waits for helpers. So what has been ready for some milliseconds goes to the
 * pool as well; a guard looks for that, as long as there is anything to look for.
 */
public final class HelpedScheduler implements Executor {
  /** What has been ready for so long has been forgotten. */
  private static final long FORGOTTEN_MILLIS = 2;

  /** The guard's thread ends when there has been nothing to guard for so many looks. */
  private static final int LOOKS_IN_VAIN = 500;

  private final Executor elsewhere;
  private final Queue<Runnable> ready = new ConcurrentLinkedQueue<>();

  /** Threads that will look at what is ready before they do anything else. */
  private final AtomicInteger helpers = new AtomicInteger();

  private final AtomicBoolean guarded = new AtomicBoolean();

  /** Of threads that have pledged. */
  @SuppressWarnings("ThreadLocalUsage") // to this scheduler; there are several in a machine
  private final ThreadLocal<@Nullable Pledge> pledges = new ThreadLocal<>();

  /** A thread's own; it counts as a helper while it owes. */
  private static final class Pledge {
    private boolean owes;
  }

  /**
   * A scheduler.
   *
   * @param elsewhere runs continuations when nobody helps
   */
  public HelpedScheduler(Executor elsewhere) {
    this.elsewhere = elsewhere;
  }

  /** Schedules a continuation whose thread may run. */
  @Override
  public void execute(Runnable continuation) {
    if (!isHelped() && !owe()) {
      elsewhere.execute(continuation);
      return;
    }
    ready.add(continuation);
    // The last helper may have gone without having seen it.
    if (!isHelped()) {
      flush();
    } else if (!guarded.get() && guarded.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("continuation-guard").start(this::guard);
    }
  }

  /** Takes care that no continuation is forgotten, until there has long been none. */
  @SuppressWarnings("ReferenceEquality") // the very same continuation
  private void guard() {
    Runnable seen = null;
    for (int vain = 0; vain < LOOKS_IN_VAIN; vain++) {
      try {
        Thread.sleep(FORGOTTEN_MILLIS);
      } catch (InterruptedException e) {
        break;
      }
      Runnable first = ready.peek();
      if (first != null) {
        vain = 0;
        if (first == seen) {
          flush();
        }
      }
      seen = first;
    }
    guarded.set(false);
    // Somebody may have relied on it a moment ago.
    flush();
  }

  /**
   * The calling thread, a platform thread, will {@link #help} or {@link #runOne}: what is scheduled
   * waits for it.
   */
  public void begin() {
    helpers.incrementAndGet();
  }

  /**
   * The calling thread, a platform thread, will run what it schedules from now on, unless others
   * help: it calls {@link #settle} whenever it has done what it was doing, and before it waits.
   */
  public void pledge() {
    pledges.set(new Pledge());
  }

  /** The calling thread helps until its next {@link #settle}, if it has pledged. */
  private boolean owe() {
    Pledge pledge = pledges.get();
    if (pledge == null) {
      return false;
    }
    if (!pledge.owes) {
      pledge.owes = true;
      begin();
    }
    return true;
  }

  /**
   * Runs all that is ready; by a thread that has pledged.
   *
   * @return true if there was something
   */
  public boolean settle() {
    boolean any = false;
    while (runOne()) {
      any = true;
    }
    Pledge pledge = pledges.get();
    if (pledge != null && pledge.owes) {
      pledge.owes = false;
      end();
    }
    return any;
  }

  /** True while some thread helps. */
  public boolean isHelped() {
    return helpers.get() > 0;
  }

  /** The calling thread helps no more. */
  public void end() {
    if (helpers.decrementAndGet() == 0) {
      flush();
    }
  }

  private void flush() {
    for (Runnable left; (left = ready.poll()) != null; ) {
      elsewhere.execute(left);
    }
  }

  /**
   * Runs what is ready until something is done, or there has been nothing to run for a while.
   * Between {@link #begin} and {@link #end}.
   *
   * @param spins how often to look in vain
   */
  public void help(BooleanSupplier done, int spins) {
    for (int vain = 0; vain < spins && !done.getAsBoolean(); ) {
      if (runOne()) {
        vain = 0;
      } else {
        Thread.onSpinWait();
        vain++;
      }
    }
  }

  /** Runs one continuation that is ready, if there is one; on a platform thread. */
  public boolean runOne() {
    Runnable continuation = ready.poll();
    if (continuation == null) {
      return false;
    }
    continuation.run();
    return true;
  }

  /** True if something waits for a helper. */
  public boolean hasReady() {
    return !ready.isEmpty();
  }
}

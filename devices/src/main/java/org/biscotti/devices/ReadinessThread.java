package org.biscotti.devices;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.logging.log4j.LogManager;
import org.biscotti.devices.ffi.PollCalls;
import org.biscotti.devices.ffi.PollCalls.PollSet;

/**
 * The one thread that waits in poll(2) for standard streams to become ready, so that no thread of
 * the kernel has to. It is a daemon and starts when somebody first waits.
 */
final class ReadinessThread {
  /** Each of three streams for reading and for writing, and the counter that wakes the thread. */
  private static final int CAPACITY = 7;

  /** Most that are remembered for one descriptor in one direction. */
  private static final int WAITERS_MAX = 4096;

  /** A descriptor in one direction. */
  private record Interest(int fd, int events) {}

  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<Interest, Set<Runnable>> waiting = new LinkedHashMap<>();

  /** Waiters that are woken although nothing is ready. */
  @GuardedBy("lock")
  private final List<Runnable> early = new ArrayList<>();

  @GuardedBy("lock")
  private int wakeUp = -1;

  /**
   * Runs {@code then} once when any of the events, an error or a hang-up is there. Waiting twice
   * with the same object for the same thing runs it once. When very many wait, those that came
   * first are run early: most of them will have given up, and nobody else would ever forget them.
   */
  void await(int fd, int events, Runnable then) {
    lock.lock();
    try {
      if (wakeUp < 0) {
        wakeUp = (int) HostErrors.check(PollCalls.eventCounter());
        int counter = wakeUp;
        Thread.ofPlatform().daemon().name("biscotti-stdio").start(() -> run(counter));
      }
      Set<Runnable> all =
          waiting.computeIfAbsent(new Interest(fd, events), _ -> new LinkedHashSet<>());
      if (all.size() == WAITERS_MAX) {
        early.addAll(all);
        all.clear();
      }
      all.add(then);
      PollCalls.signal(wakeUp);
    } finally {
      lock.unlock();
    }
  }

  private void run(int counter) {
    PollSet set = new PollSet(CAPACITY);
    while (true) {
      List<Interest> interests = fill(set, counter);
      if (set.poll(-1) < 0) {
        // Interrupted by a signal: nothing has been reported.
        continue;
      }
      if (set.readyEvents(0) != 0) {
        PollCalls.drain(counter);
        takeEarly().forEach(ReadinessThread::runGuarded);
      }
      for (int i = 0; i < interests.size(); i++) {
        if (set.readyEvents(i + 1) != 0) {
          take(interests.get(i)).forEach(ReadinessThread::runGuarded);
        }
      }
    }
  }

  private List<Interest> fill(PollSet set, int counter) {
    set.clear();
    set.add(counter, PollCalls.POLLIN);
    lock.lock();
    try {
      List<Interest> interests = List.copyOf(waiting.keySet());
      interests.forEach(interest -> set.add(interest.fd(), interest.events()));
      return interests;
    } finally {
      lock.unlock();
    }
  }

  private List<Runnable> takeEarly() {
    lock.lock();
    try {
      List<Runnable> taken = List.copyOf(early);
      early.clear();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  private Set<Runnable> take(Interest interest) {
    lock.lock();
    try {
      Set<Runnable> taken = waiting.remove(interest);
      return taken == null ? Set.of() : taken;
    } finally {
      lock.unlock();
    }
  }

  /** One waiter's failure must not keep the others waiting. */
  private static void runGuarded(Runnable then) {
    try {
      then.run();
    } catch (RuntimeException failed) {
      LogManager.getLogger(ReadinessThread.class).error("waiter for a stream failed", failed);
    }
  }
}

package org.biscotti.kernel.wait;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Poll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No wake is lost, whoever comes first; signals and deadlines end a wait. */
@Timeout(60)
class WaitQueueTest {
  private static final int ROUNDS = 20_000;

  private final WaitQueue queue = new WaitQueue();
  private final AtomicInteger turn = new AtomicInteger();

  /** Two threads that can only go on when the other has woken them. */
  @Test
  void noWakeIsLost() throws InterruptedException {
    List<Thread> players = new ArrayList<>();
    for (int player = 0; player < 2; player++) {
      int mine = player;
      players.add(
          Thread.ofVirtual()
              .start(() -> {
                for (int round = 0; round < ROUNDS; round++) {
                  queue.await(Poll.POLLIN, () -> turn.get() % 2 == mine, Long.MAX_VALUE);
                  turn.incrementAndGet();
                  queue.wake(Poll.POLLIN);
                }
              }));
    }
    for (Thread player : players) {
      player.join();
    }
    assertThat(turn).hasValue(2 * ROUNDS);
    assertThat(queue.isEmpty()).isTrue();
  }

  @Test
  void onlyWantedEventsAndErrorsAreTold() {
    AtomicInteger told = new AtomicInteger();
    WaitQueue.Entry entry = queue.add(Poll.POLLIN, events -> told.addAndGet(events));
    queue.wake(Poll.POLLOUT);
    assertThat(told).hasValue(0);
    queue.wake(Poll.POLLHUP);
    queue.wake(Poll.POLLIN);
    assertThat(told).hasValue(Poll.POLLHUP + Poll.POLLIN);
    queue.remove(entry);
    queue.remove(entry);
    queue.wake(Poll.POLLIN);
    assertThat(told).hasValue(Poll.POLLHUP + Poll.POLLIN);
  }

  @Test
  void aListenerMayLeaveWhileItIsTold() {
    AtomicInteger told = new AtomicInteger();
    WaitQueue.Entry[] first = new WaitQueue.Entry[1];
    first[0] =
        queue.add(
            Poll.POLLIN,
            events -> {
              queue.remove(first[0]);
              told.incrementAndGet();
            });
    queue.add(Poll.POLLIN, events -> told.incrementAndGet());
    queue.wake(Poll.POLLIN);
    queue.wake(Poll.POLLIN);
    assertThat(told).hasValue(3);
  }

  @Test
  void aSignalEndsAWait() throws InterruptedException {
    AtomicInteger errno = new AtomicInteger();
    Thread waiter =
        Thread.ofVirtual()
            .start(() -> {
              try {
                queue.await(Poll.POLLIN, () -> false, Long.MAX_VALUE);
              } catch (ErrnoException e) {
                errno.set(e.errno());
              }
            });
    waiter.interrupt();
    waiter.join();
    assertThat(errno).hasValue(Errno.EINTR);
    assertThat(queue.isEmpty()).isTrue();
  }

  @Test
  void whatIsReadyIsNotInterrupted() {
    Thread.currentThread().interrupt();
    assertThat(queue.await(Poll.POLLIN, () -> true, Long.MAX_VALUE)).isTrue();
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void aDeadlineEndsAWait() {
    long start = System.nanoTime();
    long deadline = start + TimeUnit.MILLISECONDS.toNanos(5);
    assertThat(queue.await(Poll.POLLIN, () -> false, deadline)).isFalse();
    assertThat(System.nanoTime()).isGreaterThanOrEqualTo(deadline);
  }

  /** As many come and go as a poll(2) has descriptors; with a copy for each this took minutes. */
  @Test
  @Timeout(20)
  void manyComeAndGo() {
    AtomicInteger told = new AtomicInteger();
    List<WaitQueue.Entry> entries = new ArrayList<>();
    for (int i = 0; i < 1 << 20; i++) {
      entries.add(queue.add(Poll.POLLIN, events -> told.incrementAndGet()));
    }
    queue.wake(Poll.POLLIN);
    assertThat(told).hasValue(entries.size());
    entries.subList(1, entries.size()).forEach(queue::remove);
    queue.wake(Poll.POLLIN);
    assertThat(told).hasValue(entries.size() + 1);
    queue.remove(entries.getFirst());
    assertThat(queue.isEmpty()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void whoIsThereIsToldOnce(long seed) {
    Random random = new Random(seed);
    Map<WaitQueue.Entry, int[]> model = new LinkedHashMap<>();
    for (int step = 0; step < 5_000; step++) {
      boolean grows = step / 500 % 2 == 0;
      if (model.isEmpty() || random.nextInt(10) < (grows ? 7 : 3)) {
        int[] told = {0};
        model.put(queue.add(Poll.POLLIN, events -> told[0]++), told);
      } else {
        int which = random.nextInt(model.size());
        WaitQueue.Entry gone = List.copyOf(model.keySet()).get(which);
        queue.remove(gone);
        queue.remove(gone);
        model.remove(gone);
      }
      queue.wake(Poll.POLLIN);
      model
          .values()
          .forEach(told -> {
            assertThat(told[0]).isOne();
            told[0] = 0;
          });
      assertThat(queue.isEmpty()).isEqualTo(model.isEmpty());
    }
  }

  /** Threads that come and go beside each other: none misses the wake it waits for. */
  @Test
  @Timeout(60)
  void noWakeIsLostAmongMany() throws InterruptedException {
    int players = 16;
    int rounds = 2_000;
    List<Thread> threads = new ArrayList<>();
    for (int player = 0; player < players; player++) {
      int mine = player;
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                for (int round = 0; round < rounds; round++) {
                  queue.await(Poll.POLLIN, () -> turn.get() % players == mine, Long.MAX_VALUE);
                  turn.incrementAndGet();
                  queue.wake(Poll.POLLIN);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(turn).hasValue(players * rounds);
    assertThat(queue.isEmpty()).isTrue();
  }

  /** Somebody who is woken all the time, for nothing, can still be killed. */
  @Test
  @Timeout(20)
  void aSignalEndsAWaitThatIsWokenAllTheTime() {
    Thread.currentThread().interrupt();
    AtomicInteger looks = new AtomicInteger();
    BooleanSupplier never =
        () -> {
          looks.incrementAndGet();
          queue.wake(Poll.POLLIN);
          return false;
        };
    assertThatThrownBy(() -> queue.await(Poll.POLLIN, never, Long.MAX_VALUE))
        .isSameAs(ErrnoException.of(Errno.EINTR));
    assertThat(looks).hasValueLessThan(4);
  }
}

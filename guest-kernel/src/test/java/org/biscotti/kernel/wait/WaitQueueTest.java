package org.biscotti.kernel.wait;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Poll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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
}

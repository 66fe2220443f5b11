package org.biscotti.kernel.wait;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HelpedSchedulerTest {
  private final Queue<Runnable> elsewhere = new ConcurrentLinkedQueue<>();
  private final HelpedScheduler scheduler = new HelpedScheduler(elsewhere::add);
  private final AtomicInteger ran = new AtomicInteger();

  @Test
  void withoutAHelperEverythingGoesElsewhere() {
    scheduler.execute(ran::incrementAndGet);
    assertThat(elsewhere).hasSize(1);
    assertThat(scheduler.hasReady()).isFalse();
  }

  @Test
  void aHelperRunsWhatIsReadyAndLeavesTheRestToOthers() {
    scheduler.begin();
    scheduler.execute(ran::incrementAndGet);
    assertThat(scheduler.runOne()).isTrue();
    assertThat(scheduler.runOne()).isFalse();
    assertThat(ran.get()).isEqualTo(1);
    scheduler.execute(ran::incrementAndGet);
    scheduler.end();
    assertThat(elsewhere).hasSize(1);
    assertThat(ran.get()).isEqualTo(1);
  }

  @Test
  void whoHasPledgedRunsWhatItMakesReadyItself() throws InterruptedException {
    scheduler.pledge();
    scheduler.settle();
    assertThat(scheduler.isHelped()).isFalse();
    scheduler.execute(() -> scheduler.execute(ran::incrementAndGet));
    assertThat(scheduler.isHelped()).isTrue();
    scheduler.settle();
    assertThat(ran.get()).isEqualTo(1);
    assertThat(scheduler.isHelped()).isFalse();
    Thread other = Thread.ofPlatform().start(() -> scheduler.execute(ran::incrementAndGet));
    other.join();
    assertThat(elsewhere).hasSize(1);
  }

  /** A lock that it waits for may be held by the thread of what it has made ready. */
  @Test
  void whatOneThatHasPledgedForgetsGoesElsewhere() throws InterruptedException {
    requireGoesElsewhere(HelpedScheduler::pledge, HelpedScheduler::settle);
  }

  /** It may wait for a lock that only the forgotten continuation can release. */
  @Test
  void whatABusyHelperForgetsGoesElsewhere() throws InterruptedException {
    requireGoesElsewhere(HelpedScheduler::begin, HelpedScheduler::end);
  }

  private static void requireGoesElsewhere(
      Consumer<HelpedScheduler> begins, Consumer<HelpedScheduler> ends)
      throws InterruptedException {
    CountDownLatch released = new CountDownLatch(1);
    HelpedScheduler withPool =
        new HelpedScheduler(continuation -> Thread.ofPlatform().start(continuation));
    begins.accept(withPool);
    withPool.execute(released::countDown);
    assertThat(released.await(30, TimeUnit.SECONDS)).isTrue();
    ends.accept(withPool);
  }
}

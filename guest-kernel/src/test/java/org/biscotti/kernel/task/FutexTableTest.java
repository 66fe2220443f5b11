package org.biscotti.kernel.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.mem.AddressSpace.FutexWord;
import org.biscotti.kernel.wait.MustWait;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who waits for a word, and who is woken. */
@Timeout(60)
class FutexTableTest {
  private static final int ALL = -1;
  private static final int MANY = Integer.MAX_VALUE;

  private final FutexTable table = new FutexTable();
  private final List<String> ended = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();

  private static FutexWord word(long number) {
    return new FutexWord("memory", number * Integer.BYTES);
  }

  /** Starts a thread that waits, and waits until it does. */
  private Thread waiter(String name, FutexWord word, int bits, long deadline) {
    Thread thread =
        Thread.ofVirtual()
            .start(() -> end(name, () -> table.await(word, () -> 0, 0, bits, deadline)));
    threads.add(thread);
    while (thread.getState() != Thread.State.WAITING
        && thread.getState() != Thread.State.TIMED_WAITING
        && thread.isAlive()) {
      Thread.onSpinWait();
    }
    return thread;
  }

  private void end(String name, Runnable how) {
    String result = name;
    try {
      how.run();
    } catch (ErrnoException e) {
      result += ":" + e.errno();
    }
    synchronized (ended) {
      ended.add(result);
    }
  }

  private List<String> ended() throws InterruptedException {
    for (Thread thread : threads) {
      thread.join();
    }
    synchronized (ended) {
      return List.copyOf(ended);
    }
  }

  @Test
  void whoHasWaitedLongestIsWokenFirst() throws InterruptedException {
    Thread first = waiter("first", word(1), ALL, Long.MAX_VALUE);
    waiter("second", word(1), ALL, Long.MAX_VALUE);
    waiter("other word", word(2), ALL, Long.MAX_VALUE);
    assertThat(table.wake(word(3), MANY, ALL)).isZero();
    assertThat(table.wake(word(1), 1, ALL)).isEqualTo(1);
    first.join();
    assertThat(table.wake(word(1), MANY, ALL)).isEqualTo(1);
    assertThat(table.wake(word(2), MANY, ALL)).isEqualTo(1);
    assertThat(ended()).startsWith("first").containsOnly("first", "second", "other word");
  }

  @Test
  void bitsHaveToMeet() throws InterruptedException {
    waiter("one", word(1), 1, Long.MAX_VALUE);
    waiter("two", word(1), 2, Long.MAX_VALUE);
    assertThat(table.wake(word(1), MANY, 4)).isZero();
    assertThat(table.wake(word(1), MANY, 2)).isEqualTo(1);
    assertThat(table.wake(word(1), MANY, 3)).isEqualTo(1);
    assertThat(ended()).containsExactlyInAnyOrder("one", "two");
  }

  @Test
  void anotherValueATimeAndASignalEndAWait() throws InterruptedException {
    assertThatThrownBy(() -> table.await(word(1), () -> 1, 0, ALL, Long.MAX_VALUE))
        .isEqualTo(ErrnoException.of(Errno.EAGAIN));
    assertThatThrownBy(() -> table.await(word(1), () -> 0, 0, ALL, Long.MAX_VALUE))
        .isSameAs(MustWait.INSTANCE);
    waiter("late", word(1), ALL, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1));
    waiter("signal", word(2), ALL, Long.MAX_VALUE).interrupt();
    assertThat(ended())
        .containsExactlyInAnyOrder("late:" + Errno.ETIMEDOUT, "signal:" + Errno.EINTR);
    assertThat(table.wake(word(1), MANY, ALL) + table.wake(word(2), MANY, ALL)).isZero();
  }

  @Test
  void requeuedOnesWaitForTheOtherWord() throws InterruptedException {
    for (int i = 0; i < 5; i++) {
      waiter("w" + i, word(1), ALL, Long.MAX_VALUE);
    }
    assertThatThrownBy(() -> table.requeue(word(1), 1, word(2), MANY, () -> 1, 0))
        .isEqualTo(ErrnoException.of(Errno.EAGAIN));
    assertThat(table.requeue(word(1), 1, word(2), 2, () -> 0, 0)).isEqualTo(3);
    assertThat(table.requeue(word(1), 0, word(1), MANY, null, 0)).isEqualTo(2);
    assertThat(table.wake(word(2), MANY, ALL)).isEqualTo(2);
    assertThat(table.wake(word(1), MANY, ALL)).isEqualTo(2);
    assertThat(ended()).hasSize(5);
  }

  @Test
  void anOperationOnTheSecondWordDecides() throws InterruptedException {
    waiter("first", word(1), ALL, Long.MAX_VALUE);
    waiter("second", word(2), ALL, Long.MAX_VALUE);
    assertThat(table.wakeOperation(word(1), 1, word(2), 1, () -> false)).isEqualTo(1);
    assertThat(table.wakeOperation(word(1), 1, word(2), 1, () -> true)).isEqualTo(1);
    assertThat(ended()).containsExactlyInAnyOrder("first", "second");
  }

  /** Every wake that counts ends one wait, whatever else happens to it: none is lost or doubled. */
  @Test
  void wakesAreNeitherLostNorDoubled() throws InterruptedException {
    int words = 5;
    int waits = 400;
    AtomicInteger woken = new AtomicInteger();
    AtomicInteger left = new AtomicInteger(8);
    for (int n = 0; n < 8; n++) {
      Random random = new Random(n);
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                for (int i = 0; i < waits; i++) {
                  long patience = random.nextInt(4) == 0 ? 20_000 : 1_000_000;
                  try {
                    long deadline = System.nanoTime() + patience;
                    table.await(word(random.nextInt(words)), () -> 0, 0, ALL, deadline);
                    woken.incrementAndGet();
                  } catch (ErrnoException _) {
                    // Not woken.
                  }
                  boolean _ = Thread.interrupted();
                }
                left.decrementAndGet();
              }));
    }
    int counted = 0;
    Random random = new Random(42);
    while (left.get() > 0) {
      FutexWord one = word(random.nextInt(words));
      FutexWord other = word(random.nextInt(words));
      switch (random.nextInt(4)) {
        case 0 -> counted += table.wake(one, 1, ALL);
        case 1 -> {
          int _ = table.requeue(one, 0, other, 2, null, 0);
        }
        case 2 -> counted += table.wakeOperation(one, 1, other, 1, random::nextBoolean);
        default -> threads.get(random.nextInt(threads.size())).interrupt();
      }
    }
    assertThat(ended()).isEmpty();
    assertThat(woken.get()).isEqualTo(counted).isPositive();
    for (int i = 0; i < words; i++) {
      assertThat(table.wake(word(i), MANY, ALL)).isZero();
    }
  }
}

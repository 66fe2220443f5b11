package org.biscotti.kernel.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every part is done once, whoever does it. */
class ParallelTest {
  private static final long LARGE = Parallel.WORTHWHILE_NANOS;

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 1", "7, 3", "1000, 1", "1000, 7", "16, 16", "17, 16"})
  void doesEveryPartOnce(int parts, int chunk) {
    for (Parallelism parallelism : Parallelism.values()) {
      AtomicIntegerArray done = new AtomicIntegerArray(parts + 1);
      new Parallel(parallelism, () -> 3)
          .run(
              parts,
              chunk,
              LARGE,
              (from, to) -> {
                for (int i = from; i < to; i++) {
                  done.incrementAndGet(i);
                }
              });
      for (int i = 0; i < parts; i++) {
        assertThat(done.get(i)).as("part %d", i).isOne();
      }
      assertThat(done.get(parts)).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "INLINE, 3, 1000000, false",
    "THREAD, 0, 1, true",
    "BLOCK, 0, 1, true",
    "HELPER, 0, 10000000, false",
    "HELPER, 1, 1, true",
    "ADAPTIVE, 0, 1000000, false",
    "ADAPTIVE, 1, 1, false",
    "ADAPTIVE, 1, 10000000, true"
  })
  void usesThreadsWhenItPays(Parallelism parallelism, int idle, long nanos, boolean expected) {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    Parallel parallel = new Parallel(parallelism, () -> idle);
    assertThat(parallel.pays(nanos)).isEqualTo(expected);
    parallel.run(
        8,
        1,
        nanos,
        (_, _) -> {
          threads.add(Thread.currentThread());
          sleep();
        });
    assertThat(threads.stream().anyMatch(Thread::isVirtual)).isEqualTo(expected);
    assertThat(threads.contains(Thread.currentThread()))
        .isEqualTo(!Set.of(Parallelism.THREAD, Parallelism.BLOCK).contains(parallelism));
  }

  @ParameterizedTest
  @CsvSource({"THREAD, 4, 10", "BLOCK, 1, 40"})
  void makesAThreadForEachChunkOrForEachPart(Parallelism parallelism, int chunk, int threads) {
    Set<Thread> seen = ConcurrentHashMap.newKeySet();
    Parallel parallel = new Parallel(parallelism, () -> 0);
    assertThat(parallel.chunk(4)).isEqualTo(chunk);
    parallel.run(40, 4, LARGE, (_, _) -> seen.add(Thread.currentThread()));
    assertThat(seen).hasSize(threads);
  }

  @SuppressWarnings("ThreadSleep")
  private static void sleep() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One that helps does parts beside those whose work it is, and nothing when there is none. */
  @Test
  void helpersDoSomeOfTheParts() {
    Parallel parallel = new Parallel(Parallelism.ADAPTIVE, () -> 1);
    assertThat(parallel.help()).isFalse();
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger helped = new AtomicInteger();
    Thread helper =
        Thread.ofPlatform()
            .start(() -> {
              while (!over.get()) {
                helped.addAndGet(parallel.help() ? 1 : 0);
              }
            });
    AtomicIntegerArray done = new AtomicIntegerArray(50);
    parallel.run(
        50,
        1,
        LARGE,
        (from, _) -> {
          done.incrementAndGet(from);
          sleep();
        });
    over.set(true);
    join(helper);
    assertThat(helped.get()).isPositive();
    for (int i = 0; i < 50; i++) {
      assertThat(done.get(i)).isOne();
    }
    assertThat(parallel.help()).isFalse();
  }

  /** Work all parts of which are being done does not hide what comes after it. */
  @Test
  void helpersLookAtAllOpenWork() throws InterruptedException {
    Parallel parallel = new Parallel(Parallelism.ADAPTIVE, () -> 1);
    CountDownLatch taken = new CountDownLatch(2);
    CountDownLatch over = new CountDownLatch(1);
    Thread first =
        Thread.ofPlatform()
            .start(() ->
                parallel.run(
                    2,
                    1,
                    LARGE,
                    (_, _) -> {
                      taken.countDown();
                      await(over);
                    }));
    taken.await();
    AtomicInteger helped = new AtomicInteger();
    parallel.run(3, 1, LARGE, (_, _) -> helped.addAndGet(parallel.help() ? 1 : 0));
    over.countDown();
    join(first);
    assertThat(helped.get()).isPositive();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @ParameterizedTest
  @EnumSource
  void throwsWhatAPartThrowsWhenAllAreDone(Parallelism parallelism) {
    Parallel parallel = new Parallel(parallelism, () -> 1);
    AtomicIntegerArray done = new AtomicIntegerArray(9);
    assertThatThrownBy(() ->
            parallel.run(
                9,
                1,
                LARGE,
                (from, to) -> {
                  for (int i = from; i < to; i++) {
                    done.incrementAndGet(i);
                  }
                  throw new IllegalArgumentException("part");
                }))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("part");
    for (int i = 0; i < 9; i++) {
      assertThat(done.get(i)).isOne();
    }
  }

  @ParameterizedTest
  @EnumSource
  void keepsAnInterruptForTheCaller(Parallelism parallelism) {
    Thread.currentThread().interrupt();
    new Parallel(parallelism, () -> 1).run(4, 1, LARGE, (_, _) -> {});
    assertThat(Thread.interrupted()).isTrue();
  }
}

package org.biscotti.devices.ffi;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class ScratchTest {
  /** More than the pool has. */
  private static final int BORROWERS = 200;

  @Test
  void manyThreadsAtOnceGetMemoryOfTheirOwn() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int thread = 0; thread < BORROWERS; thread++) {
        all.add(threads.submit(ScratchTest::borrowOften));
      }
      for (Future<?> one : all) {
        one.get();
      }
    }
  }

  private static void borrowOften() {
    long own = Thread.currentThread().threadId();
    for (int i = 0; i < 1000; i++) {
      try (Scratch scratch = Scratch.borrow()) {
        scratch.first().set(JAVA_LONG, 0, own);
        scratch.second().set(JAVA_LONG, 0, -own);
        Thread.onSpinWait();
        assertThat(scratch.first().get(JAVA_LONG, 0)).isEqualTo(own);
        assertThat(scratch.second().get(JAVA_LONG, 0)).isEqualTo(-own);
      }
    }
  }

  @Test
  void noTwoAtOnceAreTheSameHoweverManyThereAre() {
    List<Scratch> borrowed = new ArrayList<>();
    Set<Long> addresses = new HashSet<>();
    for (int i = 0; i < BORROWERS; i++) {
      Scratch scratch = Scratch.borrow();
      borrowed.add(scratch);
      addresses.add(scratch.captured().address());
      addresses.add(scratch.first().address());
      addresses.add(scratch.second().address());
    }
    borrowed.forEach(Scratch::close);
    assertThat(addresses).hasSize(3 * BORROWERS);
  }
}

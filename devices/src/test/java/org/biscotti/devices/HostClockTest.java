package org.biscotti.devices;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class HostClockTest {
  private final HostClock clock = new HostClock();

  @Test
  void monotonicTimeIsThatOfNanoTime() {
    long before = System.nanoTime();
    long time = clock.monotonicNanos();
    long after = System.nanoTime();
    assertThat(time).isBetween(before, after);
  }

  @Test
  void realTimeIsThatOfTheHost() {
    Instant before = Instant.now();
    long time = clock.realtimeNanos();
    Instant after = Instant.now();
    Instant seen = Instant.ofEpochSecond(0, time);
    assertThat(seen).isBetween(before, after);
  }

  @Test
  void manyThreadsAtOnceGetTheirOwnTime() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int thread = 0; thread < 200; thread++) {
        all.add(threads.submit(this::checkMonotonic));
      }
      for (Future<?> one : all) {
        one.get();
      }
    }
  }

  private void checkMonotonic() {
    long last = clock.monotonicNanos();
    for (int i = 0; i < 1000; i++) {
      long now = clock.monotonicNanos();
      assertThat(now).isGreaterThanOrEqualTo(last);
      last = now;
    }
  }
}

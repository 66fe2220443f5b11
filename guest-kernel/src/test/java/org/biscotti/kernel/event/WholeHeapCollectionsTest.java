package org.biscotti.kernel.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class WholeHeapCollectionsTest {
  private static final int FORCED = 3;
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** Against what the JVM counts itself, which is more: young ones, and a cycle once a pause. */
  @Test
  void countsThoseOfTheWholeHeapOnly() throws InterruptedException {
    try (WholeHeapCollections collections = new WholeHeapCollections()) {
      assertThat(collections.count()).isZero();
      long before = collectionsOfAnyKind();
      for (int i = 0; i < FORCED; i++) {
        System.gc();
      }
      Instant end = Instant.now().plus(LIMIT);
      while (collections.count() < FORCED && Instant.now().isBefore(end)) {
        Thread.sleep(50);
      }
      assertThat(collections.count()).isBetween((long) FORCED, collectionsOfAnyKind() - before + 1);
    }
  }

  private static long collectionsOfAnyKind() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream()
        .mapToLong(GarbageCollectorMXBean::getCollectionCount)
        .sum();
  }
}

package org.biscotti.kernel.event;

import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingStream;

/**
 * Counts collections of the whole heap as they end, by the JVM's own events. The JVM's management
 * beans do not tell: G1's counts each concurrent cycle twice, once for each of its pauses, and that
 * of Shenandoah does not tell young from old.
 */
public final class WholeHeapCollections implements AutoCloseable {
  private static final String COLLECTION = "jdk.GarbageCollection";
  private static final String PHASE = "jdk.GCPhaseConcurrent";
  private static final String NAME = "name";

  /** HotSpot's names of collections that go through the whole heap, or all that is old in it. */
  private static final Set<String> COLLECTIONS =
      Set.of("G1Old", "G1Full", "SerialOld", "ParallelOld", "ZGC Major");

  /**
   * Shenandoah's phase that each cycle has once: with generations, without, and after a failure.
   */
  private static final Set<String> PHASES =
      Set.of(
          "Concurrent weak roots (Old)", "Concurrent weak roots", "Concurrent weak roots (Global)");

  private final AtomicLong count = new AtomicLong();
  private final RecordingStream stream = new RecordingStream();

  /** Starts counting. */
  public WholeHeapCollections() {
    for (String type : new String[] {COLLECTION, PHASE}) {
      stream.enable(type).withoutStackTrace().withoutThreshold();
      stream.onEvent(type, event -> count.addAndGet(isOne(event) ? 1 : 0));
    }
    stream.startAsync();
  }

  /** Whether an event is the end of a collection of the whole heap: there is one for each. */
  public static boolean isOne(RecordedEvent event) {
    return switch (event.getEventType().getName()) {
      case COLLECTION -> COLLECTIONS.contains(event.getString(NAME));
      case PHASE -> PHASES.contains(event.getString(NAME));
      default -> false;
    };
  }

  /** How many have ended since; a second late. */
  public long count() {
    return count.get();
  }

  @Override
  public void close() {
    stream.close();
  }
}

package org.biscotti.bench.figures;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.biscotti.kernel.event.WholeHeapCollections;

/**
 * What the JVM's own events say about garbage collection in some time.
 *
 * @param count collections that overlap the time, of whatever kind
 * @param whole those of the whole heap
 * @param pauses how often everything stood still
 * @param longestNanos the longest pause
 * @param pausedNanos all pauses together
 * @param length the time
 * @param bytesPerSecond what was allocated, by how the heap fills between collections; NaN if there
 *     were too few
 */
record Collections(
    int count,
    int whole,
    int pauses,
    long longestNanos,
    long pausedNanos,
    Duration length,
    double bytesPerSecond) {
  /**
   * Reads a recording.
   *
   * @param begin of the time, inclusive
   * @param end exclusive
   */
  static Collections read(Path recording, Instant begin, Instant end) throws IOException {
    List<RecordedEvent> pauses = new ArrayList<>();
    List<RecordedEvent> summaries = new ArrayList<>();
    int count = 0;
    int whole = 0;
    try (RecordingFile file = new RecordingFile(recording)) {
      while (file.hasMoreEvents()) {
        RecordedEvent event = file.readEvent();
        String type = event.getEventType().getName();
        if (type.equals("jdk.GCHeapSummary") && isWithin(event.getStartTime(), begin, end)) {
          summaries.add(event);
        } else if (overlaps(event, begin, end)) {
          whole += WholeHeapCollections.isOne(event) ? 1 : 0;
          if (type.equals("jdk.GarbageCollection")) {
            count++;
          } else if (type.equals("jdk.GCPhasePause")) {
            pauses.add(event);
          }
        }
      }
    }
    long longest = 0;
    long paused = 0;
    for (RecordedEvent pause : pauses) {
      longest = Math.max(longest, pause.getDuration().toNanos());
      paused += pause.getDuration().toNanos();
    }
    return new Collections(
        count,
        whole,
        pauses.size(),
        longest,
        paused,
        Duration.between(begin, end),
        allocationRate(summaries));
  }

  /** From what is in use after each collection to what is before the next. */
  private static double allocationRate(List<RecordedEvent> summaries) {
    summaries.sort(Comparator.comparing(RecordedEvent::getStartTime));
    double bytes = 0;
    double seconds = 0;
    RecordedEvent after = null;
    for (RecordedEvent summary : summaries) {
      boolean before = summary.getString("when").equals("Before GC");
      if (before && after != null) {
        bytes += Math.max(0, summary.getLong("heapUsed") - after.getLong("heapUsed"));
        seconds += Duration.between(after.getStartTime(), summary.getStartTime()).toNanos() / 1e9;
        after = null;
      } else if (!before) {
        after = summary;
      }
    }
    return seconds > 0 ? bytes / seconds : Double.NaN;
  }

  /** An instant from nanoseconds of CLOCK_REALTIME. */
  static Instant instant(double nanos) {
    long whole = (long) nanos;
    return Instant.ofEpochSecond(whole / 1_000_000_000L, whole % 1_000_000_000L);
  }

  private static boolean isWithin(Instant at, Instant begin, Instant end) {
    return !at.isBefore(begin) && at.isBefore(end);
  }

  private static boolean overlaps(RecordedEvent event, Instant begin, Instant end) {
    return event.getStartTime().isBefore(end) && event.getEndTime().isAfter(begin);
  }

  /** Share of the time in which everything stood still, in per cent. */
  double pausedPercent() {
    return 100.0 * pausedNanos / Math.max(1, length.toNanos());
  }
}

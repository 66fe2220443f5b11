package org.biscotti.kernel.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.ValueDescriptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is true of every event; that each is recorded is tested with a machine. */
class EventsTest {
  /** Fields that the JDK adds to every event. */
  private static final List<String> JDKS_FIELDS =
      List.of("startTime", "duration", "eventThread", "stackTrace");

  static Stream<Class<? extends Event>> classes() {
    return Stream.of(
        ContextSwitchEvent.class,
        ExitEvent.class,
        ForkEvent.class,
        HandOverEvent.class,
        PageFaultEvent.class,
        ParkEvent.class,
        SystemCallEvent.class);
  }

  @Test
  void noneIsMadeUnlessTheyAreToBeRecorded() {
    assertThat(System.getProperty(Events.PROPERTY)).isNull();
    assertThat(
            Stream.of(
                Events.exit(),
                Events.systemCall(),
                Events.handOver(),
                Events.park(),
                Events.pageFault(),
                Events.fork(),
                Events.contextSwitch()))
        .containsOnlyNulls();
  }

  @ParameterizedTest
  @MethodSource("classes")
  void isDescribedWithAllItsFields(Class<? extends Event> event) throws IOException {
    EventType type = EventType.getEventType(event);
    assertThat(type.getName()).isEqualTo("biscotti." + event.getSimpleName().replace("Event", ""));
    assertThat(type.getCategoryNames()).containsExactly("Biscotti");
    assertThat(type.getDescription()).endsWith(".");
    String row = rowOf(type.getName());
    for (ValueDescriptor field : type.getFields()) {
      if (!JDKS_FIELDS.contains(field.getName())) {
        assertThat(field.getLabel()).as(field.getName()).isNotBlank();
        assertThat(row).containsPattern("\\b" + field.getName() + "\\b");
      }
    }
  }

  /** The line of docs/events.md about an event. */
  private static String rowOf(String name) throws IOException {
    Path page = Path.of(System.getProperty("biscotti.home"), "docs", "events.md");
    try (Stream<String> lines = Files.lines(page)) {
      return lines.filter(line -> line.startsWith("| `" + name + "` |")).findFirst().orElse("");
    }
  }
}

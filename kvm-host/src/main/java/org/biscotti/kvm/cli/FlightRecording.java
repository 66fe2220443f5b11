package org.biscotti.kvm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.text.ParseException;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import org.biscotti.kernel.event.Events;
import org.jspecify.annotations.Nullable;

/**
 * A recording of the JDK's Flight Recorder, with its usual events and the kernel's own. It is
 * written when it is closed, and by the JVM itself if the command ends in another way.
 */
final class FlightRecording implements AutoCloseable {
  /** The JDK's configuration with little overhead, for events of the JVM. */
  private static final String CONFIGURATION = "default";

  private final @Nullable Recording recording;

  private FlightRecording(@Nullable Recording recording) {
    this.recording = recording;
  }

  /**
   * Starts one.
   *
   * @param file where it goes, a string of bytes; null for none
   * @throws CommandException if it cannot be written there
   */
  static FlightRecording start(@Nullable String file) {
    if (file == null) {
      return new FlightRecording(null);
    }
    String name = HostText.decode(file);
    System.setProperty(Events.PROPERTY, "true"); // before the kernel asks
    try {
      Recording recording = new Recording(Configuration.getConfiguration(CONFIGURATION));
      recording.setName("Biscotti");
      recording.setDestination(Path.of(name).toAbsolutePath());
      recording.setDumpOnExit(true);
      recording.start();
      return new FlightRecording(recording);
    } catch (IOException | IllegalArgumentException e) {
      throw new CommandException(
          "--jfr %s: cannot be written: choose another file".formatted(name));
    } catch (ParseException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Writes it. */
  @Override
  public void close() {
    if (recording != null) {
      recording.stop();
      recording.close();
    }
  }
}

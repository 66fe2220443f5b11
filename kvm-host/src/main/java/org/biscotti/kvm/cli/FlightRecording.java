package org.biscotti.kvm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.text.ParseException;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;
import org.biscotti.kernel.event.Events;
import org.jspecify.annotations.Nullable;

/**
 * A recording of the JDK's Flight Recorder, with its usual events and the kernel's own. It is
 * written when it is closed, or by the JVM itself if that ends before.
 */
final class FlightRecording implements AutoCloseable {
  /** The JDK's configuration with little overhead, for events of the JVM. */
  private static final String CONFIGURATION = "default";

  private final @Nullable Recording recording;
  private final String name;

  private FlightRecording(@Nullable Recording recording, String name) {
    this.recording = recording;
    this.name = name;
  }

  /**
   * Starts one.
   *
   * @param file where it goes, a string of bytes; null for none
   * @throws CommandException if it cannot be written there
   */
  static FlightRecording start(@Nullable String file) {
    if (file == null) {
      return new FlightRecording(null, "");
    }
    String name = HostText.decode(file);
    System.setProperty(Events.PROPERTY, "true"); // before the kernel asks
    try {
      Recording recording = new Recording(Configuration.getConfiguration(CONFIGURATION));
      recording.setName("Biscotti");
      recording.setDestination(Path.of(name).toAbsolutePath());
      recording.setDumpOnExit(true);
      recording.start();
      return new FlightRecording(recording, name);
    } catch (IOException | IllegalArgumentException e) {
      throw cannotBeWritten(name);
    } catch (ParseException e) {
      throw new IllegalStateException(e);
    }
  }

  private static CommandException cannotBeWritten(String name) {
    return new CommandException("--jfr %s: cannot be written: choose another file".formatted(name));
  }

  /**
   * Writes it.
   *
   * @throws CommandException if it cannot be written
   */
  @Override
  public void close() {
    if (recording == null) {
      return;
    }
    try {
      recording.stop();
    } catch (IllegalStateException e) {
      // The JVM is being ended, by Ctrl-C for instance: its own hook was first, and writes it.
      return;
    }
    // One that has been written is closed then; that it could not be, the JDK only logs.
    boolean written = recording.getState() == RecordingState.CLOSED;
    recording.close();
    if (!written) {
      throw cannotBeWritten(name);
    }
  }
}

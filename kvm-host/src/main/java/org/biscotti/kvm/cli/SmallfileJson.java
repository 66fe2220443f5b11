package org.biscotti.kvm.cli;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.OptionalDouble;
import org.biscotti.kvm.Machine.HostKind;

/**
 * Everything that a run of smallfile has measured, for programs to read. The class that drives the
 * JSON library, which is not loaded without {@code --json}.
 *
 * @param report the measurements
 * @param flags how the machine was made
 * @param host what kind of host it found
 * @param facts on what all this was
 */
record SmallfileJson(SmallfileReport report, MachineFlags flags, HostKind host, HostFacts facts) {

  /**
   * Writes the file.
   *
   * @throws CommandException if it cannot be written
   */
  void write(Path file) {
    JsonFactory factory = new JsonFactory();
    try (JsonGenerator json = factory.createGenerator(file.toFile(), JsonEncoding.UTF8)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter());
      json.writeStartObject();
      json.writeStringField("benchmark", "smallfile");
      json.writeStringField("time", Instant.now().toString());
      json.writeStringField("version", Version.number());
      json.writeStringField("commit", facts.commit());
      settings(json);
      machine(json);
      host(json);
      measurement(json, "biscotti", report.guest());
      measurement(json, "native", report.natively());
      json.writeEndObject();
    } catch (IOException e) {
      throw new CommandException(
          "--json %s: %s: name a file that can be written".formatted(file, e.getMessage()));
    }
  }

  private void settings(JsonGenerator json) throws IOException {
    SmallfileReport.Settings settings = report.settings();
    json.writeObjectFieldStart("settings");
    json.writeNumberField("files", settings.files());
    json.writeNumberField("directories", settings.directories());
    json.writeNumberField("bytesPerFile", settings.size());
    json.writeNumberField("repetitions", settings.repetitions());
    json.writeEndObject();
  }

  private void machine(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("machine");
    json.writeNumberField("memoryBytes", flags.memoryBytes());
    json.writeNumberField("vcpus", flags.cpus());
    json.writeBooleanField("ring0Entry", host.ring0Entry());
    json.writeBooleanField("shadowPaging", host.shadowPaging());
    json.writeBooleanField("tscReliable", host.tscReliable());
    json.writeStringField("jvm", facts.jvm());
    json.writeStringField("collector", flags.collector().optionName());
    json.writeArrayFieldStart("jvmArguments");
    for (String argument : facts.jvmArguments()) {
      json.writeString(HostText.decode(argument));
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private void host(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("host");
    json.writeStringField("kernel", facts.kernel());
    json.writeStringField("processor", facts.processor());
    json.writeNumberField("cores", facts.cores());
    json.writeNumberField("memoryBytes", facts.memoryBytes());
    json.writeStringField("fileSystem", report.settings().hostFileSystem());
    json.writeEndObject();
  }

  private static void measurement(JsonGenerator json, String name, Measurement measured)
      throws IOException {
    json.writeObjectFieldStart(name);
    json.writeObjectFieldStart("warmMedian");
    for (Phase phase : Phase.values()) {
      json.writeObjectFieldStart(phase.label());
      number(json, "nanos", measured.warm(phase, Repetition.Spent::nanos));
      number(json, "cycles", measured.warm(phase, Repetition.Spent::cycles));
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeNumberField("warmingUpRepetitions", measured.warmingUp());
    json.writeNumberField("warmingUpNanos", measured.warmingUpNanos());
    json.writeNumberField("wholeByWarm", measured.wholeByWarm());
    json.writeArrayFieldStart("repetitions");
    for (Repetition repetition : measured.repetitions()) {
      json.writeStartObject();
      for (Phase phase : Phase.values()) {
        json.writeObjectFieldStart(phase.label());
        json.writeNumberField("nanos", repetition.of(phase).nanos());
        json.writeNumberField("cycles", repetition.of(phase).cycles());
        json.writeEndObject();
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void number(JsonGenerator json, String name, OptionalDouble value)
      throws IOException {
    if (value.isPresent()) {
      json.writeNumberField(name, Math.round(value.getAsDouble()));
    } else {
      json.writeNullField(name);
    }
  }
}

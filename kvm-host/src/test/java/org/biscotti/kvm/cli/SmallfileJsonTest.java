package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.biscotti.kernel.fs.InodePolicies;
import org.biscotti.kernel.mem.ForkPolicies;
import org.biscotti.kernel.parallel.Parallelism;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Patching;
import org.biscotti.kernel.serve.Policies;
import org.biscotti.kvm.Machine.HostKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SmallfileJsonTest {
  @TempDir private Path directory;

  private static SmallfileJson json(Measurement guest) {
    Measurement natively = SmallfileReportTest.measurement(500, 100, 300);
    return new SmallfileJson(
        SmallfileReportTest.report(guest, natively),
        new MachineFlags(
            1 << 30,
            2,
            Collector.SERIAL,
            Policies.ADAPTIVE,
            Exitless.AUTO,
            Patching.AUTO,
            ForkPolicies.PARALLEL,
            Parallelism.ADAPTIVE,
            InodePolicies.LOCK,
            false,
            null),
        new HostKind(false, true, true),
        new HostFacts(
            "Linux 6.1", "A \"CPU\"", 2, 123, "VM 25", List.of("-Xa", "-Db=\\c"), "abc-dirty"));
  }

  /** Every value of a document under its path, for example {@code native.repetitions[0].x}. */
  private static Map<String, String> values(Path file) throws IOException {
    Map<String, String> values = new LinkedHashMap<>();
    try (JsonParser parser = new JsonFactory().createParser(file.toFile())) {
      for (JsonToken token; (token = parser.nextToken()) != null; ) {
        if (token.isScalarValue()) {
          String path = parser.getParsingContext().pathAsPointer().toString();
          values.put(path, parser.getText());
        }
      }
    }
    return values;
  }

  @Test
  void writesEverything() throws IOException {
    Path file = directory.resolve("x.json");
    json(SmallfileReportTest.measurement(10, 20, 40)).write(file);
    assertThat(values(file))
        .containsEntry("/benchmark", "smallfile")
        .containsEntry("/commit", "abc-dirty")
        .containsEntry("/settings/files", "100")
        .containsEntry("/settings/bytesPerFile", "1")
        .containsEntry("/machine/memoryBytes", "1073741824")
        .containsEntry("/machine/collector", "serial")
        .containsEntry("/machine/shadowPaging", "true")
        .containsEntry("/machine/jvmArguments/1", "-Db=\\c")
        .containsEntry("/host/processor", "A \"CPU\"")
        .containsEntry("/host/fileSystem", "tmpfs (/dev/shm)")
        .containsEntry("/biscotti/warmMedian/read/nanos", "30")
        .containsEntry("/biscotti/warmingUpRepetitions", "0")
        .containsEntry("/biscotti/warmingUpNanos", "0")
        .containsKey("/biscotti/wholeByWarm")
        .containsEntry("/biscotti/repetitions/0/create/nanos", "30")
        .containsEntry("/biscotti/repetitions/2/total/cycles", "480")
        .containsEntry("/native/warmMedian/unlink/cycles", "800")
        .containsEntry("/native/repetitions/1/read/nanos", "100")
        .containsKey("/time");
  }

  @Test
  void saysThatThereIsNothingWarm() throws IOException {
    Path file = directory.resolve("x.json");
    json(SmallfileReportTest.measurement(10)).write(file);
    assertThat(values(file)).containsEntry("/biscotti/warmMedian/read/nanos", "null");
  }

  @Test
  void saysWhatIsWrongWithTheFile() {
    assertThatThrownBy(() -> json(SmallfileReportTest.measurement(10)).write(directory))
        .isInstanceOf(CommandException.class)
        .hasMessageStartingWith("--json " + directory + ": ");
  }
}

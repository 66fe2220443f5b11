package org.biscotti.bench.figures;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** On what, and by what, was measured. */
final class Environment {
  private Environment() {}

  /** Names and values, in order. */
  static Map<String, String> collect(Path home, Extent extent) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put(
        "date (UTC)",
        LocalDateTime.now(ZoneOffset.UTC)
            .truncatedTo(ChronoUnit.SECONDS)
            .format(DateTimeFormatter.ISO_LOCAL_DATE_TIME));
    facts.put("commit", output(home, List.of("git", "describe", "--always", "--dirty")));
    facts.put("processor", HostClock.model());
    facts.put("cores", Integer.toString(Lab.cores()));
    facts.put("clock", "%.2f GHz".formatted(HostClock.cyclesPerNano()));
    facts.put("host", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    facts.put(
        "JDK", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
    String jvm = extent.jvmOptions();
    facts.put("JVM options", jvm.isEmpty() ? "none besides run.sh's" : jvm);
    String collector = extent.collector();
    facts.put("collector", collector == null ? "g1 unless it is said" : collector);
    facts.put("extent", extent.quick() ? "quick: less than the paper has" : "full");
    return facts;
  }

  private static String output(Path home, List<String> command) {
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(home.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0 ? text.strip() : "unknown";
    } catch (IOException e) {
      return "unknown";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "unknown";
    }
  }
}

package org.biscotti.bench.figures;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What is known of this machine's processor. */
final class HostClock {
  private static final Path CPUINFO = Path.of("/proc/cpuinfo");

  private HostClock() {}

  /** Rate of the processor's clock as Linux states it, in cycles per nanosecond; NaN if unknown. */
  static double cyclesPerNano() {
    String megahertz = field("cpu MHz");
    return megahertz.isEmpty() ? Double.NaN : Double.parseDouble(megahertz) / 1000;
  }

  /** Name of the processor. */
  static String model() {
    return field("model name");
  }

  private static String field(String name) {
    try {
      List<String> lines = Files.readAllLines(CPUINFO);
      for (String line : lines) {
        if (line.startsWith(name)) {
          return line.substring(line.indexOf(':') + 1).strip();
        }
      }
    } catch (IOException e) {
      return "";
    }
    return "";
  }
}

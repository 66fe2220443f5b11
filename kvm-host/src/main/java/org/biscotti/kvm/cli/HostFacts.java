package org.biscotti.kvm.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * On what a measurement was made.
 *
 * @param kernel the host's, for example {@code "Linux 6.1.0"}
 * @param processor its name
 * @param cores how many the JVM may use
 * @param memoryBytes the host's memory
 * @param jvm name and version
 * @param jvmArguments what the JVM was started with, without the program's own arguments
 * @param commit of this project's repository, or null if that is not known
 */
record HostFacts(
    String kernel,
    String processor,
    int cores,
    long memoryBytes,
    String jvm,
    List<String> jvmArguments,
    @Nullable String commit) {
  private static final String UNKNOWN = "unknown";

  HostFacts {
    jvmArguments = List.copyOf(jvmArguments);
  }

  /**
   * Looks around.
   *
   * @param home the project's top level
   */
  static HostFacts collect(Path home) {
    String memory = field(Path.of("/proc/meminfo"), "MemTotal").replaceAll("\\D", "");
    return new HostFacts(
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        field(Path.of("/proc/cpuinfo"), "model name"),
        Runtime.getRuntime().availableProcessors(),
        memory.isEmpty() ? 0 : Long.parseLong(memory) << 10,
        System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"),
        jvmArguments(HostText.commandLine()),
        commitOf(home));
  }

  /** The value of the first line {@code NAME : VALUE} of a file in {@code /proc}. */
  private static String field(Path file, String name) {
    try {
      for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
        int colon = line.indexOf(':');
        if (colon > 0 && line.substring(0, colon).strip().equals(name)) {
          return line.substring(colon + 1).strip();
        }
      }
    } catch (IOException e) {
      return UNKNOWN;
    }
    return UNKNOWN;
  }

  /** Between the java command and the main class. */
  private static List<String> jvmArguments(List<String> commandLine) {
    int module = Math.max(commandLine.indexOf("--module"), commandLine.indexOf("-m"));
    return commandLine.size() < 2 || module < 1 ? List.of() : commandLine.subList(1, module);
  }

  private static @Nullable String commitOf(Path home) {
    try {
      Process git =
          new ProcessBuilder(
                  "git", "-C", home.toString(), "describe", "--always", "--abbrev=40", "--dirty")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      git.getOutputStream().close();
      String text = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return git.waitFor() == 0 && !text.isBlank() ? text.strip() : null;
    } catch (IOException e) {
      return null; // no git, then no commit
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  /** The guest in words. */
  String describeGuest(MachineFlags flags, MachineCounts counts) {
    return "%s, %d vCPU%s, %s, %s; %s entry, %s paging"
        .formatted(
            MemorySize.format(flags.memoryBytes()),
            flags.cpus(),
            flags.cpus() == 1 ? "" : "s",
            flags.collector().optionName(),
            jvm,
            counts.host().ring0Entry() ? "ring-0" : "ring-3",
            counts.host().shadowPaging() ? "shadow" : "nested");
  }

  /** The host in words. */
  String describeHost() {
    return "%s, %s, %d core%s".formatted(kernel, processor, cores, cores == 1 ? "" : "s");
  }
}

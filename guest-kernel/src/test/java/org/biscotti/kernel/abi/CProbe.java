package org.biscotti.kernel.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Asks the C compiler and the host's headers; tests that do are skipped where there is no gcc. */
public final class CProbe {
  private CProbe() {}

  /** Compiles and runs a C program in {@code directory}, and returns the lines that it prints. */
  public static List<String> run(Path directory, String source)
      throws IOException, InterruptedException {
    Path program = directory.resolve("probe");
    Path output = directory.resolve("output");
    Files.writeString(directory.resolve("probe.c"), source);
    Process compiler;
    try {
      compiler =
          new ProcessBuilder("gcc", "-w", "-o", program.toString(), program + ".c")
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
    } catch (IOException e) {
      assumeTrue(false, "no gcc: " + e.getMessage());
      throw e;
    }
    assertThat(compiler.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(compiler.exitValue()).as(() -> read(output)).isZero();
    Process probe = new ProcessBuilder(program.toString()).redirectOutput(output.toFile()).start();
    assertThat(probe.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(probe.exitValue()).isZero();
    return Files.readAllLines(output);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}

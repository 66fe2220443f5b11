package org.biscotti.kvm.ffi;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a C compiler says of the host's headers. */
final class CompilerProbe {
  private CompilerProbe() {}

  /**
   * Ends the test if there is no gcc: it is skipped, or fails where nothing may be skipped ({@code
   * biscotti.requireKvm}).
   */
  static void requireCompiler() throws InterruptedException {
    if (hasCompiler()) {
      return;
    }
    String reason = "there is no gcc to compare with";
    if (Boolean.getBoolean("biscotti.requireKvm")) {
      fail(reason + ", and biscotti.requireKvm is set");
    }
    abort(reason);
  }

  private static boolean hasCompiler() throws InterruptedException {
    try {
      return new ProcessBuilder("gcc", "--version")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * The value of each expression in C, each as an unsigned number of 64 bits.
   *
   * @param directory where it may leave files
   * @param headers the names of headers, as between the brackets of an include
   */
  static Map<String, Long> values(
      Path directory, List<String> headers, Collection<String> expressions)
      throws IOException, InterruptedException {
    StringBuilder source = new StringBuilder("#define _GNU_SOURCE\n");
    for (String header : headers) {
      source.append("#include <").append(header).append(">\n");
    }
    source.append("#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n");
    for (String expression : expressions) {
      source.append("printf(\"%llu\\n\", (unsigned long long)(").append(expression).append("));\n");
    }
    Path file = directory.resolve("probe.c");
    Files.writeString(file, source.append("}\n"));
    Path program = directory.resolve("probe");
    output("gcc", "-o", program.toString(), file.toString());
    List<String> lines = output(program.toString()).lines().toList();
    Map<String, Long> values = new LinkedHashMap<>();
    int i = 0;
    for (String expression : expressions) {
      values.put(expression, Long.parseUnsignedLong(lines.get(i++)));
    }
    return values;
  }

  /** A header as the compiler sees it once the preprocessor is done. */
  static String preprocessed(Path directory, String header)
      throws IOException, InterruptedException {
    Path file = directory.resolve("header.c");
    Files.writeString(file, "#include <" + header + ">\n");
    return output("gcc", "-E", "-P", file.toString());
  }

  private static String output(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}

package org.biscotti.kernel.abi;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares every constant with what the C compiler makes of the installed headers. */
class AuxvTest {
  @TempDir Path temporary;

  @Test
  void valuesAreThoseOfTheHeaders() throws Exception {
    Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "needs gcc");
    List<String> expected = new ArrayList<>();
    StringBuilder source = new StringBuilder("#include <elf.h>\n#include <linux/auxvec.h>\n");
    source.append("#include <asm/hwcap2.h>\n#include <stdio.h>\nint main(void) {\n");
    for (Field field : Auxv.class.getFields()) {
      expected.add(field.getName() + " " + field.getLong(null));
      source.append(
          "  printf(\"%s %%ld\\n\", (long)%s);\n".formatted(field.getName(), field.getName()));
    }
    source.append("}\n");
    Path program = temporary.resolve("probe");
    Files.writeString(temporary.resolve("probe.c"), source);
    run("gcc", temporary.resolve("probe.c").toString(), "-o", program.toString());
    assertThat(expected).hasSizeGreaterThan(20);
    assertThat(run(program.toString()).lines()).containsExactlyElementsOf(expected);
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), US_ASCII);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}

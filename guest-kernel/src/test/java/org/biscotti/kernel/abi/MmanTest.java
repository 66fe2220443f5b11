package org.biscotti.kernel.abi;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares {@link Mman} with what the C compiler says of the installed headers. */
class MmanTest {
  @Test
  void constantsAreThoseOfTheHeaders(@TempDir Path directory) throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "no gcc to ask");
    List<String> expected = new ArrayList<>();
    StringBuilder source = new StringBuilder("#include <stdio.h>\n#include <linux/mman.h>\n");
    source.append("int main(void) {\n");
    for (Field field : Mman.class.getFields()) {
      if (Modifier.isStatic(field.getModifiers()) && field.getType() == int.class) {
        expected.add(field.getName() + "=" + field.getInt(null));
        String name = field.getName();
        source.append("printf(\"").append(name).append("=%d\\n\", (int) ").append(name);
        source.append(");\n");
      }
    }
    source.append("return 0; }\n");
    Path program = directory.resolve("probe");
    Path code = Files.writeString(directory.resolve("probe.c"), source);
    Process compiler =
        new ProcessBuilder("/usr/bin/gcc", "-o", program.toString(), code.toString())
            .redirectErrorStream(true)
            .start();
    String messages = compiler.inputReader(UTF_8).readAllAsString();
    assertThat(compiler.waitFor()).as(messages).isZero();
    Process probe = new ProcessBuilder(program.toString()).start();
    assertThat(probe.inputReader(UTF_8).readAllLines()).isEqualTo(expected).hasSizeGreaterThan(50);
  }
}

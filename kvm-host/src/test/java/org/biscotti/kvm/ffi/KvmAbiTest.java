package org.biscotti.kvm.ffi;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every number in {@link KvmAbi} is the one that a C compiler finds in {@code linux/kvm.h}. */
class KvmAbiTest {
  private static final String SIZEOF = "$sizeof";

  /** The members of the synchronized area: {@code s.regs} is a {@code struct kvm_sync_regs}. */
  private static final String SYNC_AREA = "s$regs$";

  @Test
  void agreesWithTheHeader(@TempDir Path directory) throws Exception {
    assumeTrue(hasCompiler(), "there is no gcc to compare with");
    Map<String, Long> ours = constants();
    assertThat(ours).hasSizeGreaterThan(60);
    assertThat(headerValues(directory, ours)).isEqualTo(ours);
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

  private static Map<String, Long> constants() throws IllegalAccessException {
    Map<String, Long> values = new LinkedHashMap<>();
    for (Field field : KvmAbi.class.getDeclaredFields()) {
      if (Modifier.isPublic(field.getModifiers())) {
        values.put(field.getName(), ((Number) field.get(null)).longValue());
      }
    }
    return values;
  }

  /** Turns our names back into C: {@code struct$member} is an offset, the rest are constants. */
  private static String expression(String name) {
    if (name.endsWith(SIZEOF)) {
      return "sizeof(struct " + name.substring(0, name.length() - SIZEOF.length()) + ")";
    }
    int separator = name.indexOf('$');
    if (separator < 0) {
      return name.equals("KVM_API_VERSION") ? "KVM_API_VERSION" : "(unsigned)(" + name + ")";
    }
    String struct = name.substring(0, separator);
    String member = name.substring(separator + 1);
    if (member.startsWith(SYNC_AREA)) {
      return "offsetof(struct kvm_run, s) + offsetof(struct kvm_sync_regs, "
          + member.substring(SYNC_AREA.length())
          + ")";
    }
    return "offsetof(struct " + struct + ", " + member.replace('$', '.') + ")";
  }

  private static Map<String, Long> headerValues(Path directory, Map<String, Long> names)
      throws IOException, InterruptedException {
    StringBuilder source =
        new StringBuilder(
            "#include <linux/kvm.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n");
    for (String name : names.keySet()) {
      source.append(
          "printf(\"%s %%llu\\n\", (unsigned long long)(%s));%n".formatted(name, expression(name)));
    }
    source.append("}\n");
    Path file = directory.resolve("probe.c");
    Files.writeString(file, source);
    Path program = directory.resolve("probe");
    Process compiler =
        new ProcessBuilder("gcc", "-o", program.toString(), file.toString())
            .redirectErrorStream(true)
            .start();
    String messages = new String(compiler.getInputStream().readAllBytes(), UTF_8);
    assertThat(compiler.waitFor()).as(messages).isZero();
    Process probe = new ProcessBuilder(program.toString()).start();
    Map<String, Long> values = new LinkedHashMap<>();
    new String(probe.getInputStream().readAllBytes(), UTF_8)
        .lines()
        .map(line -> line.split(" "))
        .forEach(pair -> values.put(pair[0], Long.parseLong(pair[1])));
    assertThat(probe.waitFor(10, TimeUnit.SECONDS)).isTrue();
    return values;
  }
}

package org.biscotti.kvm.ffi;

import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The names that scripts/jextract.sh asks for are those that {@link KvmAbi} has. */
@Tag("check")
class JextractIncludesTest {
  @Test
  void listNamesWhatKvmAbiHas() throws IOException {
    Set<String> used =
        Arrays.stream(KvmAbi.class.getFields())
            .map(Field::getName)
            .map(JextractIncludesTest::includeOf)
            .collect(toCollection(TreeSet::new));

    Path list = Path.of(System.getProperty("biscotti.home"), "scripts", "jextract-includes.txt");
    try (Stream<String> lines = Files.lines(list)) {
      assertThat(lines.filter(line -> !line.startsWith("#")))
          .containsExactlyInAnyOrderElementsOf(used);
    }
  }

  private static String includeOf(String name) {
    int dollar = name.indexOf('$');
    return dollar < 0
        ? "--include-constant " + name
        : "--include-struct " + name.substring(0, dollar);
  }
}

package org.biscotti.kvm.ffi;

import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The names that scripts/jextract.sh asks for are those that {@link KvmAbi} has, and the structures
 * that those contain: jextract makes none of which it may not make a part.
 */
@Tag("check")
class JextractIncludesTest {
  private static final String STRUCT = "--include-struct ";

  /** Whole structures that {@code struct kvm_run} or what is in it contains. */
  private static final Set<String> CONTAINED =
      Set.of("kvm_debug_exit_arch", "kvm_hyperv_exit", "kvm_sync_regs", "kvm_xen_exit");

  private static final Pattern DEFINITION = Pattern.compile("struct (\\w+) \\{");

  /** A member that is a structure itself; a pointer to one has a star there. */
  private static final Pattern MEMBER = Pattern.compile("struct (\\w+) \\w+[;\\[]");

  @Test
  void listNamesWhatKvmAbiHas() throws IOException {
    Set<String> used =
        Arrays.stream(KvmAbi.class.getFields())
            .map(Field::getName)
            .map(JextractIncludesTest::includeOf)
            .collect(toCollection(TreeSet::new));
    CONTAINED.forEach(name -> used.add(STRUCT + name));

    assertThat(includes()).containsExactlyInAnyOrderElementsOf(used);
  }

  @Test
  void listNamesWhatItsStructuresContain(@TempDir Path directory) throws Exception {
    CompilerProbe.requireCompiler();
    Map<String, Set<String>> parts = parts(CompilerProbe.preprocessed(directory, "linux/kvm.h"));
    Set<String> listed = new TreeSet<>();
    for (String include : includes()) {
      if (include.startsWith(STRUCT)) {
        listed.add(include.substring(STRUCT.length()));
      }
    }
    Set<String> needed = new TreeSet<>();
    Deque<String> left = new ArrayDeque<>(listed);
    while (!left.isEmpty()) {
      String struct = left.remove();
      assertThat(parts).containsKey(struct);
      if (needed.add(struct)) {
        left.addAll(parts.get(struct));
      }
    }
    assertThat(listed).isEqualTo(needed);
  }

  private static Set<String> includes() throws IOException {
    Path list = Path.of(System.getProperty("biscotti.home"), "scripts", "jextract-includes.txt");
    try (Stream<String> lines = Files.lines(list)) {
      return lines.filter(line -> !line.startsWith("#")).collect(toCollection(TreeSet::new));
    }
  }

  private static String includeOf(String name) {
    int dollar = name.indexOf('$');
    return dollar < 0 ? "--include-constant " + name : STRUCT + name.substring(0, dollar);
  }

  /** For each structure of a header the structures that are members of it. */
  private static Map<String, Set<String>> parts(String header) {
    Map<String, Set<String>> parts = new HashMap<>();
    Matcher definitions = DEFINITION.matcher(header);
    while (definitions.find()) {
      Set<String> members = parts.computeIfAbsent(definitions.group(1), _ -> new HashSet<>());
      String body = header.substring(definitions.end(), endOfBody(header, definitions.end()));
      MEMBER
          .matcher(body)
          .results()
          .map((MatchResult member) -> member.group(1))
          .forEach(members::add);
    }
    return parts;
  }

  /** Where the brace closes that has been opened before a place. */
  private static int endOfBody(String header, int start) {
    int depth = 1;
    int at = start;
    while (depth > 0) {
      switch (header.charAt(at++)) {
        case '{' -> depth++;
        case '}' -> depth--;
        default -> {}
      }
    }
    return at;
  }
}

package org.biscotti.kvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.biscotti.bench.figures.Figures;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Model.CommandSpec;

/** What the command line says of {@code figures} is what that program has. */
@Tag("check")
class FiguresCommandTest {
  private final CommandSpec known = new FiguresCommand().spec();
  private final CommandSpec real = CommandSpec.forAnnotatedObject(Figures.class);

  private static Set<String> options(CommandSpec spec) {
    return spec.options().stream()
        .map(option -> option.longestName())
        .filter(name -> !name.equals("--help"))
        .collect(Collectors.toSet());
  }

  private static List<String> names(CommandSpec spec) {
    List<String> names = new ArrayList<>();
    spec.positionalParameters().getFirst().completionCandidates().forEach(names::add);
    return names;
  }

  @Test
  void hasItsOptions() {
    assertThat(options(known)).isEqualTo(options(real));
  }

  @Test
  void hasItsExperiments() {
    assertThat(names(known)).isEqualTo(names(real));
  }
}

package org.biscotti.kvm.cli;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code figures}: known here so that help and completion have it. It is a program of its own, with
 * libraries that no other command needs, and scripts/run.sh starts that in place of this one.
 */
final class FiguresCommand implements Subcommand {
  private static final List<String> EXPERIMENTS =
      List.of(
          "smallfile",
          "policies",
          "bmgc",
          "fork",
          "processes",
          "manythreads",
          "read",
          "latency",
          "threads");

  @Override
  public String name() {
    return "figures";
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Arguments.command(
            name(),
            "Reproduces the paper's experiments: tables, pictures and a report.",
            "[OPTION...] [NAME...]");
    spec.addOption(Arguments.flag("--quick", "Less of everything."));
    spec.addOption(Arguments.value("--out", "DIR", "Where results go.").build());
    spec.addOption(Arguments.value("--jvm", "OPTIONS", "Options for every JVM.").build());
    spec.addOption(
        Arguments.value("--gc", "NAME", "Collector of every machine.")
            .completionCandidates(List.of(Collector.choices(" ").split(" ", -1)))
            .build());
    spec.addOption(Arguments.value("--jfr", "FILE", "Record every machine.").build());
    spec.addPositional(
        PositionalParamSpec.builder()
            .paramLabel("NAME...")
            .hideParamSyntax(true)
            .type(List.class)
            .auxiliaryTypes(String.class)
            .completionCandidates(EXPERIMENTS)
            .description("Which experiments: " + String.join(", ", EXPERIMENTS) + ".")
            .build());
    return spec;
  }

  @Override
  public int run(ParseResult arguments, Console console) {
    throw new CommandException(
        "figures is a program of its own: start it with " + Main.COMMAND + " figures");
  }
}

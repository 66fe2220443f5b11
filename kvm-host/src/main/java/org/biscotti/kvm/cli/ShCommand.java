package org.biscotti.kvm.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code sh}: busybox's shell in a machine of its own, interactive if somebody sits at a terminal.
 * In an empty root all of busybox's commands are there.
 */
final class ShCommand implements Subcommand {
  private static final String BUSYBOX = "busybox";
  private static final String ROOT = "--root";

  /** Makes the commands by name, and becomes the shell; $0 is busybox. */
  private static final String SETUP =
      "B=$0; \"$B\" mkdir -p /bin /sbin /usr/bin /usr/sbin; \"$B\" --install -s; "
          + "export PS1=\"${PS1-\\\\w \\\\$ }\"; "
          + "exec \"$B\" sh \"$@\"";

  private final ExecCommand exec;

  ShCommand(GuestMachine.Factory machines) {
    exec = new ExecCommand(machines);
  }

  @Override
  public String name() {
    return "sh";
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Arguments.command(
            name(), "Runs a shell in the guest, busybox's.", "[OPTION...] [-- ARG...]");
    ExecCommand.addOptions(spec);
    spec.addPositional(
        PositionalParamSpec.builder()
            .paramLabel("ARG...")
            .hideParamSyntax(true)
            .type(List.class)
            .auxiliaryTypes(String.class)
            .description("Arguments of the shell, for example -c 'ls -l /'.")
            .build());
    return spec;
  }

  @Override
  public int run(ParseResult arguments, Console console) {
    List<String> words = new ArrayList<>(List.of(BUSYBOX, "sh"));
    if (Arguments.valueOf(arguments, ROOT) == null) {
      words.addAll(List.of("-c", SETUP, BUSYBOX));
    }
    words.addAll(arguments.matchedPositionalValue(0, List.of()));
    return exec.run(words, arguments, console, ExecCommand.isInteractive());
  }
}

package org.biscotti.kvm.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code completion}: prints the bash functions that complete our commands and options. */
final class CompletionCommand implements Subcommand {
  @Override
  public String name() {
    return "completion";
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec = Arguments.command(name(), "Prints the script for bash completion.", "");
    spec.usageMessage()
        .customSynopsis("source <(" + Main.COMMAND + " completion)")
        .footer("", "Bash and zsh then complete run.sh by its file name, whatever its path.");
    return spec;
  }

  @Override
  public int run(ParseResult arguments, Console console) {
    CommandSpec top = arguments.commandSpec().root();
    console.out().print(AutoComplete.bash(Main.SCRIPT, top.commandLine()));
    console.out().flush();
    return ExitCode.SUCCESS;
  }
}

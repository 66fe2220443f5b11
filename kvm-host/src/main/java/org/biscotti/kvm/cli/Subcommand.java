package org.biscotti.kvm.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** One word after {@code run.sh}, with its options and what it does. */
interface Subcommand {
  /** The word. */
  String name();

  /** Name, options and help. */
  CommandSpec spec();

  /**
   * Does it.
   *
   * @param arguments what the user gave; its own options only
   * @return the exit code
   * @throws CommandException for whatever the user can do something about
   */
  int run(ParseResult arguments, Console console);
}

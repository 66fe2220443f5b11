package org.biscotti.kvm.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * Shorthands for picocli. Every value is taken as the string that it is; what it means is decided,
 * and complained about, by whoever knows.
 */
final class Arguments {
  private Arguments() {}

  /** A subcommand's specification, with its one-line summary and the words after its name. */
  static CommandSpec command(String name, String summary, String synopsis) {
    CommandSpec spec = CommandSpec.create().name(name);
    spec.usageMessage()
        .description(summary)
        .customSynopsis(Main.COMMAND + " " + name + " " + synopsis)
        .showDefaultValues(false)
        .sortOptions(false)
        .width(Main.HELP_WIDTH);
    spec.addOption(helpOption());
    return spec;
  }

  /** {@code --help}, which every command has. */
  static OptionSpec helpOption() {
    return OptionSpec.builder("-h", "--help")
        .usageHelp(true)
        .description("Print this help.")
        .build();
  }

  /** An option with a value. */
  static OptionSpec.Builder value(String name, String label, String... description) {
    return OptionSpec.builder(name)
        .paramLabel(label)
        .type(String.class)
        .hideParamSyntax(true)
        .description(description);
  }

  /** An option with a value that may be given several times. */
  static OptionSpec repeatable(String name, String label, String... description) {
    return OptionSpec.builder(name)
        .paramLabel(label)
        .type(List.class)
        .auxiliaryTypes(String.class)
        .hideParamSyntax(true)
        .description(description)
        .build();
  }

  /** An option without a value. */
  static OptionSpec flag(String name, String... description) {
    return OptionSpec.builder(name).description(description).build();
  }

  /** The value of an option, or null if it was not given. */
  static @Nullable String valueOf(ParseResult arguments, String option) {
    return arguments.matchedOptionValue(option, null);
  }

  /** The values of an option that can be given several times. */
  static List<String> valuesOf(ParseResult arguments, String option) {
    return arguments.matchedOptionValue(option, List.of());
  }

  /**
   * The value of an option that takes a whole number.
   *
   * @throws CommandException if it is none, or out of range
   */
  static int numberOf(
      ParseResult arguments, String option, int minimum, int maximum, int ifAbsent) {
    String text = valueOf(arguments, option);
    if (text == null) {
      return ifAbsent;
    }
    try {
      int number = Integer.parseInt(text);
      if (number >= minimum && number <= maximum) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new CommandException(
        "%s %s: give a whole number from %d to %d"
            .formatted(option, text.isEmpty() ? "''" : HostText.decode(text), minimum, maximum));
  }

  /** An option whose value is one of the names of an enum, in lower case. */
  static OptionSpec.Builder choice(
      String name, Class<? extends Enum<?>> choices, String description) {
    List<String> names = names(choices);
    return value(name, String.join("|", names), description).completionCandidates(names);
  }

  private static List<String> names(Class<? extends Enum<?>> choices) {
    return Arrays.stream(choices.getEnumConstants()).map(Arguments::optionName).toList();
  }

  private static String optionName(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT);
  }

  /**
   * The value of an option made by {@link #choice}.
   *
   * @throws CommandException if it is none of the names
   */
  static <E extends Enum<E>> E chosen(ParseResult arguments, String option, E ifAbsent) {
    String text = valueOf(arguments, option);
    if (text == null) {
      return ifAbsent;
    }
    for (E choice : ifAbsent.getDeclaringClass().getEnumConstants()) {
      if (optionName(choice).equals(text)) {
        return choice;
      }
    }
    throw new CommandException(
        "%s %s: choose one of %s"
            .formatted(
                option,
                text.isEmpty() ? "''" : HostText.decode(text),
                String.join(", ", names(ifAbsent.getDeclaringClass()))));
  }
}

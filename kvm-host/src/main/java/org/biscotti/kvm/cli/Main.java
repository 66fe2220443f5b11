package org.biscotti.kvm.cli;

import java.nio.file.Path;
import java.util.List;
import org.biscotti.kvm.HostCpus;
import org.biscotti.kvm.KvmException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line's main class: reads what the user typed and runs the command that it names. */
public final class Main {
  /** What users type to get here. */
  static final String COMMAND = "./scripts/run.sh";

  /** The script's file name, which shells complete by. */
  static final String SCRIPT = "run.sh";

  static final int HELP_WIDTH = 100;

  private static final long START_NANOS = System.nanoTime();

  private final Console console;
  private final List<Subcommand> subcommands;

  /**
   * Makes the command line.
   *
   * @param home the project's top level
   */
  Main(Console console, GuestMachine.Factory machines, Path home) {
    this.console = console;
    subcommands =
        List.of(
            new SmallfileCommand(machines, home),
            new ExecCommand(machines),
            new ShCommand(machines),
            new FiguresCommand(),
            new CompletionCommand());
  }

  /**
   * What reads the words. The command that the first of them names is alone in it, since every
   * start waits for its options to be made; but the one for shells wants all.
   */
  private CommandLine commandLine(List<String> words) {
    CommandSpec top = topSpec();
    Subcommand named = words.isEmpty() ? null : subcommand(words.getFirst());
    if (named == null || named instanceof CompletionCommand) {
      subcommands.forEach(each -> top.addSubcommand(each.name(), each.spec()));
    } else {
      top.addSubcommand(named.name(), named.spec());
    }
    CommandLine commandLine = new CommandLine(top);
    commandLine.setExpandAtFiles(false);
    commandLine.setStopAtPositional(true);
    return commandLine;
  }

  private @Nullable Subcommand subcommand(String name) {
    for (Subcommand each : subcommands) {
      if (each.name().equals(name)) {
        return each;
      }
    }
    return null;
  }

  private static CommandSpec topSpec() {
    CommandSpec top = CommandSpec.create().name(SCRIPT);
    top.usageMessage()
        .description("Runs x86-64 Linux programs in guest mode under a kernel written in Java.")
        .customSynopsis(COMMAND + " COMMAND [OPTION...]")
        .footer("", "Each command explains itself: " + COMMAND + " COMMAND --help")
        .sortOptions(false)
        .width(HELP_WIDTH);
    top.addOption(Arguments.helpOption());
    top.addOption(
        OptionSpec.builder("-V", "--version")
            .versionHelp(true)
            .description("Print the version of Biscotti and of the JVM.")
            .build());
    return top;
  }

  /** When this class was initialised, the first of ours; by System.nanoTime. */
  static long startNanos() {
    return START_NANOS;
  }

  /**
   * Links the C functions while the command line is read; each takes some 50 ms, and nearly every
   * command needs both.
   */
  private static void linkMeanwhile() {
    Thread.ofPlatform().daemon().name("biscotti-linking").start(HostCpus::allowed);
  }

  /** Runs a command and exits with its code. */
  public static void main(String[] arguments) {
    linkMeanwhile();
    Console console = Console.standard();
    if (console.debug()) {
      System.setProperty("biscotti.log.pattern", "biscotti: %m%n%ex"); // see log4j2.properties
    }
    Path home = Path.of(System.getProperty("biscotti.home", "")).toAbsolutePath();
    Main main = new Main(console, KvmGuestMachine::boot, home);
    int code = main.run(HostText.arguments(arguments));
    Interruption.commandHasEnded();
    System.exit(code);
  }

  /**
   * Runs a command.
   *
   * @param arguments strings of bytes
   * @return the exit code; whatever went wrong has been said
   */
  int run(List<String> arguments) {
    try {
      CommandLine commandLine = commandLine(arguments);
      return dispatch(commandLine, commandLine.parseArgs(arguments.toArray(String[]::new)));
    } catch (CommandException e) {
      console.failure(String.valueOf(e.getMessage()), e);
      return e.exitCode();
    } catch (ParameterException e) {
      console.failure(describe(e), e);
      return ExitCode.OWN_FAILURE;
    } catch (KvmException e) {
      console.failure(String.valueOf(e.getMessage()), e);
      return ExitCode.OWN_FAILURE;
    } catch (OutOfMemoryError e) {
      console.failure("the kernel's heap is full: allow more with --kernel-heap", e);
      return ExitCode.OWN_FAILURE;
    } catch (RuntimeException | Error e) {
      console.failure(
          "internal error: " + e + (console.debug() ? "" : " (BISCOTTI_DEBUG=1 shows where)"), e);
      return ExitCode.OWN_FAILURE;
    }
  }

  private int dispatch(CommandLine commandLine, ParseResult parsed) {
    if (parsed.isUsageHelpRequested()) {
      commandLine.usage(console.out());
      return ExitCode.SUCCESS;
    }
    if (parsed.isVersionHelpRequested()) {
      console.out().println(Version.line());
      return ExitCode.SUCCESS;
    }
    if (!parsed.hasSubcommand()) {
      throw new CommandException("no command given: see " + COMMAND + " --help");
    }
    ParseResult sub = parsed.subcommand();
    CommandSpec spec = sub.commandSpec();
    if (sub.isUsageHelpRequested()) {
      spec.commandLine().usage(console.out());
      return ExitCode.SUCCESS;
    }
    Subcommand subcommand = subcommand(spec.name());
    if (subcommand == null) {
      throw new IllegalStateException("no command " + spec.name());
    }
    return subcommand.run(sub, console);
  }

  /** One line for what picocli does not understand. */
  private static String describe(ParameterException e) {
    boolean top = e.getCommandLine().getParent() == null;
    String help = COMMAND + (top ? "" : " " + e.getCommandLine().getCommandName()) + " --help";
    String what =
        switch (e) {
          case UnmatchedArgumentException unmatched -> unmatched(unmatched, top);
          case MissingParameterException missing ->
              nameOf(missing) + " needs a value: " + labelOf(missing);
          case OverwrittenOptionException twice ->
              ((OptionSpec) twice.getOverwritten()).longestName() + " can be given only once";
          case ParameterException _
              when e.getArgSpec() instanceof OptionSpec option && option.arity().max() == 0 ->
              option.longestName() + " takes no value";
          default -> HostText.decode(String.valueOf(e.getMessage()));
        };
    return what + "; see " + help;
  }

  private static String unmatched(UnmatchedArgumentException e, boolean top) {
    String word = HostText.decode(e.getUnmatched().getFirst());
    if (word.startsWith("-")) {
      return "there is no option " + word;
    }
    return top ? "there is no command " + word : word + " is one word too many";
  }

  private static String nameOf(MissingParameterException e) {
    return e.getMissing().getFirst() instanceof OptionSpec option ? option.longestName() : "";
  }

  private static String labelOf(MissingParameterException e) {
    String label = e.getMissing().getFirst().paramLabel();
    return nameOf(e) + " " + label;
  }
}

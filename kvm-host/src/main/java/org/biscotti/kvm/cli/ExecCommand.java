package org.biscotti.kvm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.biscotti.devices.RawTerminal;
import org.biscotti.devices.StandardStreams;
import org.biscotti.kernel.port.HostStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code exec}: one program in a machine of its own, with the caller's standard streams. */
final class ExecCommand implements Subcommand {
  private static final String ROOT = "--root";
  private static final String MOUNT = "--mount";
  private static final String ENV = "--env";
  private static final String CWD = "--cwd";
  private static final String STRACE = "--strace";
  private static final String STATS = "--stats";
  private static final String TTY = "--tty";

  /** Numbers of the standard descriptors that the caller had closed. */
  private static final String CLOSED_PROPERTY = "biscotti.closed";

  private static final int STREAMS = 3;

  private final GuestMachine.Factory machines;

  ExecCommand(GuestMachine.Factory machines) {
    this.machines = machines;
  }

  @Override
  public String name() {
    return "exec";
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Arguments.command(
            name(), "Runs a Linux program in the guest.", "[OPTION...] [--] PROGRAM [ARG...]");
    addOptions(spec);
    spec.addOption(
        Arguments.flag(
            TTY,
            "Give the program a terminal of the guest's own, with job control, on the caller's "
                + "terminal."));
    spec.addPositional(
        PositionalParamSpec.builder()
            .paramLabel("PROGRAM [ARG...]")
            .hideParamSyntax(true)
            .type(List.class)
            .auxiliaryTypes(String.class)
            .description(
                "A path in the guest. One that is not there but on the host is made visible at the "
                    + "same path, read-only. A name without a slash is looked up in PATH.")
            .build());
    spec.usageMessage()
        .footer(
            "",
            "The exit code is the program's own, or 128 + n when signal n killed it; 125 when "
                + "Biscotti failed, 126 when the program cannot be executed, 127 when it is not "
                + "there.");
    return spec;
  }

  /** The options of every command that runs a program that the user names. */
  static void addOptions(CommandSpec spec) {
    spec.addOption(
        Arguments.value(
                ROOT,
                "DIR",
                "Serve this directory of the host as the guest's root. It stays as it is: changes "
                    + "are kept in guest memory.")
            .build());
    spec.addOption(
        Arguments.repeatable(
            MOUNT,
            "HOST:GUEST[:rw]",
            "Serve a directory of the host at a path of the guest, read-only unless rw is added."));
    spec.addOption(
        Arguments.repeatable(
            ENV,
            "NAME[=VALUE]",
            "Set a variable, or pass the caller's on if it has one. Without this the program has "
                + "PATH, HOME and the caller's TERM."));
    spec.addOption(
        Arguments.value(CWD, "DIR", "Working directory in the guest (default: /).").build());
    spec.addOption(straceOption());
    spec.addOption(Arguments.flag(STATS, "At the end, print where the time and the exits went."));
    MachineFlags.addTo(spec);
  }

  private static OptionSpec straceOption() {
    return Arguments.value(
            STRACE, "FILE", "Print the system calls as strace does, to standard error or FILE.")
        .arity("0..1")
        .fallbackValue(Observation.STANDARD_ERROR)
        .hideParamSyntax(false)
        .preprocessor((words, _, _, info) -> {
          // Only --strace=FILE has a value: the next word may be the program.
          if (!info.containsKey("separator")) {
            words.push(Observation.STANDARD_ERROR);
          }
          return false;
        })
        .build();
  }

  /** What the user asked for, checked as far as it can be without a machine. */
  private record Job(
      MachineFlags machine,
      @Nullable Path root,
      List<MountSpec> mounts,
      GuestEnvironment environment,
      String workingDirectory,
      List<String> words) {
    static Job of(ParseResult arguments, List<String> words) {
      String root = Arguments.valueOf(arguments, ROOT);
      if (root != null && root.isEmpty()) {
        throw new CommandException("--root '': name a directory, or leave the option out");
      }
      return new Job(
          MachineFlags.of(arguments),
          root == null ? null : HostText.path(root),
          Arguments.valuesOf(arguments, MOUNT).stream().map(MountSpec::parse).toList(),
          new GuestEnvironment(Arguments.valuesOf(arguments, ENV), HostText::variable),
          workingDirectory(arguments),
          words);
    }

    private static String workingDirectory(ParseResult arguments) {
      String path = Objects.requireNonNullElse(Arguments.valueOf(arguments, CWD), "/");
      if (!path.startsWith("/")) {
        throw new CommandException(
            "--cwd %s: give a path in the guest that starts with /"
                .formatted(path.isEmpty() ? "''" : HostText.decode(path)));
      }
      return path;
    }
  }

  @Override
  public int run(ParseResult arguments, Console console) {
    List<String> words = arguments.matchedPositionalValue(0, List.of());
    if (words.isEmpty()) {
      throw new CommandException(
          "no program given: " + Main.COMMAND + " exec [OPTION...] -- PROGRAM [ARG...]");
    }
    boolean interactive = arguments.hasMatchedOption(TTY);
    if (interactive && !isInteractive()) {
      throw new CommandException(
          TTY + ": standard input and output are no terminal: leave the option out");
    }
    return run(words, arguments, console, interactive);
  }

  /** True if somebody sits at a terminal. */
  static boolean isInteractive() {
    try (StandardStreams standard = new StandardStreams()) {
      return isTerminal(standard.stream(0)) && isTerminal(standard.stream(1));
    }
  }

  private static boolean isTerminal(@Nullable HostStream stream) {
    return stream != null && stream.isTerminal();
  }

  /** Runs a program; on a console of its own if it is to be interactive. */
  int run(List<String> words, ParseResult arguments, Console console, boolean interactive) {
    Job job = Job.of(arguments, words);
    Interruption interruption = Interruption.install();
    try (Observation observation =
            new Observation(
                Arguments.valueOf(arguments, STRACE),
                arguments.hasMatchedOption(STATS),
                job.machine().cpus(),
                console);
        StandardStreams standard = new StandardStreams()) {
      List<@Nullable HostStream> streams = callersStreams(standard);
      GuestMachine.Setup setup =
          new GuestMachine.Setup(
              job.machine(), job.root(), terminal(streams), observation.observer());
      try (GuestMachine machine = machines.boot(setup)) {
        GuestProgram.Outcome outcome;
        try (RawTerminal _ = interactive ? takeTerminal(machine, streams) : null) {
          GuestProgram program = launch(job, machine, streams);
          interruption.watch(program);
          outcome = program.await();
          if (interactive) {
            machine.endConsole();
          }
        }
        String notice = outcome.signal() == 0 ? null : DeathNotice.of(outcome.signal());
        if (notice != null && !interruption.isRequested()) {
          console.err().println(notice);
        }
        observation.report(machine.counts());
        return outcome.exitCode();
      }
    }
  }

  private static RawTerminal takeTerminal(
      GuestMachine machine, List<@Nullable HostStream> streams) {
    HostStream keyboard = Objects.requireNonNull(streams.get(0));
    HostStream screen = Objects.requireNonNull(streams.get(1));
    RawTerminal terminal = new RawTerminal(0);
    machine.useConsole(keyboard, screen);
    terminal.onResize(() -> machine.resizeConsole(screen.windowSize()));
    return terminal;
  }

  /**
   * What the caller had open. Descriptors that it had closed are something else by now, and
   * scripts/run.sh has said which.
   */
  private static List<@Nullable HostStream> callersStreams(StandardStreams standard) {
    String closed = System.getProperty(CLOSED_PROPERTY, "");
    List<@Nullable HostStream> streams = new ArrayList<>();
    for (int fd = 0; fd < STREAMS; fd++) {
      streams.add(closed.contains(Integer.toString(fd)) ? null : standard.stream(fd));
    }
    return streams;
  }

  private static @Nullable HostStream terminal(List<@Nullable HostStream> streams) {
    for (HostStream stream : streams) {
      if (stream != null && stream.isTerminal()) {
        return stream;
      }
    }
    return null;
  }

  private static GuestProgram launch(
      Job job, GuestMachine machine, List<@Nullable HostStream> streams) {
    job.mounts().forEach(machine::mount);
    String searchPath = Objects.requireNonNullElse(HostText.variable("PATH"), "");
    ProgramLauncher launcher =
        new ProgramLauncher(machine, job.root() != null, List.of(searchPath.split(":", -1)));
    return launcher.launch(
        new ProgramLauncher.Command(
            job.words(), job.environment(), job.workingDirectory(), streams));
  }
}

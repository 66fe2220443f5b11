package org.biscotti.kvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code smallfile}: the paper's small-file benchmark in the guest and, in the same invocation, on
 * the host.
 */
final class SmallfileCommand implements Subcommand {
  private static final String FILES = "--files";
  private static final String DIRS = "--dirs";
  private static final String SIZE = "--size";
  private static final String REPEAT = "--repeat";
  private static final String JSON = "--json";

  private static final int FILES_MAX = 1_000_000;
  private static final int SIZE_MAX = 1 << 20;
  private static final int REPEAT_MAX = 10_000;
  private static final int FILES_DEFAULT = 100;
  private static final int DIRS_DEFAULT = 4;
  private static final int SIZE_DEFAULT = 1;
  private static final int REPEAT_DEFAULT = 1000;

  /** A line of smallfile is at most 300 bytes. */
  private static final int OUTPUT_MAX = 300 * REPEAT_MAX;

  /** Where scripts/guests.sh puts the program, below the top level of the project. */
  private static final String PROGRAM = "bench/target/guest/smallfile";

  private final GuestMachine.Factory machines;
  private final Path home;

  SmallfileCommand(GuestMachine.Factory machines, Path home) {
    this.machines = machines;
    this.home = home;
  }

  @Override
  public String name() {
    return "smallfile";
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec =
        Arguments.command(
            name(),
            "Runs the paper's small-file benchmark in the guest and natively, and compares.",
            "[OPTION...]");
    addNumber(spec, FILES, "Files to create, read and unlink", FILES_DEFAULT);
    addNumber(spec, DIRS, "Directories they are in", DIRS_DEFAULT);
    addNumber(spec, SIZE, "Size of each in bytes", SIZE_DEFAULT);
    addNumber(spec, REPEAT, "Repetitions, the first of them cold", REPEAT_DEFAULT);
    spec.addOption(
        Arguments.value(JSON, "FILE", "Write everything that was measured to FILE.").build());
    MachineFlags.addTo(spec);
    return spec;
  }

  private static void addNumber(CommandSpec spec, String option, String what, int ifAbsent) {
    String description = "%s (default: %d).".formatted(what, ifAbsent);
    spec.addOption(Arguments.value(option, "N", description).build());
  }

  /** What the user asked for. */
  private record Job(int files, int directories, int size, int repetitions, MachineFlags machine) {
    static Job of(ParseResult arguments) {
      return new Job(
          Arguments.numberOf(arguments, FILES, 1, FILES_MAX, FILES_DEFAULT),
          Arguments.numberOf(arguments, DIRS, 1, FILES_MAX, DIRS_DEFAULT),
          Arguments.numberOf(arguments, SIZE, 1, SIZE_MAX, SIZE_DEFAULT),
          Arguments.numberOf(arguments, REPEAT, 1, REPEAT_MAX, REPEAT_DEFAULT),
          MachineFlags.of(arguments));
    }

    List<String> command(Path program) {
      return List.of(
          program.toString(),
          FILES,
          Integer.toString(files),
          DIRS,
          Integer.toString(directories),
          SIZE,
          Integer.toString(size),
          REPEAT,
          Integer.toString(repetitions));
    }
  }

  @Override
  public int run(ParseResult arguments, Console console) {
    Job job = Job.of(arguments);
    Path json = jsonFile(arguments);
    Path program = program();
    Interruption interruption = Interruption.install();
    MachineCounts counts;
    String output;
    try (GuestMachine machine =
        machines.boot(new GuestMachine.Setup(job.machine(), null, null, null))) {
      output = runInGuest(machine, job, program, interruption);
      counts = machine.counts();
    }
    Measurement guest = measurement(output);
    NativeRun host = NativeRun.prepare();
    Measurement natively = measurement(host.run(job.command(program), interruption));
    HostFacts facts = HostFacts.collect(home);
    SmallfileReport report =
        new SmallfileReport(
            new SmallfileReport.Settings(
                job.files(),
                job.directories(),
                job.size(),
                job.repetitions(),
                facts.describeGuest(job.machine(), counts),
                facts.describeHost(),
                host.fileSystem()),
            guest,
            natively);
    console.out().print(report.text());
    console.out().flush();
    if (json != null) {
      new SmallfileJson(report, job.machine(), counts.host(), facts).write(json);
    }
    return ExitCode.SUCCESS;
  }

  private static @Nullable Path jsonFile(ParseResult arguments) {
    String name = Arguments.valueOf(arguments, JSON);
    if (name == null) {
      return null;
    }
    Path file = name.isEmpty() ? null : HostText.path(name);
    try {
      if (file != null) {
        // Better now than after the measurement.
        Files.newOutputStream(file).close();
        return file;
      }
    } catch (IOException e) {
      // Said below.
    }
    throw new CommandException(
        "--json %s: cannot be written: name a file in a directory that is there and writable"
            .formatted(name.isEmpty() ? "''" : file));
  }

  private Path program() {
    Path program = home.resolve(PROGRAM);
    if (!Files.isExecutable(program)) {
      throw new CommandException(program + " is not there: 'make guests' builds it");
    }
    return program;
  }

  private static String runInGuest(
      GuestMachine machine, Job job, Path program, Interruption interruption) {
    CapturedStream output = new CapturedStream(OUTPUT_MAX);
    CapturedStream errors = new CapturedStream(OUTPUT_MAX);
    ProgramLauncher launcher = new ProgramLauncher(machine, false, List.of());
    GuestProgram running =
        launcher.launch(
            new ProgramLauncher.Command(
                job.command(program).stream().map(HostText::encode).toList(),
                new GuestEnvironment(List.of(), _ -> null),
                "/",
                Arrays.asList(null, output, errors)));
    interruption.watch(running);
    GuestProgram.Outcome outcome = running.await();
    if (interruption.isRequested()) {
      throw new CommandException("interrupted");
    }
    if (outcome.exitCode() != 0) {
      throw new CommandException(
          "smallfile fails in the guest with exit code %d: %s"
              .formatted(outcome.exitCode(), errors.text().strip()));
    }
    return output.text();
  }

  private static Measurement measurement(String output) {
    return new Measurement(Repetition.parseAll(output));
  }
}

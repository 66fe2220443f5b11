package org.biscotti.kvm.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.ToLongFunction;

/**
 * What smallfile has shown, as text.
 *
 * @param settings what was run
 * @param guest in the guest
 * @param natively the same program on the host
 */
record SmallfileReport(Settings settings, Measurement guest, Measurement natively) {
  private static final ToLongFunction<Repetition.Spent> CYCLES = Repetition.Spent::cycles;
  private static final ToLongFunction<Repetition.Spent> NANOS = Repetition.Spent::nanos;
  private static final double MEGA = 1e6;
  private static final String NONE = "-";

  /** Millions of cycles of Cutler et al., figure 4, by phase. */
  private static final List<String> XV6 = List.of("2,066", "36", "1,014", "3,117");

  private static final List<String> BISCUIT = List.of("1,742", "37", "956", "2,735");

  /**
   * What was run, and where.
   *
   * @param files how many
   * @param directories in how many directories
   * @param size of each file in bytes
   * @param repetitions how often
   * @param machine the guest in words
   * @param host the host in words
   * @param hostFileSystem where the native run had its files
   */
  record Settings(
      int files,
      int directories,
      int size,
      int repetitions,
      String machine,
      String host,
      String hostFileSystem) {}

  /** The report, each line with its end. */
  String text() {
    return heading() + "\n" + table() + "\n" + legend() + "\n" + paper();
  }

  private String heading() {
    return """
    smallfile: %s of %s each in %s, %s
    Biscotti: tmpfs of the guest; %s
    native: %s; %s
    """
        .formatted(
            count(settings.files, "file", "files"),
            count(settings.size, "byte", "bytes"),
            count(settings.directories, "directory", "directories"),
            count(settings.repetitions, "repetition", "repetitions"),
            settings.machine,
            settings.hostFileSystem,
            settings.host);
  }

  private static String count(int number, String one, String many) {
    return number(number, 0) + " " + (number == 1 ? one : many);
  }

  private String table() {
    TextTable table =
        new TextTable()
            .row(over(1, ""), over(4, "Biscotti"), over(4, "native"), over(1, "ratio"))
            .row(
                over(1, ""),
                over(2, "Mcycles"),
                over(2, "us/file"),
                over(2, "Mcycles"),
                over(2, "us/file"))
            .row("", "cold", "warm", "cold", "warm", "cold", "warm", "cold", "warm", "warm");
    for (Phase phase : Phase.values()) {
      List<String> row = new ArrayList<>();
      row.add(phase.label());
      for (Measurement measured : List.of(guest, natively)) {
        double perFile = 1e3 * measured.files();
        row.add(cell(OptionalDouble.of(measured.cold(phase, CYCLES)), MEGA));
        row.add(cell(measured.warm(phase, CYCLES), MEGA));
        row.add(cell(OptionalDouble.of(measured.cold(phase, NANOS)), perFile));
        row.add(cell(measured.warm(phase, NANOS), perFile));
      }
      row.add(ratio(phase));
      table.row(row.toArray(String[]::new));
    }
    return table.render();
  }

  private static TextTable.Cell over(int columns, String heading) {
    return new TextTable.Cell(heading, columns);
  }

  private static String cell(OptionalDouble value, double divisor) {
    return value.isPresent() ? number(value.getAsDouble() / divisor, 2) : NONE;
  }

  /** How many times as long the guest takes as the host, both warm; by the clock. */
  private String ratio(Phase phase) {
    OptionalDouble ours = guest.warm(phase, NANOS);
    OptionalDouble theirs = natively.warm(phase, NANOS);
    return ours.isPresent() && theirs.orElse(0) > 0
        ? number(ours.getAsDouble() / theirs.getAsDouble(), 1)
        : NONE;
  }

  private static String number(double value, int decimals) {
    return String.format(Locale.ROOT, "%,." + decimals + "f", value);
  }

  private String legend() {
    return """
    Mcycles: millions of time-stamp counter cycles for the whole phase; us/file: microseconds per
    file. cold: the first repetition; %s.
    ratio: time in the guest by time on the host.
    %s\
    """
        .formatted(
            settings.repetitions == 1
                ? "warm: none, --repeat 2 or more has some"
                : "warm: median of the last " + number(guest.warmRepetitions().size(), 0),
            warmingUp());
  }

  private String warmingUp() {
    int count = guest.warmingUp();
    return count == 0
        ? ""
        : """
        The kernel is compiled while it runs: after %s, %s ms, they take less than %d times as
        long as when warm; all of them together took %s times as long.
        """
            .formatted(
                count(count, "repetition", "repetitions"),
                number(guest.warmingUpNanos() / MEGA, 0),
                Measurement.NEARLY_WARM,
                number(guest.wholeByWarm(), 1));
  }

  private static String paper() {
    TextTable table = new TextTable();
    List<String> heads = Arrays.stream(Phase.values()).map(Phase::label).toList();
    table.row(row("Mcycles", heads));
    table.row(row("xv6", XV6));
    table.row(row("Biscuit", BISCUIT));
    return """
    From the paper (Cutler et al., figure 4: 100 files of 1 byte in a few directories), on other
    hardware and on a file system on a disk: for the proportions, not for comparison.
    """
        + table.render();
  }

  private static String[] row(String head, List<String> cells) {
    List<String> row = new ArrayList<>(List.of(head));
    row.addAll(cells);
    return row.toArray(String[]::new);
  }
}

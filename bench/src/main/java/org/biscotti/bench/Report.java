package org.biscotti.bench;

import static java.util.Locale.ROOT;

import com.google.errorprone.annotations.FormatMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.biscotti.kernel.serve.Exitless;
import org.biscotti.kernel.serve.Policies;

/** The tables that a run of the benchmarks ends with, and whether what must hold does. */
final class Report {
  /** Most that an exit to Java may cost, as a multiple of one to C. */
  static final double EXIT_RATIO_MAX = 1.10;

  /** Most that a call served in shared memory may cost, as a multiple of one that nobody serves. */
  static final double INLINE_RATIO_MAX = 1.5;

  /** The same for one on a thread of its own. */
  static final double THREAD_RATIO_MAX = 2.2;

  /**
   * Bytes of Java heap per exit that count as none. A batch takes a few hundred for its command and
   * the virtual thread that waits for it, which is less than a byte a call; an object takes 16.
   */
  static final double EXIT_BYTES_MAX = 1;

  /** Most that smallfile may take, all phases together, as a multiple of native Linux. */
  static final double SMALLFILE_RATIO_MAX = 1.25;

  /** The same for an open and a close. */
  static final double OPEN_CLOSE_RATIO_MAX = 2.2;

  /** Most that calls may cost if the kernel could serve others but nobody is idle. */
  static final double BUSY_RATIO_MAX = 1.05;

  /** Most that the default policy may cost, as a multiple of the best of the others. */
  static final double ADAPTIVE_RATIO_MAX = 1.05;

  private static final List<String> FILE_CALLS =
      List.of("openClose", "stat", "pread1", "pread4096", "pwrite1");

  private final StringBuilder text = new StringBuilder();
  private final List<Figure> figures;

  private Report(List<Figure> figures) {
    this.figures = figures;
  }

  /** The tables of all benchmarks that figures are there of. */
  static String of(List<Figure> figures) {
    Report report = new Report(figures);
    report.nullSyscall();
    report.smallfile();
    report.fileCalls();
    report.policies();
    report.twoBusyPrograms();
    report.callSweep();
    report.copyBandwidth();
    return report.text.toString();
  }

  private Optional<Figure> find(String benchmark, String side, long size) {
    return figures.stream()
        .filter(f -> f.benchmark().equals(benchmark) && f.side().equals(side) && f.size() == size)
        .findFirst();
  }

  private boolean title(String family, String title) {
    Optional<Figure> any = figures.stream().filter(f -> f.benchmark().startsWith(family)).findAny();
    any.ifPresent(figure ->
        line(
            "%s: warm (after %d iterations), medians of %d.",
            title, figure.warmups(), figure.iterations()));
    return any.isPresent();
  }

  private void nullSyscall() {
    if (!title("NullSyscall.", "A system call that does nothing")) {
      return;
    }
    line("%n  %-14s%12s%14s%10s", "", "ns/call", "by own clock", "B/call");
    Optional<Figure> java = call("NullSyscall.javaExit", "Java exit");
    Optional<Figure> c = call("NullSyscall.cExit", "C exit");
    call("NullSyscall.nativeLinux", "native Linux");
    Optional<Figure> floor = call("NullSyscall.bounce", "bounce");
    call("NullSyscall.cRing", "C ring");
    for (Policies policy : Policies.values()) {
      String name = policy.name();
      find("NullSyscall.javaRing", name, 0).ifPresent(f -> call(f, "ring " + name));
    }
    line("");
    floor.ifPresent(this::ringRatios);
    if (java.isPresent() && c.isPresent()) {
      bar("Java exit / C exit", java.get().nanos() / c.get().nanos(), EXIT_RATIO_MAX);
    }
    java.ifPresent(f -> bar("Java heap per exit, B", f.allocatedBytes(), EXIT_BYTES_MAX));
    line("");
  }

  private Optional<Figure> call(String benchmark, String title) {
    Optional<Figure> figure = find(benchmark, "", 0);
    figure.ifPresent(f -> call(f, title));
    return figure;
  }

  private void call(Figure f, String title) {
    line("  %-14s%12.1f%14.1f%10.3f", title, f.nanos(), f.ownNanos(), f.allocatedBytes());
  }

  /** What the ways to answer without an exit cost, as multiples of not answering. */
  private void ringRatios(Figure floor) {
    find("NullSyscall.cRing", "", 0)
        .ifPresent(f -> line("  %-22s%10.3f", "C ring / bounce", f.nanos() / floor.nanos()));
    for (Policies policy : Policies.values()) {
      Optional<Figure> figure = find("NullSyscall.javaRing", policy.name(), 0);
      if (figure.isPresent()) {
        String what = policy.name() + " / bounce";
        double ratio = figure.get().nanos() / floor.nanos();
        switch (policy) {
          case INLINE -> bar(what, ratio, INLINE_RATIO_MAX);
          case THREAD -> bar(what, ratio, THREAD_RATIO_MAX);
          case POOL, ADAPTIVE -> line("  %-22s%10.3f", what, ratio);
        }
      }
    }
  }

  private void bar(String what, double value, double maximum) {
    line(
        "  %-22s%10.3f   at most %.2f: %s",
        what, value, maximum, value <= maximum ? "holds" : "DOES NOT HOLD");
  }

  private void smallfile() {
    if (!title("Smallfile.", "smallfile, 100 files of one byte in 4 directories, tmpfs")) {
      return;
    }
    Optional<Figure> guest = find("Smallfile.total", Side.GUEST.name(), 0);
    Optional<Figure> host = find("Smallfile.total", Side.NATIVE.name(), 0);
    line("%n  %-8s%14s%15s%16s", "", "guest µs/file", "native µs/file", "guest / native");
    for (String phase : Smallfile.PHASES) {
      microseconds(phase, part(guest, phase), part(host, phase));
    }
    double total = guest.map(Figure::ownNanos).orElse(Double.NaN);
    double natively = host.map(Figure::ownNanos).orElse(Double.NaN);
    microseconds("total", total, natively);
    line("");
    if (guest.isPresent() && host.isPresent()) {
      bar("smallfile / native", total / natively, SMALLFILE_RATIO_MAX);
    }
    guest.ifPresent(f -> line("  %-22s%10.3f", "Java heap per file, B", f.allocatedBytes()));
    line("");
  }

  private static double part(Optional<Figure> figure, String name) {
    return figure.map(f -> f.parts().get(name)).orElse(Double.NaN);
  }

  private void microseconds(String name, double guest, double host) {
    line("  %-8s%14.2f%15.2f%16.2f", name, guest / 1000, host / 1000, guest / host);
  }

  private void fileCalls() {
    if (!title("FileCalls.", "Calls on a file in memory")) {
      return;
    }
    line("%n  %-12s%12s%14s%16s%10s", "", "guest ns", "native ns", "guest / native", "B/call");
    for (String call : FILE_CALLS) {
      Optional<Figure> guest = find("FileCalls." + call, Side.GUEST.name(), 0);
      Optional<Figure> host = find("FileCalls." + call, Side.NATIVE.name(), 0);
      if (guest.isPresent() && host.isPresent()) {
        double ratio = guest.get().nanos() / host.get().nanos();
        line(
            "  %-12s%12.1f%14.1f%16.2f%10.3f",
            call, guest.get().nanos(), host.get().nanos(), ratio, guest.get().allocatedBytes());
        if (call.equals(FILE_CALLS.getFirst())) {
          bar("openClose / native", ratio, OPEN_CLOSE_RATIO_MAX);
        }
      }
    }
    line("");
  }

  /** The default policy against the others, wherever these have been measured too. */
  private void policies() {
    List<String> measured = new ArrayList<>();
    FILE_CALLS.forEach(call -> measured.add("FileCalls." + call));
    measured.add("Smallfile.total");
    measured.removeIf(benchmark ->
        find(benchmark, Side.GUEST.name(), 0).isEmpty() || Double.isNaN(bestOther(benchmark)));
    if (measured.isEmpty()) {
      return;
    }
    line("Policies, ns; GUEST is adaptive, the default.");
    line("%n  %-18s%12s%12s%12s%12s", "", "GUEST", "INLINE", "THREAD", "POOL");
    for (String benchmark : measured) {
      line(
          "  %-18s%12.1f%12.1f%12.1f%12.1f",
          benchmark,
          nanos(benchmark, Side.GUEST),
          nanos(benchmark, Side.INLINE),
          nanos(benchmark, Side.THREAD),
          nanos(benchmark, Side.POOL));
    }
    line("");
    for (String benchmark : measured) {
      bar(
          benchmark.substring(benchmark.indexOf('.') + 1) + ", of the best",
          nanos(benchmark, Side.GUEST) / bestOther(benchmark),
          ADAPTIVE_RATIO_MAX);
    }
    line("");
  }

  private double bestOther(String benchmark) {
    return Side.OTHERS.stream()
        .mapToDouble(side -> nanos(benchmark, side))
        .filter(nanos -> !Double.isNaN(nanos))
        .min()
        .orElse(Double.NaN);
  }

  private double nanos(String benchmark, Side side) {
    return find(benchmark, side.name(), 0).map(Figure::nanos).orElse(Double.NaN);
  }

  private void twoBusyPrograms() {
    if (!title("TwoBusyPrograms.", "Two programs that call all the time on two vCPUs")) {
      return;
    }
    for (String call : List.of("nullCalls", "openClose")) {
      Optional<Figure> tries = find("TwoBusyPrograms." + call, Exitless.AUTO.name(), 0);
      Optional<Figure> exits = find("TwoBusyPrograms." + call, Exitless.OFF.name(), 0);
      if (tries.isPresent() && exits.isPresent()) {
        line(
            "%n  %-12s%10.1f ns a call with exitless=auto, %.1f with off",
            call, tries.get().nanos(), exits.get().nanos());
        bar(call + " auto / off", tries.get().nanos() / exits.get().nanos(), BUSY_RATIO_MAX);
      }
    }
    line("");
  }

  private void callSweep() {
    if (!title("CallSweep.", "Wall time of a null call by threads that call at once, ns")) {
      return;
    }
    StringBuilder header = new StringBuilder();
    for (CallSweep.Side side : CallSweep.Side.values()) {
      header.append(String.format(ROOT, "%12s", side));
    }
    line("%n  threads%s", header);
    for (long threads : Sweep.threads(figures)) {
      StringBuilder row = new StringBuilder();
      for (CallSweep.Side side : CallSweep.Side.values()) {
        double nanos = Sweep.nanos(figures, side, threads);
        row.append(String.format(ROOT, "%12.1f", nanos));
      }
      line("  %7d%s", threads, row);
    }
    line("");
  }

  private void copyBandwidth() {
    if (!title("CopyBandwidth.", "Copies between a buffer and a file in memory")) {
      return;
    }
    line("%n  %-8s%12s%14s%14s%16s", "", "call", "guest GB/s", "native GB/s", "guest / native");
    TreeSet<Long> sizes = new TreeSet<>();
    figures.stream()
        .filter(f -> f.benchmark().startsWith("CopyBandwidth."))
        .forEach(f -> sizes.add(f.size()));
    for (String operation : List.of("read", "write")) {
      sizes.forEach(size -> copy(operation, size));
    }
    line("");
  }

  private void copy(String operation, long size) {
    double guest = bandwidth(operation, Side.GUEST, size);
    double host = bandwidth(operation, Side.NATIVE, size);
    if (!Double.isNaN(guest) || !Double.isNaN(host)) {
      line("  %-8s%8d KiB%14.2f%14.2f%16.2f", operation, size >> 10, guest, host, guest / host);
    }
  }

  /** In 10^9 bytes a second, or NaN. */
  private double bandwidth(String operation, Side side, long size) {
    return find("CopyBandwidth." + operation, side.name(), size)
        .map(figure -> CopyBandwidth.BYTES / figure.nanos())
        .orElse(Double.NaN);
  }

  @FormatMethod
  private void line(String format, Object... arguments) {
    text.append(String.format(ROOT, format, arguments)).append('\n');
  }
}

package org.biscotti.bench;

import static java.util.Locale.ROOT;

import com.google.errorprone.annotations.FormatMethod;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
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

  private final StringBuilder text = new StringBuilder();
  private final List<Figure> figures;

  private Report(List<Figure> figures) {
    this.figures = figures;
  }

  /** The tables of all benchmarks that figures are there of. */
  static String of(List<Figure> figures) {
    Report report = new Report(figures);
    report.nullSyscall();
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
            "%s: warm (after %d iterations), one core, medians of %d.",
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

  private void copyBandwidth() {
    if (!title("CopyBandwidth.", "Copies between a buffer and a file in memory")) {
      return;
    }
    line("%n  %-8s%12s%14s%14s%16s", "", "call", "guest GB/s", "native GB/s", "guest / native");
    TreeSet<Long> sizes = new TreeSet<>();
    figures.forEach(f -> sizes.add(f.size()));
    sizes.remove(0L);
    for (String operation : List.of("read", "write")) {
      sizes.forEach(size -> copy(operation, size));
    }
    line("");
  }

  private void copy(String operation, long size) {
    double guest = bandwidth(operation, CopyBandwidth.Side.GUEST, size);
    double host = bandwidth(operation, CopyBandwidth.Side.NATIVE, size);
    if (!Double.isNaN(guest) || !Double.isNaN(host)) {
      line("  %-8s%8d KiB%14.2f%14.2f%16.2f", operation, size >> 10, guest, host, guest / host);
    }
  }

  /** In 10^9 bytes a second, or NaN. */
  private double bandwidth(String operation, CopyBandwidth.Side side, long size) {
    return find("CopyBandwidth." + operation, side.name(), size)
        .map(figure -> CopyBandwidth.BYTES / figure.nanos())
        .orElse(Double.NaN);
  }

  @FormatMethod
  private void line(String format, Object... arguments) {
    text.append(String.format(ROOT, format, arguments)).append('\n');
  }
}

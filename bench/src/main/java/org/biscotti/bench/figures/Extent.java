package org.biscotti.bench.figures;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How much is measured, and what every machine is started with.
 *
 * @param quick whether to measure less
 * @param jvmOptions for the JVM of every machine, words separated by spaces
 * @param collector of every machine as {@code --gc} names it, or null: the ordinary one, and in
 *     comparisons of collectors several
 * @param recording file for recordings of machines, each with its number in its name, or null
 */
record Extent(
    boolean quick, String jvmOptions, @Nullable String collector, @Nullable String recording) {
  private static final List<String> COLLECTORS =
      List.of("zgc", "shenandoah", "g1", "parallel", "serial");
  private static final List<String> COLLECTORS_QUICK = List.of("g1", "zgc");
  private static final String GC = "--gc=";
  private static final String JFR = "--jfr=";

  /** True if there is a collector with this name. */
  static boolean isCollector(String name) {
    return COLLECTORS.contains(name);
  }

  /** The names of all collectors. */
  static String collectorNames() {
    return String.join(", ", COLLECTORS);
  }

  /** The collectors that are compared. */
  List<String> collectors() {
    return collector != null ? List.of(collector) : quick ? COLLECTORS_QUICK : COLLECTORS;
  }

  /**
   * The options of a machine: an experiment's own, and those of all machines where it has none.
   *
   * @param machine its number, from 1
   */
  List<String> options(List<String> own, int machine) {
    List<String> options = new ArrayList<>(own);
    if (collector != null && own.stream().noneMatch(option -> option.startsWith(GC))) {
      options.add(GC + collector);
    }
    if (recording != null && own.stream().noneMatch(option -> option.startsWith(JFR))) {
      String stem = recording.replaceFirst("\\.jfr$", "");
      options.add(JFR + stem + "-" + machine + ".jfr");
    }
    return options;
  }
}

package org.biscotti.kvm.cli;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The JVM's garbage collectors. By the time that this program can read {@code --gc} the JVM has
 * one; {@code scripts/run.sh} has read the option before it, and here it is only checked.
 */
enum Collector {
  G1,
  ZGC,
  SHENANDOAH,
  PARALLEL,
  SERIAL;

  /** The option's value. */
  String optionName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** All values of the option, for example {@code "g1|zgc"}. */
  static String choices(String separator) {
    return Arrays.stream(values())
        .map(Collector::optionName)
        .collect(Collectors.joining(separator));
  }

  /** The collector with a name, or null. */
  static @Nullable Collector find(String name) {
    for (Collector collector : values()) {
      if (collector.optionName().equals(name)) {
        return collector;
      }
    }
    return null;
  }
}

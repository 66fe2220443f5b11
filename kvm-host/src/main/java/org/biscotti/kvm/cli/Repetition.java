package org.biscotti.kvm.cli;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One repetition of smallfile.
 *
 * @param files how many files there were
 * @param spent for each phase, what all files together took
 */
record Repetition(int files, Map<Phase, Spent> spent) {
  private static final String MARK = "smallfile";

  /**
   * What a phase took.
   *
   * @param nanos by the monotonic clock
   * @param cycles by the time-stamp counter
   */
  record Spent(long nanos, long cycles) {}

  Repetition {
    spent = Map.copyOf(spent);
  }

  /** What a phase took. */
  Spent of(Phase phase) {
    return Objects.requireNonNull(spent.get(phase));
  }

  /**
   * Reads smallfile's output: one line for each repetition, in order.
   *
   * @throws IllegalArgumentException if a line is not as smallfile prints it
   */
  static List<Repetition> parseAll(String output) {
    return output.lines().filter(line -> !line.isBlank()).map(Repetition::parse).toList();
  }

  private static Repetition parse(String line) {
    List<String> words = List.of(line.strip().split(" +", -1));
    if (!words.getFirst().equals(MARK)) {
      throw new IllegalArgumentException("not a line of smallfile: " + line);
    }
    Map<String, Long> values = new HashMap<>();
    for (String word : words.subList(1, words.size())) {
      int equals = word.indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException("'" + word + "' is no NAME=NUMBER: " + line);
      }
      values.put(word.substring(0, equals), Long.valueOf(word.substring(equals + 1)));
    }
    Map<Phase, Spent> spent = new EnumMap<>(Phase.class);
    for (Phase phase : Phase.values()) {
      spent.put(
          phase,
          new Spent(
              value(values, phase.label() + "_ns", line),
              value(values, phase.label() + "_cycles", line)));
    }
    return new Repetition(Math.toIntExact(value(values, "files", line)), spent);
  }

  private static long value(Map<String, Long> values, String name, String line) {
    Long value = values.get(name);
    if (value == null || value < 0) {
      throw new IllegalArgumentException("no " + name + ": " + line);
    }
    return value;
  }
}

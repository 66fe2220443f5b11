package org.biscotti.kernel.trace;

import java.util.ArrayList;
import java.util.List;

/**
 * How a call's arguments and result are decoded.
 *
 * @param words one for each argument
 * @param result what stands behind the equals sign
 */
record Signature(List<Word> words, Result result) {
  private static final int ARGUMENTS_MAX = 6;

  /** For a call of which nothing is known: six numbers. */
  static final Signature UNKNOWN = parse("hex hex hex hex hex hex");

  /** Prints a result. */
  @FunctionalInterface
  interface Result {
    void print(TracedCall call, CallText out);
  }

  /**
   * Makes a signature of the words of a row of the table.
   *
   * @throws IllegalArgumentException if there is a word that {@link ArgumentDecoder} does not know
   */
  static Signature parse(String description) {
    List<Word> words = new ArrayList<>();
    Result result = Results.DECIMAL;
    for (String word : description.split(" ", -1)) {
      if (word.startsWith("=")) {
        result = Results.parse(word);
      } else if (!word.isEmpty()) {
        words.add(Words.parse(word));
      }
    }
    if (words.size() > ARGUMENTS_MAX) {
      throw new IllegalArgumentException("more than six arguments: " + description);
    }
    return new Signature(List.copyOf(words), result);
  }
}
